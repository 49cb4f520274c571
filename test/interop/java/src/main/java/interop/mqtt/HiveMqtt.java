package interop.mqtt;

import com.hivemq.client.mqtt.MqttClient;
import com.hivemq.client.mqtt.datatypes.MqttQos;
import com.hivemq.client.mqtt.exceptions.ConnectionClosedException;
import com.hivemq.client.mqtt.mqtt5.Mqtt5AsyncClient;
import com.hivemq.client.mqtt.mqtt5.datatypes.Mqtt5UserProperties;
import com.hivemq.client.mqtt.mqtt5.datatypes.Mqtt5UserPropertiesBuilder;
import com.hivemq.client.mqtt.mqtt5.exceptions.Mqtt5ConnAckException;
import com.hivemq.client.mqtt.mqtt5.message.connect.Mqtt5Connect;
import com.hivemq.client.mqtt.mqtt5.message.connect.Mqtt5ConnectBuilder;
import com.hivemq.client.mqtt.mqtt5.message.connect.connack.Mqtt5ConnAck;
import com.hivemq.client.mqtt.mqtt5.message.disconnect.Mqtt5DisconnectReasonCode;
import com.hivemq.client.mqtt.mqtt5.message.publish.Mqtt5PayloadFormatIndicator;
import com.hivemq.client.mqtt.mqtt5.message.publish.Mqtt5Publish;
import com.hivemq.client.mqtt.mqtt5.message.publish.Mqtt5PublishBuilder;
import com.hivemq.client.mqtt.mqtt5.message.publish.Mqtt5PublishResult;
import com.hivemq.client.mqtt.mqtt5.message.subscribe.Mqtt5RetainHandling;
import com.hivemq.client.mqtt.mqtt5.message.subscribe.Mqtt5Subscribe;
import com.hivemq.client.mqtt.mqtt5.message.subscribe.Mqtt5Subscription;
import com.hivemq.client.mqtt.MqttGlobalPublishFilter;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;

/** HiveMQ's client with MQTT 5: HiveMqtt HOST:PORT PREFIX. */
public final class HiveMqtt implements Peer {
    private final List<Message> received = new CopyOnWriteArrayList<>();
    private final Mqtt5AsyncClient client;
    private Mqtt5ConnAck connack;

    private HiveMqtt(Mqtt5AsyncClient client) {
        this.client = client;
    }

    public static void main(String[] args) throws Exception {
        Steps steps = new Steps(options -> connect(args[0].split(":"), options), args[1]);
        steps.run();
        new StepsOfVersion5(steps).run();
        System.exit(0);
    }

    private static Peer connect(String[] address, Options options) throws Exception {
        Mqtt5AsyncClient client =
                MqttClient.builder()
                        .useMqttVersion5()
                        .identifier(options.clientId())
                        .serverHost(address[0])
                        .serverPort(Integer.parseInt(address[1]))
                        .buildAsync();
        HiveMqtt peer = new HiveMqtt(client);
        client.publishes(MqttGlobalPublishFilter.ALL, peer::take);
        try {
            peer.connack = finish(client.connect(connectOf(options)));
            return peer;
        } catch (Mqtt5ConnAckException error) {
            throw new Refused(error.getMqttMessage().getReasonCode().getCode());
        }
    }

    private static Mqtt5Connect connectOf(Options options) {
        Mqtt5ConnectBuilder wanted =
                Mqtt5Connect.builder()
                        .cleanStart(!options.lasting())
                        .sessionExpiryInterval(options.expiry())
                        .simpleAuth()
                        .username("guest")
                        .password((options.wrongPassword() ? "wrong" : "guest").getBytes())
                        .applySimpleAuth();
        if (options.will() != null)
            wanted.willPublish()
                    .topic(options.will().topic())
                    .qos(MqttQos.AT_LEAST_ONCE)
                    .payload(options.will().payload().getBytes())
                    .applyWillPublish();
        return wanted.build();
    }

    /** What a call came to. */
    private static <T> T finish(CompletableFuture<T> future) throws Exception {
        try {
            return future.get(20, TimeUnit.SECONDS);
        } catch (ExecutionException error) {
            throw error.getCause() instanceof Exception cause ? cause : error;
        }
    }

