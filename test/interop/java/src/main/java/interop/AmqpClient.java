package interop;

import static interop.Report.result;
import static interop.Report.step;
import static interop.Report.until;
import static java.nio.charset.StandardCharsets.UTF_8;

import com.rabbitmq.client.AMQP.BasicProperties;
import com.rabbitmq.client.AlreadyClosedException;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import com.rabbitmq.client.GetResponse;
import com.rabbitmq.client.MessageProperties;
import com.rabbitmq.client.Return;
import com.rabbitmq.client.ShutdownSignalException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;

/** RabbitMQ's Java client: AmqpClient HOST:PORT PREFIX. */
public final class AmqpClient {
    private final Connection connection;
    private final Channel channel;
    private final String prefix;
    private final String main;

    private AmqpClient(Connection connection, String prefix) throws IOException {
        this.connection = connection;
        this.prefix = prefix;
        main = prefix + "-main";
        channel = connection.createChannel();
        channel.confirmSelect();
    }

    public static void main(String[] args) throws Exception {
        ConnectionFactory factory = new ConnectionFactory();
        factory.setUri("amqp://guest:guest@" + args[0]);
        try (Connection connection = factory.newConnection()) {
            new AmqpClient(connection, args[1]).run();
        }
    }

    private void run() throws Exception {
        step("declare", this::declare);
        step("publish confirmed", this::publishConfirmed);
        step("consume and ack", this::consumeAndAck);
        step("nack and requeue", this::nackAndRequeue);
        step("reject", this::reject);
        step("headers", this::headers);
        step("properties", this::properties);
        step("mandatory return", this::mandatoryReturn);
        step("large body", this::largeBody);
        step("topic exchange", this::topicExchange);
        step("prefetch", this::prefetch);
        step("missing queue", this::missingQueue);
        step("delete queue", this::deleteQueue);
    }

    private Map<String, Object> declare() throws Exception {
        var found = channel.queueDeclare(main, true, false, false, null);
        return result("messages", found.getMessageCount(), "consumers", found.getConsumerCount());
    }

    private void publish(BasicProperties properties, byte[] body) throws Exception {
        channel.basicPublish("", main, true, properties, body);
        channel.waitForConfirmsOrDie(20_000);
    }

    private void publish(String body) throws Exception {
        publish(MessageProperties.PERSISTENT_BASIC, body.getBytes(UTF_8));
    }

    private Map<String, Object> publishConfirmed() throws Exception {
        for (int n = 0; n < 100; n += 1)
            channel.basicPublish("", main, MessageProperties.PERSISTENT_BASIC, ("m" + n).getBytes(UTF_8));
        channel.waitForConfirmsOrDie(20_000);
        return result("confirmed", 100, "messages", channel.messageCount(main));
    }

    private Map<String, Object> consumeAndAck() throws Exception {
        List<String> bodies = Collections.synchronizedList(new ArrayList<>());
        String tag = channel.basicConsume(main, false, (consumer, delivery) -> {
            bodies.add(new String(delivery.getBody(), UTF_8));
            channel.basicAck(delivery.getEnvelope().getDeliveryTag(), false);
        }, consumer -> {});
        until("100 messages", () -> bodies.size() == 100);
        channel.basicCancel(tag);
        boolean inOrder = true;
        for (int n = 0; n < 100; n += 1) inOrder &= bodies.get(n).equals("m" + n);
        return result("received", bodies.size(), "inOrder", inOrder, "left", channel.messageCount(main));
    }

    private Map<String, Object> nackAndRequeue() throws Exception {
        publish("again");
        GetResponse first = channel.basicGet(main, false);
        channel.basicNack(first.getEnvelope().getDeliveryTag(), false, true);
        GetResponse again = channel.basicGet(main, true);
        return result("first", first.getEnvelope().isRedeliver(), "again", again.getEnvelope().isRedeliver());
    }

    private Map<String, Object> reject() throws Exception {
        publish("unwanted");
        channel.basicReject(channel.basicGet(main, false).getEnvelope().getDeliveryTag(), false);
        return result("left", channel.messageCount(main));
    }

