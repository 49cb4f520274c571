package interop.kafka;

import static interop.Report.step;
import static interop.Report.until;

import interop.Report;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.annotation.Bean;
import org.springframework.kafka.annotation.DltHandler;
import org.springframework.kafka.annotation.KafkaListener;
import org.springframework.kafka.annotation.RetryableTopic;
import org.springframework.kafka.config.ConcurrentKafkaListenerContainerFactory;
import org.springframework.kafka.config.TopicBuilder;
import org.springframework.kafka.core.KafkaAdmin;
import org.springframework.kafka.core.KafkaTemplate;
import org.springframework.kafka.core.ProducerFactory;
import org.springframework.kafka.listener.DeadLetterPublishingRecoverer;
import org.springframework.kafka.listener.DefaultErrorHandler;
import org.springframework.kafka.requestreply.ReplyingKafkaTemplate;
import org.springframework.kafka.support.KafkaHeaders;
import org.springframework.messaging.handler.annotation.SendTo;
import org.springframework.retry.annotation.Backoff;
import org.springframework.util.backoff.FixedBackOff;

/** Spring for Apache Kafka without transactions: SpringKafkaClient HOST:PORT PREFIX */
@SpringBootApplication
public class SpringKafkaClient {
  private final List<ConsumerRecord<String, String>> seen = new CopyOnWriteArrayList<>();
  private final List<ConsumerRecord<String, String>> dead = new CopyOnWriteArrayList<>();
  private final List<String> retried = new CopyOnWriteArrayList<>();
  private final List<Integer> batches = new CopyOnWriteArrayList<>();

  @Value("${prefix}")
  private String prefix;

  @Autowired private KafkaTemplate<String, String> template;

  @Autowired private ProducerFactory<String, String> factory;

  @Autowired private ConcurrentKafkaListenerContainerFactory<String, String> containers;

  public static void main(String[] arguments) throws Exception {
    String[] settings = {
      "--prefix=" + arguments[1],
      "--spring.kafka.bootstrap-servers=" + arguments[0],
      "--spring.kafka.consumer.auto-offset-reset=earliest",
    };
    String[] all =
        Stream.of(Report.springArguments("none:0"), settings)
            .flatMap(Stream::of)
            .toArray(String[]::new);
    try (var context = new SpringApplication(SpringKafkaClient.class).run(all)) {
      context.getBean(SpringKafkaClient.class).run();
    }
    System.exit(0);
  }

  @Bean
  static KafkaAdmin.NewTopics topics(@Value("${prefix}") String prefix) {
    return new KafkaAdmin.NewTopics(
        TopicBuilder.name(prefix + "-work").partitions(3).build(),
        TopicBuilder.name(prefix + "-work-dlt").partitions(3).build(),
        TopicBuilder.name(prefix + "-batch").partitions(1).build(),
        TopicBuilder.name(prefix + "-shout").partitions(1).build(),
        TopicBuilder.name(prefix + "-answers").partitions(1).build());
  }

  /** Two more tries, then the topic of dead letters. */
  @Bean
  static DefaultErrorHandler errorHandler(KafkaTemplate<String, String> template) {
    return new DefaultErrorHandler(
        new DeadLetterPublishingRecoverer(template), new FixedBackOff(50, 2));
  }

  @KafkaListener(topics = "${prefix}-work", groupId = "${prefix}-work", concurrency = "3")
  void onWork(ConsumerRecord<String, String> record) {
    seen.add(record);
    if (record.value().equals("bad")) throw new IllegalArgumentException("on purpose");
  }

  @KafkaListener(topics = "${prefix}-work-dlt", groupId = "${prefix}-dead")
  void onDead(ConsumerRecord<String, String> record) {
    dead.add(record);
  }

  @RetryableTopic(attempts = "3", backoff = @Backoff(delay = 200), kafkaTemplate = "kafkaTemplate")
  @KafkaListener(topics = "${prefix}-again", groupId = "${prefix}-again")
  void onAgain(ConsumerRecord<String, String> record) {
    retried.add(record.topic().substring(prefix.length() + 1));
    throw new IllegalArgumentException("on purpose");
  }

  @DltHandler
  void onEnd(ConsumerRecord<String, String> record) {
    retried.add("end " + record.topic().substring(prefix.length() + 1));
  }

  @KafkaListener(topics = "${prefix}-batch", groupId = "${prefix}-batch", batch = "true")
  void onBatch(List<String> values) {
    batches.add(values.size());
  }

  @KafkaListener(topics = "${prefix}-shout", groupId = "${prefix}-shout")
  @SendTo
  String onShout(String value) {
    return value.toUpperCase(java.util.Locale.ROOT);
  }

  /** Asks, and waits for the answer in a topic of its own. */
  private String ask(String question) throws Exception {
    var answers = containers.createContainer(prefix + "-answers");
    answers.getContainerProperties().setGroupId(prefix + "-answers");
    var asking = new ReplyingKafkaTemplate<>(factory, answers);
    asking.start();
    try {
      asking.waitForAssignment(Duration.ofSeconds(10));
      var answer = asking.sendAndReceive(new ProducerRecord<>(prefix + "-shout", question));
      return answer.get(20, TimeUnit.SECONDS).value();
    } finally {
      asking.stop();
    }
  }

  private void run() throws Exception {
    step(
        "listener",
        () -> {
          for (int n = 0; n < 30; n += 1)
            template.send(prefix + "-work", "key " + n, "good " + n).get(10, TimeUnit.SECONDS);
          until("all records", () -> seen.size() >= 30);
          long partitions = seen.stream().map(ConsumerRecord::partition).distinct().count();
          return Map.of("records", seen.size(), "partitions", partitions);
        });
    step(
        "retry, then dead letter",
        () -> {
          template.send(prefix + "-work", 1, "key", "bad").get(10, TimeUnit.SECONDS);
          until("the dead letter", () -> !dead.isEmpty());
          var letter = dead.get(0);
          return Map.of(
              "tries", seen.stream().filter(record -> record.value().equals("bad")).count(),
              "partition", letter.partition(),
              "topic", text(letter, KafkaHeaders.DLT_ORIGINAL_TOPIC).equals(prefix + "-work"),
              "cause", text(letter, KafkaHeaders.DLT_EXCEPTION_CAUSE_FQCN));
        });
    step(
        "retry topics",
        () -> {
          template.send(prefix + "-again", "once").get(10, TimeUnit.SECONDS);
          until("the end", () -> retried.stream().anyMatch(topic -> topic.startsWith("end")));
          return Map.of("topics", retried);
        });
    step(
        "batch",
        () -> {
          IntStream.range(0, 50).forEach(n -> template.send(prefix + "-batch", "value " + n));
          template.flush();
          until("all records", () -> batches.stream().mapToInt(Integer::intValue).sum() >= 50);
          return Map.of("records", batches.stream().mapToInt(Integer::intValue).sum());
        });
    step("request", () -> Map.of("answer", ask("hi")));
  }

  private static String text(ConsumerRecord<?, ?> record, String header) {
    return new String(record.headers().lastHeader(header).value(), StandardCharsets.UTF_8);
  }
}
