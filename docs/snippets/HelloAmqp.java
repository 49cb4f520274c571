// com.rabbitmq:amqp-client
import com.rabbitmq.client.*;

class HelloAmqp {
  public static void main(String[] args) throws Exception {
    var factory = new ConnectionFactory();
    factory.setUri("amqp://guest:guest@localhost:5672");
    try (var connection = factory.newConnection(); var channel = connection.createChannel()) {
      channel.queueDeclare("hello", true, false, false, null);
      channel.confirmSelect();
      var stored = MessageProperties.PERSISTENT_TEXT_PLAIN;
      channel.basicPublish("", "hello", stored, "Hello, Pabal".getBytes());
      channel.waitForConfirmsOrDie();
      System.out.println(new String(channel.basicGet("hello", true).getBody()));
    }
  }
}
