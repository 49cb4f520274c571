package interop.boot;

import static interop.Report.step;
import static interop.Report.until;

import interop.Report;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.springframework.amqp.core.AmqpAdmin;
import org.springframework.amqp.core.Message;
import org.springframework.amqp.core.Queue;
import org.springframework.amqp.core.QueueBuilder;
import org.springframework.amqp.rabbit.annotation.RabbitListener;
import org.springframework.amqp.rabbit.connection.CorrelationData;
import org.springframework.amqp.rabbit.core.RabbitTemplate;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.annotation.Bean;

/** Spring Boot against an AMQP broker: BootClient HOST:PORT PREFIX */
@SpringBootApplication
public class BootClient {
  private static final int RETRY_AFTER_MS = 700;

  private final List<String> seen = new CopyOnWriteArrayList<>();
  private final List<Message> dead = new CopyOnWriteArrayList<>();

  @Value("${prefix}")
  private String prefix;

  public static void main(String[] arguments) throws Exception {
    String[] settings = {
      "--prefix=" + arguments[1],
      "--spring.rabbitmq.publisher-confirm-type=correlated",
      "--spring.rabbitmq.publisher-returns=true",
      "--spring.rabbitmq.template.mandatory=true",
      "--spring.rabbitmq.listener.simple.retry.enabled=true",
      "--spring.rabbitmq.listener.simple.retry.max-attempts=2",
      "--spring.rabbitmq.listener.simple.retry.initial-interval=100ms",
    };
    String[] all =
        Stream.of(Report.springArguments(arguments[0]), settings)
            .flatMap(Stream::of)
            .toArray(String[]::new);
    var application = new SpringApplication(BootClient.class);
    try (var context = application.run(all)) {
      var client = context.getBean(BootClient.class);
      client.run(context.getBean(RabbitTemplate.class), context.getBean(AmqpAdmin.class));
    }
    System.exit(0);
  }

  @Bean
  Queue work() {
    return QueueBuilder.durable(prefix + "-work")
        .quorum()
        .deadLetterExchange("")
        .deadLetterRoutingKey(prefix + "-dead")
        .build();
  }

  @Bean
  Queue deadLetters() {
    return QueueBuilder.durable(prefix + "-dead").build();
  }

  @Bean
  Queue retryLater() {
    return QueueBuilder.durable(prefix + "-wait")
        .ttl(RETRY_AFTER_MS)
        .deadLetterExchange("")
        .deadLetterRoutingKey(prefix + "-late")
        .build();
  }

  @Bean
  Queue late() {
    return QueueBuilder.durable(prefix + "-late").build();
  }

  @Bean
  Queue shout() {
    return new Queue(prefix + "-shout");
  }

  @RabbitListener(queues = "${prefix}-work")
  void onWork(String body) {
    seen.add(body);
    if (body.equals("bad")) throw new IllegalArgumentException("on purpose");
  }

  @RabbitListener(queues = "${prefix}-dead")
  void onDead(Message message) {
    dead.add(message);
  }

  @RabbitListener(queues = "${prefix}-late")
  void onLate(String body) {
    seen.add("late " + body);
  }

  @RabbitListener(queues = "${prefix}-shout")
  String onShout(String body) {
    return body.toUpperCase(java.util.Locale.ROOT);
  }

  private void run(RabbitTemplate template, AmqpAdmin admin) throws Exception {
    step(
        "confirm",
        () -> {
          var correlation = new CorrelationData("1");
          template.convertAndSend("", prefix + "-work", "good", correlation);
          boolean acked = correlation.getFuture().get(10, TimeUnit.SECONDS).isAck();
          until("the message", () -> seen.contains("good"));
          return Map.of("acked", acked);
        });
    step(
        "return",
        () -> {
          var correlation = new CorrelationData("2");
          template.convertAndSend("", prefix + "-nowhere", "lost", correlation);
          boolean acked = correlation.getFuture().get(10, TimeUnit.SECONDS).isAck();
          return Map.of("acked", acked, "code", correlation.getReturned().getReplyCode());
        });
    step(
        "retry, then dead letter",
        () -> {
          template.convertAndSend("", prefix + "-work", "bad");
          until("the dead letter", () -> !dead.isEmpty());
          var death = dead.get(0).getMessageProperties().getXDeathHeader().get(0);
          return Map.of(
              "tries", seen.stream().filter("bad"::equals).count(),
              "reason", death.get("reason"),
              "queue", death.get("queue").equals(prefix + "-work"));
        });
    step(
        "delay",
        () -> {
          long begin = System.nanoTime();
          template.convertAndSend("", prefix + "-wait", "order");
          until("the delayed message", () -> seen.contains("late order"));
          return Map.of("early", System.nanoTime() - begin < RETRY_AFTER_MS * 1_000_000L);
        });
    step(
        "request",
        () -> Map.of("answer", template.convertSendAndReceive("", prefix + "-shout", "hi")));
    step(
        "queue information",
        () -> {
          var found = admin.getQueueInfo(prefix + "-dead");
          return Map.of("messages", found.getMessageCount(), "consumers", found.getConsumerCount());
        });
  }
}
