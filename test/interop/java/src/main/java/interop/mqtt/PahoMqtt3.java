package interop.mqtt;

import java.net.Socket;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import javax.net.SocketFactory;
import org.eclipse.paho.client.mqttv3.IMqttDeliveryToken;
import org.eclipse.paho.client.mqttv3.IMqttToken;
import org.eclipse.paho.client.mqttv3.MqttAsyncClient;
import org.eclipse.paho.client.mqttv3.MqttCallback;
import org.eclipse.paho.client.mqttv3.MqttConnectOptions;
import org.eclipse.paho.client.mqttv3.MqttException;
import org.eclipse.paho.client.mqttv3.MqttMessage;
import org.eclipse.paho.client.mqttv3.persist.MemoryPersistence;

/** Eclipse Paho for MQTT 3: PahoMqtt3 HOST:PORT PREFIX. */
public final class PahoMqtt3 implements Peer, MqttCallback {
    private static final long PATIENCE_MS = 20_000;

    private final List<Message> received = new CopyOnWriteArrayList<>();
    private final KeptSocket sockets = new KeptSocket();
    private final MqttAsyncClient client;
    private boolean isPresent;

    private PahoMqtt3(MqttAsyncClient client) {
        this.client = client;
    }

    public static void main(String[] args) throws Exception {
        Steps steps = new Steps(options -> connect("tcp://" + args[0], options), args[1]);
        steps.run();
        steps.runVersion31();
        System.exit(0);
    }

    private static Peer connect(String address, Options options) throws Exception {
        MqttAsyncClient client = new MqttAsyncClient(address, options.clientId(), new MemoryPersistence());
        PahoMqtt3 peer = new PahoMqtt3(client);
        client.setCallback(peer);
        MqttConnectOptions wanted = new MqttConnectOptions();
        wanted.setUserName("guest");
        wanted.setPassword((options.wrongPassword() ? "wrong" : "guest").toCharArray());
        wanted.setCleanSession(!options.lasting());
        wanted.setMqttVersion(options.is31() ? 3 : 4);
        wanted.setSocketFactory(peer.sockets);
        // Ten by default: a message more is refused by the client, however soon the broker answers.
        wanted.setMaxInflight(1000);
        if (options.will() != null)
            wanted.setWill(options.will().topic(), options.will().payload().getBytes(), 1, false);
        try {
            IMqttToken token = client.connect(wanted);
            token.waitForCompletion(PATIENCE_MS);
            peer.isPresent = token.getSessionPresent();
            return peer;
        } catch (MqttException error) {
            if (error.getReasonCode() >= 1 && error.getReasonCode() <= 5) throw new Refused(error.getReasonCode());
            throw error;
        }
    }

    @Override
    public void messageArrived(String topic, MqttMessage message) {
        received.add(new Message(topic, message.getPayload(), message.getQos(), message.isRetained(), null));
    }

    @Override
    public void connectionLost(Throwable cause) {}

    @Override
    public void deliveryComplete(IMqttDeliveryToken token) {}

    @Override
    public boolean sessionPresent() {
        return isPresent;
    }

    @Override
    public String assignedId() {
        return "";
    }

    @Override
    public int subscribe(String filter, int qos, SubscribeOptions options) throws Exception {
        IMqttToken token = client.subscribe(filter, qos);
        token.waitForCompletion(PATIENCE_MS);
        return token.getGrantedQos()[0];
    }

    @Override
    public void unsubscribe(String filter) throws Exception {
        client.unsubscribe(filter).waitForCompletion(PATIENCE_MS);
    }

    @Override
    public int publish(Message message) throws Exception {
        client.publish(message.topic(), message.payload(), message.qos(), message.retain())
                .waitForCompletion(PATIENCE_MS);
        return 0;
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
        client.disconnect(0).waitForCompletion(PATIENCE_MS);
    }

    @Override
    public void cut() throws Exception {
        sockets.last.close();
    }

    /** Keeps the socket that the library asks for. */
    static final class KeptSocket extends SocketFactory {
        Socket last;

        @Override
        public Socket createSocket() {
            last = new Socket();
            return last;
        }

        @Override
        public Socket createSocket(String host, int port) {
            throw new UnsupportedOperationException();
        }

        @Override
        public Socket createSocket(String host, int port, java.net.InetAddress local, int localPort) {
            throw new UnsupportedOperationException();
        }

        @Override
        public Socket createSocket(java.net.InetAddress host, int port) {
            throw new UnsupportedOperationException();
        }

        @Override
        public Socket createSocket(java.net.InetAddress host, int port, java.net.InetAddress local, int localPort) {
            throw new UnsupportedOperationException();
        }
    }
}
