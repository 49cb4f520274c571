package interop.mqtt;

import static interop.Report.result;
import static java.nio.charset.StandardCharsets.UTF_8;

import interop.mqtt.Peer.Message;
import interop.mqtt.Peer.Options;
import interop.mqtt.Peer.Properties;
import interop.mqtt.Peer.SubscribeOptions;
import interop.mqtt.Peer.Will;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;

/** What only MQTT 5 has. */
final class StepsOfVersion5 {
    private final Steps steps;
    private final Peer sender;

    StepsOfVersion5(Steps steps) {
        this.steps = steps;
        sender = steps.sender;
    }

    void run() throws Exception {
        steps.step("properties", this::properties);
        steps.step("subscription id", this::subscriptionId);
        steps.step("no local", this::noLocal);
        steps.step("retain as published", this::retainAsPublished);
        steps.step("retain handling", this::retainHandling);
        steps.step("no matching subscribers", this::nobody);
        steps.step("assigned client id", this::assigned);
        steps.step("topic alias", this::alias);
        steps.step("session expiry", this::expiry);
        steps.step("will after disconnect", this::willAfterDisconnect);
    }

    private Map<String, Object> properties() throws Exception {
        Peer peer = steps.peer(Options.CLEAN);
        steps.subscribe(peer, "properties", 1);
        List<List<String>> user = List.of(List.of("b", "1"), List.of("b", "3"), List.of("a", "2"));
        byte[] correlation = {0, (byte) 255, (byte) 128};
        Properties sent =
                new Properties("text/plain", "answers/here", correlation, user, 1, 60, List.of(), 0);
        sender.publish(new Message(steps.at("properties"), "text".getBytes(UTF_8), 1, false, sent));
        Properties found = Steps.take(peer, 1).get(0).properties();
        return result(
                "contentType", found.contentType(),
                "responseTopic", found.responseTopic(),
                "correlation", HexFormat.of().formatHex(found.correlation()),
                "user", found.user(),
                "format", found.format(),
                "expires", found.expiry() > 50 && found.expiry() <= 60);
    }

    private Map<String, Object> subscriptionId() throws Exception {
        Peer peer = steps.peer(Options.CLEAN);
        peer.subscribe(steps.at("id"), 1, new SubscribeOptions(false, false, 0, 7));
        steps.send(sender, "id", "x", 1);
        return result("ids", Steps.take(peer, 1).get(0).properties().ids());
    }

    private Map<String, Object> noLocal() throws Exception {
        Peer peer = steps.peer(Options.CLEAN);
        peer.subscribe(steps.at("local"), 1, new SubscribeOptions(true, false, 0, 0));
        steps.send(peer, "local", "own", 1);
        steps.send(sender, "local", "other", 1);
        return result("received", Steps.payloads(Steps.take(peer, 1)));
    }

    private Map<String, Object> retainAsPublished() throws Exception {
        Peer peer = steps.peer(Options.CLEAN);
        peer.subscribe(steps.at("as-published"), 1, new SubscribeOptions(false, true, 0, 0));
        steps.sendRetained("as-published", "x");
        boolean live = Steps.take(peer, 1).get(0).retain();
        steps.sendRetained("as-published", "");
        return result("live", live);
    }

    private Map<String, Object> retainHandling() throws Exception {
        Peer peer = steps.peer(Options.CLEAN);
        steps.sendRetained("handling", "kept");
        peer.subscribe(steps.at("handling"), 1, new SubscribeOptions(false, false, 2, 0));
        steps.send(sender, "handling", "end", 1);
        List<String> found = Steps.payloads(Steps.take(peer, 1));
        steps.sendRetained("handling", "");
        return result("received", found);
    }

    private Map<String, Object> nobody() throws Exception {
        return result("code", sender.publish(new Message(steps.at("nobody"), new byte[1], 1, false, null)));
    }

    private Map<String, Object> assigned() throws Exception {
        String id = steps.peer(Options.CLEAN).assignedId();
        return result("assigned", id != null && !id.isEmpty());
    }

    private Map<String, Object> alias() throws Exception {
        Peer peer = steps.peer(Options.CLEAN);
        Peer aliasing = steps.peer(Options.CLEAN);
        steps.subscribe(peer, "aliased", 1);
        for (int n = 1; n <= 3; n += 1) {
            String topic = n == 1 ? steps.at("aliased") : "";
            byte[] payload = ("" + n).getBytes(UTF_8);
            aliasing.publish(new Message(topic, payload, 1, false, Properties.ofAlias(1)));
        }
        return result("received", Steps.payloads(Steps.take(peer, 3)));
    }

    private Map<String, Object> expiry() throws Exception {
        return result("kept", isPresent(600), "ended", isPresent(0));
    }

    private boolean isPresent(long expiry) throws Exception {
        String id = steps.name("expiry-" + expiry);
        steps.connect(Options.lasting(id, expiry)).end(0);
        return steps.peer(Options.lasting(id, 0)).sessionPresent();
    }

    private Map<String, Object> willAfterDisconnect() throws Exception {
        Peer peer = steps.peer(Options.CLEAN);
        steps.subscribe(peer, "left", 1);
        steps.connect(Options.with(new Will(steps.at("left"), "left"))).end(4);
        return result("received", Steps.payloads(Steps.take(peer, 1)));
    }
}
