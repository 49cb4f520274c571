package interop.stream;

import static interop.Report.step;
import static interop.Report.until;

import interop.Report;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.springframework.amqp.core.Message;
import org.springframework.amqp.rabbit.core.RabbitTemplate;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.cloud.stream.function.StreamBridge;
import org.springframework.context.annotation.Bean;

/** Spring Cloud Stream against an AMQP broker: StreamClient HOST:PORT PREFIX */
@SpringBootApplication
public class StreamClient {
  private static final List<String> seen = new CopyOnWriteArrayList<>();
  private static String prefix;

  public static void main(String[] arguments) throws Exception {
    prefix = arguments[1];
    String[] settings = {
      "--spring.cloud.function.definition=work",
      "--spring.cloud.stream.output-bindings=parts",
      "--spring.cloud.stream.bindings.work-in-0.destination=" + prefix + "-work",
      "--spring.cloud.stream.bindings.work-in-0.group=group",
      "--spring.cloud.stream.bindings.work-in-0.consumer.max-attempts=2",
      "--spring.cloud.stream.bindings.work-in-0.consumer.back-off-initial-interval=100",
      "--spring.cloud.stream.rabbit.bindings.work-in-0.consumer.auto-bind-dlq=true",
      "--spring.cloud.stream.rabbit.bindings.work-in-0.consumer.republish-to-dlq=false",
      "--spring.cloud.stream.bindings.parts-out-0.destination=" + prefix + "-parts",
      "--spring.cloud.stream.bindings.parts-out-0.producer.partition-key-expression=payload",
      "--spring.cloud.stream.bindings.parts-out-0.producer.partition-count=2",
      "--spring.cloud.stream.bindings.parts-out-0.producer.required-groups=group",
    };
    String[] all =
        Stream.of(Report.springArguments(arguments[0]), settings)
            .flatMap(Stream::of)
            .toArray(String[]::new);
    try (var context = SpringApplication.run(StreamClient.class, all)) {
      run(context.getBean(StreamBridge.class), context.getBean(RabbitTemplate.class));
    }
    System.exit(0);
  }

  @Bean
  Consumer<String> work() {
    return body -> {
      seen.add(body);
      if (body.equals("bad")) throw new IllegalArgumentException("on purpose");
    };
  }

  private static void run(StreamBridge bridge, RabbitTemplate template) throws Exception {
    template.setReceiveTimeout(10_000);
    step(
        "consume",
        () -> {
          bridge.send(prefix + "-work", "good");
          until("the message", () -> seen.contains("good"));
          return Map.of("seen", List.copyOf(seen));
        });
    step(
        "retry, then dead letter",
        () -> {
          bridge.send(prefix + "-work", "bad");
          Message dead = template.receive(prefix + "-work.group.dlq");
          var death = dead.getMessageProperties().getXDeathHeader().get(0);
          return Map.of(
              "tries", seen.stream().filter("bad"::equals).count(),
              "reason", death.get("reason"),
              "body", new String(dead.getBody()));
        });
    step(
        "partitions",
        () -> {
          for (String part : List.of("a", "b")) bridge.send("parts-out-0", part);
          // The hash of a one-letter string is its letter's number: "b" is even.
          Message odd = template.receive(prefix + "-parts.group-1");
          Message even = template.receive(prefix + "-parts.group-0");
          return Map.of("0", new String(even.getBody()), "1", new String(odd.getBody()));
        });
  }
}
