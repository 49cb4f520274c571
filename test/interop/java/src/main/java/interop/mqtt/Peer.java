package interop.mqtt;

import java.util.List;

/** A connected client of some library that keeps what it receives. */
interface Peer {
    /** Of a connection; {@code CLEAN} is a clean one. */
    record Options(String clientId, boolean lasting, long expiry, Will will, boolean wrongPassword, boolean is31) {
        static final Options CLEAN = new Options("", false, 0, null, false, false);

        static Options named(String clientId) {
            return new Options(clientId, false, 0, null, false, false);
        }

        /** Resumes a session, which lasts that many seconds in MQTT 5. */
        static Options lasting(String clientId, long expiry) {
            return new Options(clientId, true, expiry, null, false, false);
        }

        static Options with(Will will) {
            return new Options("", false, 0, will, false, false);
        }
    }

    /** Of QoS 1. */
    record Will(String topic, String payload) {}

    /** Of MQTT 5; id 0 is none. */
    record SubscribeOptions(boolean noLocal, boolean retainAsPublished, int retainHandling, int id) {
        static final SubscribeOptions NONE = new SubscribeOptions(false, false, 0, 0);
    }

    /** Of MQTT 5; 0 and null are none. */
    record Properties(
            String contentType,
            String responseTopic,
            byte[] correlation,
            List<List<String>> user,
            int format,
            long expiry,
            List<Integer> ids,
            int alias) {
        static Properties ofAlias(int alias) {
            return new Properties(null, null, null, List.of(), 0, 0, List.of(), alias);
        }
    }

    record Message(String topic, byte[] payload, int qos, boolean retain, Properties properties) {}

    /** Connects with some library. */
    interface Dial {
        /** @throws Refused when the broker says no. */
        Peer connect(Options options) throws Exception;
    }

    /** The broker refused the connection. */
    final class Refused extends Exception {
        final int code;

        Refused(int code) {
            super("refused with " + code);
            this.code = code;
        }
    }

    boolean sessionPresent();

    String assignedId();

    /** The QoS that was granted. */
    int subscribe(String filter, int qos, SubscribeOptions options) throws Exception;

    void unsubscribe(String filter) throws Exception;

    /** Waits for the acknowledgement and gives its reason code. */
    int publish(Message message) throws Exception;

    List<Message> received();

    boolean isClosed();

    /** Disconnects with a reason code, which only MQTT 5 has. */
    void end(int code) throws Exception;

    /** Ends the connection without a DISCONNECT. */
    void cut() throws Exception;
}
