package interop.transactions;

import static interop.Report.step;
import static interop.Report.until;

import interop.Report;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.annotation.Bean;
import org.springframework.kafka.annotation.KafkaListener;
import org.springframework.kafka.config.TopicBuilder;
import org.springframework.kafka.core.KafkaAdmin;
import org.springframework.kafka.core.KafkaTemplate;
import org.springframework.kafka.listener.DefaultAfterRollbackProcessor;
import org.springframework.kafka.listener.DeadLetterPublishingRecoverer;
import org.springframework.stereotype.Service;
import org.springframework.transaction.annotation.Transactional;
import org.springframework.util.backoff.FixedBackOff;

/** Spring for Apache Kafka with transactions: SpringTransactionsClient HOST:PORT PREFIX */
@SpringBootApplication
public class SpringTransactionsClient {
  private final List<String> committed = new CopyOnWriteArrayList<>();
  private final List<String> dead = new CopyOnWriteArrayList<>();
  private final AtomicInteger tries = new AtomicInteger();

  @Value("${prefix}")
  private String prefix;

  private final KafkaTemplate<String, String> template;

  SpringTransactionsClient(KafkaTemplate<String, String> template) {
    this.template = template;
  }

  public static void main(String[] arguments) throws Exception {
    String[] settings = {
      "--prefix=" + arguments[1],
      "--spring.kafka.bootstrap-servers=" + arguments[0],
      "--spring.kafka.consumer.auto-offset-reset=earliest",
      "--spring.kafka.consumer.isolation-level=read-committed",
      "--spring.kafka.producer.transaction-id-prefix=" + arguments[1] + "-tx-",
    };
    String[] all =
        Stream.of(Report.springArguments("none:0"), settings)
            .flatMap(Stream::of)
            .toArray(String[]::new);
    try (var context = new SpringApplication(SpringTransactionsClient.class).run(all)) {
      context.getBean(SpringTransactionsClient.class).run(context.getBean(Orders.class));
    }
    System.exit(0);
  }

  @Bean
  KafkaAdmin.NewTopics topics() {
    return new KafkaAdmin.NewTopics(
        TopicBuilder.name(prefix + "-orders").partitions(1).build(),
        TopicBuilder.name(prefix + "-in").partitions(1).build(),
        TopicBuilder.name(prefix + "-out").partitions(1).build(),
        TopicBuilder.name(prefix + "-in-dlt").partitions(1).build());
  }

  /** One more try, then the topic of dead letters, in the transaction that has the offset. */
  @Bean
  DefaultAfterRollbackProcessor<Object, Object> rollbacks(KafkaTemplate<String, String> template) {
    return new DefaultAfterRollbackProcessor<>(
        new DeadLetterPublishingRecoverer(template), new FixedBackOff(50, 1), template, true);
  }

  /** A bean of its own, so that its methods are in transactions. */
  @Service
  static class Orders {
    private final KafkaTemplate<String, String> template;

    @Value("${prefix}")
    private String prefix;

    Orders(KafkaTemplate<String, String> template) {
      this.template = template;
    }

    @Transactional("kafkaTransactionManager")
    public void place(String order, boolean fails) {
      template.send(prefix + "-orders", order + " 1");
      template.send(prefix + "-orders", order + " 2");
      if (fails) throw new IllegalStateException("on purpose");
    }
  }

  @KafkaListener(topics = {"${prefix}-orders", "${prefix}-out"}, groupId = "${prefix}-readers")
  void onCommitted(String value) {
    committed.add(value);
  }

  /** Sends first and fails then: what it sent is to be gone with the transaction. */
  @KafkaListener(topics = "${prefix}-in", groupId = "${prefix}-in")
  void onIn(ConsumerRecord<String, String> record) {
    template.send(prefix + "-out", "of " + record.value());
    boolean isFirst = record.value().equals("again") && tries.getAndIncrement() == 0;
    if (isFirst || record.value().equals("bad")) throw new IllegalStateException("on purpose");
  }

  @KafkaListener(topics = "${prefix}-in-dlt", groupId = "${prefix}-dead")
  void onDead(String value) {
    dead.add(value);
  }

  private void run(Orders orders) throws Exception {
    step(
        "commit and roll back",
        () -> {
          orders.place("a", false);
          try {
            orders.place("b", true);
          } catch (IllegalStateException error) {
            // It was on purpose.
          }
          orders.place("c", false);
          until("the last order", () -> committed.contains("c 2"));
          return Map.of("seen", List.copyOf(committed));
        });
    step(
        "consume, transform, produce",
        () -> {
          committed.clear();
          template.executeInTransaction(
              operations -> {
                List.of("first", "again", "last")
                    .forEach(value -> operations.send(prefix + "-in", value));
                return null;
              });
          until("the last one", () -> committed.contains("of last"));
          return Map.of("seen", new ArrayList<>(committed), "tries", tries.get());
        });
    step(
        "retry, then dead letter",
        () -> {
          committed.clear();
          template.executeInTransaction(operations -> operations.send(prefix + "-in", "bad"));
          template.executeInTransaction(operations -> operations.send(prefix + "-in", "after"));
          until("the one after it", () -> committed.contains("of after"));
          until("the dead letter", () -> !dead.isEmpty());
          return Map.of("seen", new ArrayList<>(committed), "dead", dead);
        });
  }
}
