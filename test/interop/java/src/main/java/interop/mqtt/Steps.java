package interop.mqtt;

import static interop.Report.result;
import static interop.Report.until;
import static java.nio.charset.StandardCharsets.UTF_8;

import interop.Report;
import interop.mqtt.Peer.Message;
import interop.mqtt.Peer.Options;
import interop.mqtt.Peer.SubscribeOptions;
import interop.mqtt.Peer.Will;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;

/** The steps of MQTT clients; each library is a Peer. test/interop/mqtt-steps.ts says what must come out. */
class Steps {
    private final Peer.Dial dial;
    private final String prefix;
    private final List<Peer> open = new ArrayList<>();
    final Peer sender;

    Steps(Peer.Dial dial, String prefix) throws Exception {
        this.dial = dial;
        this.prefix = prefix;
        sender = dial.connect(Options.CLEAN);
    }

    void run() throws Exception {
        step("connect", () -> result("sessionPresent", peer(Options.CLEAN).sessionPresent()));
        for (int qos = 0; qos < 3; qos += 1) {
            int level = qos;
            step("QoS " + qos, () -> qos(level));
        }
        step("lower QoS", this::lowerQos);
        step("large payload", this::largePayload);
        step("topic names", this::topicNames);
        step("wildcards", this::wildcards);
        step("unsubscribe", this::unsubscribe);
        step("retained", this::retained);
        step("retained by wildcard", this::retainedByWildcard);
        step("will", this::will);
        step("no will after disconnect", this::noWill);
        step("offline messages", this::offline);
        step("clean session", this::cleanSession);
        step("take over", this::takeOver);
        step("shared subscription", this::shared);
        step("refused login", this::refused);
    }

    /** Only of those that speak it. */
    void runVersion31() throws Exception {
        step("MQTT 3.1", this::mqtt31);
    }

    /** Ends what the step opened, in threads of their own: Paho's way out takes parts of a second. */
    void step(String name, Callable<Map<String, Object>> run) throws Exception {
        Report.step(name, run);
        for (Peer peer : open) if (!peer.isClosed()) new Thread(() -> leave(peer)).start();
        open.clear();
    }

    private static void leave(Peer peer) {
        try {
            peer.end(0);
        } catch (Exception error) {
            System.err.println("at the end of a step: " + error);
        }
    }

    /** A topic of this run; those of a shared subscription begin elsewhere. */
    String at(String name) {
        return name.startsWith("$") ? name : prefix + "/" + name;
    }

    String name(String name) {
        return prefix + "-" + name;
    }

    Peer peer(Options options) throws Exception {
        Peer peer = dial.connect(options);
        open.add(peer);
        return peer;
    }

    /** One that the step ends itself. */
    Peer connect(Options options) throws Exception {
        return dial.connect(options);
    }

    int subscribe(Peer peer, String name, int qos) throws Exception {
        return peer.subscribe(at(name), qos, SubscribeOptions.NONE);
    }

    void send(Peer peer, String name, String payload, int qos) throws Exception {
        peer.publish(new Message(at(name), payload.getBytes(UTF_8), qos, false, null));
    }

    void sendRetained(String name, String payload) throws Exception {
        sender.publish(new Message(at(name), payload.getBytes(UTF_8), 1, true, null));
    }

    static List<Message> take(Peer peer, int count) throws Exception {
        until(count + " messages", () -> peer.received().size() >= count);
        return peer.received();
    }

    static List<String> payloads(List<Message> messages) {
        return messages.stream().map(message -> new String(message.payload(), UTF_8)).toList();
    }

    private List<String> topics(List<Message> messages) {
        return messages.stream().map(message -> message.topic().substring(prefix.length() + 1)).sorted().toList();
    }

    private Map<String, Object> mqtt31() throws Exception {
        String id = "old-" + prefix.substring(Math.max(0, prefix.length() - 8));
        Peer peer = peer(new Options(id, false, 0, null, false, true));
        subscribe(peer, "old", 1);
        send(peer, "old", "x", 1);
        return result("received", take(peer, 1).size());
    }

    private Map<String, Object> qos(int qos) throws Exception {
        Peer peer = peer(Options.CLEAN);
        subscribe(peer, "qos/" + qos, qos);
        for (int n = 0; n < 100; n += 1) send(sender, "qos/" + qos, "" + n, qos);
        return summary(take(peer, 100));
    }

    /** Numbers rise within a QoS: clients may show one of QoS 2 when it is released. */
    private static Map<String, Object> summary(List<Message> messages) {
        Map<Integer, Integer> last = new TreeMap<>();
        boolean rises = true;
        for (Message message : messages) {
            int n = Integer.parseInt(new String(message.payload(), UTF_8));
            Integer before = last.put(message.qos(), n);
            if (before != null && before >= n) rises = false;
        }
        return result("received", messages.size(), "inOrder", rises, "qos", last.keySet());
    }

    private Map<String, Object> lowerQos() throws Exception {
        Peer peer = peer(Options.CLEAN);
        List<Integer> granted = List.of(subscribe(peer, "lower/0", 0), subscribe(peer, "lower/1", 1));
        for (int n = 0; n < 2; n += 1) send(sender, "lower/" + n, "x", 2);
        return result("granted", granted, "received", take(peer, 2).stream().map(Message::qos).sorted().toList());
    }

