package interop.mqtt;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.logging.LogManager;
import org.eclipse.paho.mqttv5.client.IMqttToken;
import org.eclipse.paho.mqttv5.client.MqttAsyncClient;
import org.eclipse.paho.mqttv5.client.MqttCallback;
import org.eclipse.paho.mqttv5.client.MqttConnectionOptions;
import org.eclipse.paho.mqttv5.client.MqttDisconnectResponse;
import org.eclipse.paho.mqttv5.client.persist.MemoryPersistence;
import org.eclipse.paho.mqttv5.common.MqttException;
import org.eclipse.paho.mqttv5.common.MqttMessage;
import org.eclipse.paho.mqttv5.common.MqttSubscription;
import org.eclipse.paho.mqttv5.common.packet.MqttProperties;
import org.eclipse.paho.mqttv5.common.packet.UserProperty;

/** Eclipse Paho for MQTT 5: PahoMqtt5 HOST:PORT PREFIX. */
public final class PahoMqtt5 implements Peer, MqttCallback {
    private static final long PATIENCE_MS = 20_000;

    private final List<Message> received = new CopyOnWriteArrayList<>();
    private final PahoMqtt3.KeptSocket sockets = new PahoMqtt3.KeptSocket();
    private final MqttAsyncClient client;
    private boolean isPresent;
    private String assignedId;

    private PahoMqtt5(MqttAsyncClient client) {
        this.client = client;
    }

    public static void main(String[] args) throws Exception {
        LogManager.getLogManager().reset();
        Steps steps = new Steps(options -> connect("tcp://" + args[0], options), args[1]);
        steps.run();
        new StepsOfVersion5(steps).run();
        System.exit(0);
    }

    private static Peer connect(String address, Options options) throws Exception {
        MqttAsyncClient client = new MqttAsyncClient(address, options.clientId(), new MemoryPersistence());
        PahoMqtt5 peer = new PahoMqtt5(client);
        client.setCallback(peer);
        MqttConnectionOptions wanted = new MqttConnectionOptions();
        wanted.setUserName("guest");
        wanted.setPassword((options.wrongPassword() ? "wrong" : "guest").getBytes());
        wanted.setCleanStart(!options.lasting());
        wanted.setSessionExpiryInterval(options.expiry());
        wanted.setAutomaticReconnect(false);
        wanted.setSocketFactory(peer.sockets);
        if (options.will() != null) {
            MqttMessage will = new MqttMessage(options.will().payload().getBytes(), 1, false, null);
            wanted.setWill(options.will().topic(), will);
        }
        try {
            IMqttToken token = client.connect(wanted);
            token.waitForCompletion(PATIENCE_MS);
            peer.isPresent = token.getSessionPresent();
            peer.assignedId = token.getResponseProperties().getAssignedClientIdentifier();
            return peer;
        } catch (MqttException error) {
            if (error.getReasonCode() >= 0x80 && error.getReasonCode() <= 0xff)
                throw new Refused(error.getReasonCode());
            throw error;
        }
    }

    @Override
    public void messageArrived(String topic, MqttMessage message) {
        MqttProperties found = message.getProperties();
        List<List<String>> user =
                found.getUserProperties().stream().map(each -> List.of(each.getKey(), each.getValue())).toList();
        Properties properties =
                new Properties(
                        found.getContentType(),
                        found.getResponseTopic(),
                        found.getCorrelationData(),
                        user,
                        found.getPayloadFormat() ? 1 : 0,
                        found.getMessageExpiryInterval() == null ? 0 : found.getMessageExpiryInterval(),
                        found.getSubscriptionIdentifiers(),
                        0);
        received.add(new Message(topic, message.getPayload(), message.getQos(), message.isRetained(), properties));
    }

    @Override
    public void disconnected(MqttDisconnectResponse response) {}

    @Override
    public void mqttErrorOccurred(MqttException error) {}

    @Override
    public void deliveryComplete(IMqttToken token) {}

    @Override
    public void connectComplete(boolean again, String address) {}

    @Override
    public void authPacketArrived(int code, MqttProperties properties) {}

    @Override
    public boolean sessionPresent() {
        return isPresent;
    }

    @Override
    public String assignedId() {
        return assignedId;
    }

    @Override
    public int subscribe(String filter, int qos, SubscribeOptions options) throws Exception {
        MqttSubscription wanted = new MqttSubscription(filter, qos);
        wanted.setNoLocal(options.noLocal());
        wanted.setRetainAsPublished(options.retainAsPublished());
        wanted.setRetainHandling(options.retainHandling());
        MqttProperties properties = new MqttProperties();
        if (options.id() != 0) properties.setSubscriptionIdentifier(options.id());
        IMqttToken token = client.subscribe(new MqttSubscription[] {wanted}, null, null, properties);
        token.waitForCompletion(PATIENCE_MS);
        return token.getGrantedQos()[0];
    }

    @Override
    public void unsubscribe(String filter) throws Exception {
        client.unsubscribe(filter).waitForCompletion(PATIENCE_MS);
    }

    @Override
    public int publish(Message message) throws Exception {
        MqttProperties properties = new MqttProperties();
        if (message.properties() != null) copy(message.properties(), properties);
        IMqttToken token =
                client.publish(
                        message.topic(),
                        new MqttMessage(message.payload(), message.qos(), message.retain(), properties));
        token.waitForCompletion(PATIENCE_MS);
        int[] codes = token.getReasonCodes();
        return codes == null || codes.length == 0 ? 0 : codes[0];
    }

    private static void copy(Properties from, MqttProperties to) {
        if (from.alias() != 0) to.setTopicAlias(from.alias());
        if (from.contentType() == null) return;
        to.setContentType(from.contentType());
        to.setResponseTopic(from.responseTopic());
        to.setCorrelationData(from.correlation());
        to.setPayloadFormat(from.format() == 1);
        to.setMessageExpiryInterval(from.expiry());
        to.setUserProperties(from.user().stream().map(each -> new UserProperty(each.get(0), each.get(1))).toList());
    }

    @Override
    public List<Message> received() {
        return List.copyOf(received);
    }

    @Override
    public boolean isClosed() {
        return !client.isConnected();
    }

    @Override
    public void end(int code) throws Exception {
        client.disconnect(0, null, null, code, new MqttProperties()).waitForCompletion(PATIENCE_MS);
    }

    @Override
    public void cut() throws Exception {
        sockets.last.close();
    }
}