    private Map<String, Object> headers() throws Exception {
        Map<String, Object> sent = result("text", "ä", "long", 5_000_000_000L, "flag", true,
                "list", List.of(1, "b"), "table", Map.of("inner", "x"));
        publish(new BasicProperties.Builder().headers(sent).build(), new byte[0]);
        Map<String, Object> found = channel.basicGet(main, true).getProps().getHeaders();
        return plain(found);
    }

    /** Long strings of a table arrive as a type of the client's own. */
    private static Map<String, Object> plain(Map<String, Object> table) {
        Map<String, Object> plain = new TreeMap<>();
        table.forEach((name, value) -> plain.put(name, plainValue(value)));
        return plain;
    }

    @SuppressWarnings("unchecked")
    private static Object plainValue(Object value) {
        if (value instanceof Map) return plain((Map<String, Object>) value);
        if (value instanceof List<?> list) return list.stream().map(AmqpClient::plainValue).toList();
        return value instanceof Number || value instanceof Boolean ? value : String.valueOf(value);
    }

    private Map<String, Object> properties() throws Exception {
        publish(new BasicProperties.Builder().contentType("text/plain").correlationId("c-1")
                .messageId("m-1").priority(3).build(), new byte[0]);
        BasicProperties found = channel.basicGet(main, true).getProps();
        return result("contentType", found.getContentType(), "correlationId", found.getCorrelationId(),
                "messageId", found.getMessageId(), "priority", found.getPriority());
    }

    private Map<String, Object> mandatoryReturn() throws Exception {
        List<Return> returned = Collections.synchronizedList(new ArrayList<>());
        channel.addReturnListener(returned::add);
        channel.basicPublish("", prefix + "-nowhere", true, null, new byte[0]);
        channel.waitForConfirmsOrDie(20_000);
        until("the return", () -> !returned.isEmpty());
        return result("code", returned.get(0).getReplyCode(), "text", returned.get(0).getReplyText());
    }

    private Map<String, Object> largeBody() throws Exception {
        byte[] body = new byte[4_194_304];
        new Random(1).nextBytes(body);
        publish(null, body);
        byte[] found = channel.basicGet(main, true).getBody();
        return result("bytes", found.length, "same", Arrays.equals(found, body));
    }

    private Map<String, Object> topicExchange() throws Exception {
        String exchange = prefix + "-events";
        channel.exchangeDeclare(exchange, "topic", true);
        channel.queueBind(main, exchange, "order.*");
        for (String key : List.of("order.created", "user.created", "order.paid"))
            channel.basicPublish(exchange, key, null, new byte[0]);
        channel.waitForConfirmsOrDie(20_000);
        List<String> received = new ArrayList<>();
        for (GetResponse got; (got = channel.basicGet(main, true)) != null; )
            received.add(got.getEnvelope().getRoutingKey());
        channel.exchangeDelete(exchange);
        return result("received", received);
    }

    private Map<String, Object> prefetch() throws Exception {
        for (int n = 0; n < 5; n += 1) publish("p" + n);
        AtomicInteger unacked = new AtomicInteger();
        try (Channel limited = connection.createChannel()) {
            limited.basicQos(3);
            limited.basicConsume(main, false, (tag, delivery) -> unacked.incrementAndGet(), tag -> {});
            until("two are left", () -> unacked.get() == 3 && left() == 2);
        }
        int seen = unacked.get();
        channel.queuePurge(main);
        return result("unacked", seen);
    }

    private long left() {
        try {
            return channel.messageCount(main);
        } catch (IOException error) {
            throw new IllegalStateException(error);
        }
    }

    private Map<String, Object> missingQueue() throws Exception {
        Channel other = connection.createChannel();
        try {
            other.queueDeclarePassive(prefix + "-nowhere");
        } catch (IOException | AlreadyClosedException error) {
            var signal = (ShutdownSignalException) error.getCause();
            var close = (com.rabbitmq.client.AMQP.Channel.Close) signal.getReason();
            return result("code", close.getReplyCode());
        }
        throw new IllegalStateException("no error");
    }

    private Map<String, Object> deleteQueue() throws Exception {
        publish("1");
        publish("2");
        return result("messages", channel.queueDelete(main).getMessageCount());
    }
}