    private Map<String, Object> largePayload() throws Exception {
        byte[] payload = new byte[921_600];
        for (int n = 0; n < payload.length; n += 1) payload[n] = (byte) (n * 31);
        Peer peer = peer(Options.CLEAN);
        subscribe(peer, "large", 1);
        sender.publish(new Message(at("large"), payload, 1, false, null));
        byte[] found = take(peer, 1).get(0).payload();
        return result("bytes", found.length, "same", Arrays.equals(payload, found));
    }

    private Map<String, Object> topicNames() throws Exception {
        List<String> names = List.of("ä b/日本", "a.b/c", "/lead//");
        Peer peer = peer(Options.CLEAN);
        for (String name : names) subscribe(peer, name, 1);
        for (String name : names) send(sender, name, "x", 1);
        return result("received", topics(take(peer, 3)));
    }

    private Map<String, Object> wildcards() throws Exception {
        Peer peer = peer(Options.CLEAN);
        subscribe(peer, "+/temp", 1);
        subscribe(peer, "deep/#", 1);
        for (String name : List.of("x/temp", "x/y/temp", "deep", "deep/a/b", "deeper")) send(sender, name, "x", 1);
        return result("received", topics(take(peer, 3)));
    }

    private Map<String, Object> unsubscribe() throws Exception {
        Peer peer = peer(Options.CLEAN);
        subscribe(peer, "left", 1);
        send(peer, "left", "before", 1);
        peer.unsubscribe(at("left"));
        send(peer, "left", "after", 1);
        return result("received", payloads(take(peer, 1)));
    }

    private Map<String, Object> retained() throws Exception {
        Peer live = peer(Options.CLEAN);
        Peer late = peer(Options.CLEAN);
        Peer last = peer(Options.CLEAN);
        subscribe(live, "retained", 1);
        sendRetained("retained", "kept");
        Message seen = take(live, 1).get(0);
        subscribe(late, "retained", 1);
        Message stored = take(late, 1).get(0);
        sendRetained("retained", "");
        subscribe(last, "retained", 1);
        send(sender, "retained", "end", 1);
        int cleared = take(last, 1).size() - 1;
        return result("live", seen.retain(), "stored", stored.retain(), "qos", stored.qos(), "cleared", cleared);
    }

    private Map<String, Object> retainedByWildcard() throws Exception {
        List<String> names = List.of("room/1", "room/2", "hall/1");
        Peer peer = peer(Options.CLEAN);
        for (String name : names) sendRetained(name, "x");
        subscribe(peer, "room/+", 1);
        List<String> found = topics(take(peer, 2));
        for (String name : names) sendRetained(name, "");
        return result("received", found);
    }

    private Map<String, Object> will() throws Exception {
        Peer peer = peer(Options.CLEAN);
        subscribe(peer, "will", 1);
        connect(Options.with(new Will(at("will"), "gone"))).cut();
        Message found = take(peer, 1).get(0);
        return result("payload", new String(found.payload(), UTF_8), "qos", found.qos(), "retain", found.retain());
    }

    private Map<String, Object> noWill() throws Exception {
        Peer peer = peer(Options.CLEAN);
        subscribe(peer, "will", 1);
        connect(Options.with(new Will(at("will"), "gone"))).end(0);
        send(sender, "will", "end", 1);
        return result("received", payloads(take(peer, 1)));
    }

    private Map<String, Object> offline() throws Exception {
        Peer before = connect(Options.lasting(name("offline"), 600));
        subscribe(before, "offline", 2);
        before.end(0);
        for (int n = 0; n < 20; n += 1) send(sender, "offline", "" + n, 1 + n % 2);
        Peer again = peer(Options.lasting(name("offline"), 600));
        Map<String, Object> found = summary(take(again, 20));
        found.put("sessionPresent", again.sessionPresent());
        return found;
    }

    private Map<String, Object> cleanSession() throws Exception {
        Peer before = connect(Options.lasting(name("cleaned"), 600));
        subscribe(before, "cleaned", 1);
        before.end(0);
        send(sender, "cleaned", "old", 1);
        Peer clean = peer(Options.named(name("cleaned")));
        subscribe(clean, "cleaned", 1);
        send(sender, "cleaned", "new", 1);
        return result("sessionPresent", clean.sessionPresent(), "received", payloads(take(clean, 1)));
    }

    private Map<String, Object> takeOver() throws Exception {
        Peer first = peer(Options.named(name("twin")));
        peer(Options.named(name("twin")));
        until("closed", first::isClosed);
        return result("closed", first.isClosed());
    }

    private Map<String, Object> shared() throws Exception {
        List<Peer> members = List.of(peer(Options.CLEAN), peer(Options.CLEAN));
        for (Peer member : members) subscribe(member, "$share/group/" + at("shared"), 1);
        for (int n = 0; n < 40; n += 1) send(sender, "shared", "" + n, 1);
        until("40 messages", () -> members.stream().mapToInt(each -> each.received().size()).sum() >= 40);
        List<String> all = members.stream().flatMap(each -> payloads(each.received()).stream()).toList();
        long active = members.stream().filter(each -> !each.received().isEmpty()).count();
        return result("received", all.size(), "again", all.size() - new HashSet<>(all).size(), "members", active);
    }

    private Map<String, Object> refused() throws Exception {
        try {
            connect(new Options("", false, 0, null, true, false)).end(0);
            return result("refused", false);
        } catch (Peer.Refused error) {
            return result("refused", List.of(4, 5, 134, 135).contains(error.code));
        }
    }
}