    private void take(Mqtt5Publish publish) {
        List<List<String>> user = new ArrayList<>();
        publish.getUserProperties()
                .asList()
                .forEach(each -> user.add(List.of(each.getName().toString(), each.getValue().toString())));
        Properties properties =
                new Properties(
                        publish.getContentType().map(Object::toString).orElse(null),
                        publish.getResponseTopic().map(Object::toString).orElse(null),
                        publish.getCorrelationData().map(HiveMqtt::bytes).orElse(null),
                        user,
                        publish.getPayloadFormatIndicator().map(Mqtt5PayloadFormatIndicator::getCode).orElse(0),
                        publish.getMessageExpiryInterval().orElse(0),
                        List.of(),
                        0);
        received.add(
                new Message(
                        publish.getTopic().toString(),
                        publish.getPayloadAsBytes(),
                        publish.getQos().getCode(),
                        publish.isRetain(),
                        properties));
    }

    private static byte[] bytes(ByteBuffer buffer) {
        byte[] bytes = new byte[buffer.remaining()];
        buffer.get(bytes);
        return bytes;
    }

    @Override
    public boolean sessionPresent() {
        return connack.isSessionPresent();
    }

    @Override
    public String assignedId() {
        return connack.getAssignedClientIdentifier().map(Object::toString).orElse("");
    }

    @Override
    public int subscribe(String filter, int qos, SubscribeOptions options) throws Exception {
        Mqtt5Subscription wanted =
                Mqtt5Subscription.builder()
                        .topicFilter(filter)
                        .qos(MqttQos.fromCode(qos))
                        .noLocal(options.noLocal())
                        .retainAsPublished(options.retainAsPublished())
                        .retainHandling(Mqtt5RetainHandling.fromCode(options.retainHandling()))
                        .build();
        return finish(client.subscribe(Mqtt5Subscribe.builder().addSubscription(wanted).build()))
                .getReasonCodes()
                .get(0)
                .getCode();
    }

    @Override
    public void unsubscribe(String filter) throws Exception {
        finish(client.unsubscribeWith().topicFilter(filter).send());
    }

    @Override
    public int publish(Message message) throws Exception {
        Mqtt5PublishBuilder.Complete wanted =
                Mqtt5Publish.builder()
                        .topic(message.topic())
                        .payload(message.payload())
                        .qos(MqttQos.fromCode(message.qos()))
                        .retain(message.retain());
        if (message.properties() != null) wanted = with(message.properties(), wanted);
        Mqtt5PublishResult found = finish(client.publish(wanted.build()));
        if (found.getError().orElse(null) instanceof Exception error) throw error;
        return found instanceof Mqtt5PublishResult.Mqtt5Qos1Result acked
                ? acked.getPubAck().getReasonCode().getCode()
                : 0;
    }

    private static Mqtt5PublishBuilder.Complete with(Properties wanted, Mqtt5PublishBuilder.Complete builder) {
        Mqtt5UserPropertiesBuilder user = Mqtt5UserProperties.builder();
        for (List<String> pair : wanted.user()) user.add(pair.get(0), pair.get(1));
        return builder.contentType(wanted.contentType())
                .responseTopic(wanted.responseTopic())
                .correlationData(wanted.correlation())
                .payloadFormatIndicator(Mqtt5PayloadFormatIndicator.fromCode(wanted.format()))
                .messageExpiryInterval(wanted.expiry())
                .userProperties(user.build());
    }

    @Override
    public List<Message> received() {
        return List.copyOf(received);
    }

    @Override
    public boolean isClosed() {
        return !client.getState().isConnected();
    }

    @Override
    public void end(int code) throws Exception {
        try {
            finish(client.disconnectWith().reasonCode(Mqtt5DisconnectReasonCode.fromCode(code)).send());
        } catch (ConnectionClosedException error) {
            // It was gone already.
        }
    }

    @Override
    public void cut() {
        throw new UnsupportedOperationException("its socket is its own");
    }
}
