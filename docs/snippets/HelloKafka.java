// org.apache.kafka:kafka-clients
import java.time.Duration;
import java.util.*;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.serialization.*;

class HelloKafka {
  public static void main(String[] args) {
    var settings = new HashMap<String, Object>(Map.of("bootstrap.servers", "localhost:9092"));
    try (var to = new KafkaProducer<>(settings, new StringSerializer(), new StringSerializer())) {
      to.send(new ProducerRecord<>("greetings", "Hello, Pabal"));
    }
    settings.putAll(Map.of("group.id", "greeters-java", "auto.offset.reset", "earliest"));
    var text = new StringDeserializer();
    try (var from = new KafkaConsumer<>(settings, text, text)) {
      from.subscribe(List.of("greetings"));
      while (true) {
        from.poll(Duration.ofSeconds(1)).forEach(each -> System.out.println(each.value()));
      }
    }
  }
}
