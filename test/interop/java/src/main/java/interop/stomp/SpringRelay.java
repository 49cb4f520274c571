package interop.stomp;

import static interop.Report.result;
import static interop.Report.until;
import static java.nio.charset.StandardCharsets.UTF_8;

import interop.Report;
import interop.stomp.RelayPeer.Received;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.springframework.messaging.simp.stomp.StompBrokerRelayMessageHandler;
import org.springframework.messaging.simp.stomp.StompCommand;
import org.springframework.messaging.support.ExecutorSubscribableChannel;

/** The STOMP broker relay of Spring's messaging, over Reactor Netty: SpringRelay HOST:PORT PREFIX. */
public final class SpringRelay {
    private static final byte[] EMPTY = new byte[0];
    private static final List<String> PREFIXES =
            List.of("/queue/", "/topic/", "/exchange/", "/amq/queue/", "/temp-queue/", "/reply-queue/");

    private final ExecutorSubscribableChannel inbound = new ExecutorSubscribableChannel();
    private final ExecutorSubscribableChannel outbound = new ExecutorSubscribableChannel();
    private final StompBrokerRelayMessageHandler relay =
            new StompBrokerRelayMessageHandler(inbound, outbound, new ExecutorSubscribableChannel(), PREFIXES);
    private final String prefix;

    private interface Run {
        Map<String, Object> with(RelayPeer peer) throws Exception;
    }

    private SpringRelay(String[] address, String prefix) throws Exception {
        this.prefix = prefix;
        relay.setRelayHost(address[0]);
        relay.setRelayPort(Integer.parseInt(address[1]));
        relay.setVirtualHost("/");
        relay.setSystemHeartbeatSendInterval(1000);
        relay.setSystemHeartbeatReceiveInterval(1000);
        relay.start();
        until("the system's connection", relay::isBrokerAvailable);
    }

    public static void main(String[] args) throws Exception {
        SpringRelay program = new SpringRelay(args[0].split(":"), args[1]);
        program.run();
        program.relay.stop();
        System.exit(0);
    }

    private void run() throws Exception {
        step("connect", peer -> result("version", peer.version()));
        step("send with receipt", this::sendWithReceipt);
        step("subscribe and receive", this::receive);
        step("ack of one", peer -> acked(peer, "client-individual"));
        step("cumulative ack", peer -> acked(peer, "client"));
        step("nack and requeue", this::nack);
        step("escaped headers", peer -> result("value", through(peer, "x", "odd", "a:b\nc\\d ä").headers().get("odd")));
        step("properties", this::properties);
        step("binary body", peer -> body(peer, 256));
        step("large body", this::largeBody);
        step("topic destination", this::topic);
        step("exchange destination", this::exchange);
        step("missing queue", this::missingQueue);
        step("committed transaction", this::commit);
        step("aborted transaction", this::abort);
        step("reply to a temporary queue", this::reply);
        step("durable subscription", this::durable);
        step("prefetch", this::prefetch);
        step("unsubscribe", this::unsubscribe);
        Report.step("heart-beats", this::heartBeats);
        Report.step("refused login", this::refused);
    }

    private RelayPeer peer() throws Exception {
        return new RelayPeer(inbound, outbound);
    }

    private void step(String name, Run run) throws Exception {
        Report.step(
                name,
                () -> {
                    RelayPeer peer = peer();
                    Map<String, Object> found = run.with(peer);
                    peer.end();
                    return found;
                });
    }

    private String queue(String name) {
        return "/queue/" + prefix + "-" + name;
    }

    /** What waits in a queue, up to a message that comes last. */
    private List<String> drain(String destination) throws Exception {
        RelayPeer peer = peer();
        peer.send(destination, "end");
        peer.subscribe(destination, "auto");
        until("the end", () -> peer.messages.stream().anyMatch(each -> each.text().equals("end")));
        peer.end();
        return peer.messages.stream().map(Received::text).filter(text -> !text.equals("end")).toList();
    }

    private Map<String, Object> sendWithReceipt(RelayPeer peer) throws Exception {
        int receipts = 0;
        for (int n = 0; n < 100; n += 1) {
            peer.send(queue("main"), "" + n);
            receipts += 1;
        }
        return result("receipts", receipts);
    }

    private Map<String, Object> receive(RelayPeer peer) throws Exception {
        peer.subscribe(queue("main"), "auto");
        List<String> bodies = peer.take(100);
        List<String> wanted = IntStream.range(0, 100).mapToObj(n -> "" + n).toList();
        return result("received", bodies.size(), "inOrder", bodies.equals(wanted));
    }

    private Map<String, Object> acked(RelayPeer peer, String ack) throws Exception {
        for (String body : List.of("1", "2", "3")) peer.send(queue(ack), body);
        RelayPeer taker = peer();
        taker.subscribe(queue(ack), ack);
        taker.take(3);
        taker.answer(StompCommand.ACK, taker.messages.get(1));
        taker.end();
        return result("left", drain(queue(ack)));
    }

    private Map<String, Object> nack(RelayPeer peer) throws Exception {
        peer.send(queue("nack"), "x");
        peer.subscribe(queue("nack"), "client-individual");
        peer.take(1);
        peer.answer(StompCommand.NACK, peer.messages.get(0));
        peer.take(2);
        peer.answer(StompCommand.ACK, peer.messages.get(1));
        return result(
                "first", peer.messages.get(0).headers().get("redelivered"),
                "again", peer.messages.get(1).headers().get("redelivered"));
    }

    /** A message that went through a queue, with pairs of name and value. */
    private Received through(RelayPeer peer, String body, String... pairs) throws Exception {
        Map<String, String> headers = new HashMap<>(Map.of("destination", queue("odd")));
        for (int n = 0; n < pairs.length; n += 2) headers.put(pairs[n], pairs[n + 1]);
        peer.subscribe(queue("odd"), "auto");
        peer.confirmed(StompCommand.SEND, headers, body.getBytes(UTF_8));
        peer.take(1);
        return peer.messages.get(0);
    }

    private Map<String, Object> properties(RelayPeer peer) throws Exception {
        Map<String, String> found =
                through(
                                peer, "x", "content-type", "text/plain", "correlation-id", "c-1", "priority", "3",
                                "persistent", "true")
                        .headers();
        return result(
                "contentType", found.get("content-type"),
                "correlationId", found.get("correlation-id"),
                "priority", found.get("priority"),
                "persistent", found.get("persistent"));
    }

    private Map<String, Object> body(RelayPeer peer, int size) throws Exception {
        byte[] sent = new byte[size];
        for (int n = 0; n < size; n += 1) sent[n] = (byte) n;
        peer.subscribe(queue("odd"), "auto");
        peer.confirmed(StompCommand.SEND, Map.of("destination", queue("odd")), sent);
        peer.take(1);
        return result("same", Arrays.equals(sent, peer.messages.get(0).body()));
    }

    private Map<String, Object> largeBody(RelayPeer peer) throws Exception {
        Map<String, Object> found = body(peer, 921_600);
        found.put("bytes", peer.messages.get(0).body().length);
        return found;
    }

    private Map<String, Object> topic(RelayPeer peer) throws Exception {
        peer.subscribe("/topic/" + prefix + ".order.*", "auto");
        for (String key : List.of("order.created", "user.created", "order.paid"))
            peer.send("/topic/" + prefix + "." + key, key);
        return result("received", peer.take(2));
    }

    private Map<String, Object> exchange(RelayPeer peer) throws Exception {
        peer.subscribe("/exchange/amq.direct/" + prefix, "auto");
        peer.send("/exchange/amq.direct/" + prefix, "to all");
        return result("received", peer.take(1));
    }

    private Map<String, Object> missingQueue(RelayPeer peer) throws Exception {
        String destination = "/amq/queue/" + prefix + "-nowhere";
        peer.frame(StompCommand.SUBSCRIBE, Map.of("destination", destination, "id", "1"), EMPTY);
        until("an error", () -> !peer.errors.isEmpty());
        return result("message", peer.errors.get(0));
    }

    private void sendWithin(RelayPeer peer, String body) {
        Map<String, String> headers = Map.of("destination", queue("tx"), "transaction", "t");
        peer.frame(StompCommand.SEND, headers, body.getBytes(UTF_8));
    }

    private Map<String, Object> commit(RelayPeer peer) throws Exception {
        peer.subscribe(queue("tx"), "auto");
        peer.confirmed(StompCommand.BEGIN, Map.of("transaction", "t"), EMPTY);
        for (String body : List.of("1", "2")) sendWithin(peer, body);
        peer.send(queue("tx-other"), "x");
        int before = peer.messages.size();
        peer.confirmed(StompCommand.COMMIT, Map.of("transaction", "t"), EMPTY);
        List<String> received = peer.take(2);
        drain(queue("tx-other"));
        return result("before", before, "received", received);
    }

    private Map<String, Object> abort(RelayPeer peer) throws Exception {
        peer.subscribe(queue("tx"), "auto");
        peer.confirmed(StompCommand.BEGIN, Map.of("transaction", "t"), EMPTY);
        sendWithin(peer, "undone");
        peer.confirmed(StompCommand.ABORT, Map.of("transaction", "t"), EMPTY);
        peer.send(queue("tx"), "end");
        return result("received", peer.take(1));
    }

    private Map<String, Object> reply(RelayPeer peer) throws Exception {
        RelayPeer asking = peer();
        peer.subscribe(queue("questions"), "auto");
        Map<String, String> question =
                Map.of("destination", queue("questions"), "reply-to", "/temp-queue/answers");
        asking.confirmed(StompCommand.SEND, question, "ping".getBytes(UTF_8));
        peer.take(1);
        peer.send(peer.messages.get(0).headers().get("reply-to"), "pong");
        String reply = asking.take(1).get(0);
        asking.end();
        return result("reply", reply);
    }

    private Map<String, Object> durable(RelayPeer peer) throws Exception {
        String destination = "/topic/" + prefix + ".durable";
        Map<String, String> lasting =
                Map.of("id", prefix + "-durable", "durable", "true", "auto-delete", "false");
        Map<String, String> subscribed = new HashMap<>(lasting);
        subscribed.put("destination", destination);
        RelayPeer before = peer();
        before.confirmed(StompCommand.SUBSCRIBE, subscribed, EMPTY);
        before.end();
        for (String body : List.of("1", "2", "3")) {
            Map<String, String> headers = Map.of("destination", destination, "persistent", "true");
            peer.confirmed(StompCommand.SEND, headers, body.getBytes(UTF_8));
        }
        peer.confirmed(StompCommand.SUBSCRIBE, subscribed, EMPTY);
        List<String> received = peer.take(3);
        peer.confirmed(StompCommand.UNSUBSCRIBE, lasting, EMPTY);
        return result("received", received);
    }

    private Map<String, Object> prefetch(RelayPeer peer) throws Exception {
        for (String body : List.of("1", "2", "3")) peer.send(queue("few"), body);
        Map<String, String> headers =
                Map.of("destination", queue("few"), "id", "1", "ack", "client-individual", "prefetch-count", "2");
        peer.confirmed(StompCommand.SUBSCRIBE, headers, EMPTY);
        peer.take(2);
        // The broker is done with all that came before.
        peer.send(queue("few-other"), "x");
        List<Received> unacked = new ArrayList<>(peer.messages);
        for (Received each : unacked) peer.answer(StompCommand.ACK, each);
        String next = peer.take(3).get(2);
        peer.answer(StompCommand.ACK, peer.messages.get(2));
        drain(queue("few-other"));
        return result("unacked", unacked.size(), "next", next);
    }

    private Map<String, Object> unsubscribe(RelayPeer peer) throws Exception {
        peer.subscribe(queue("left"), "auto");
        peer.send(queue("left"), "before");
        peer.take(1);
        peer.confirmed(StompCommand.UNSUBSCRIBE, Map.of("id", "1"), EMPTY);
        peer.send(queue("left"), "after");
        List<String> received = peer.messages.stream().map(Received::text).toList();
        drain(queue("left"));
        return result("received", received);
    }

    /** The system's connection is given up when nothing comes for three times as long. */
    private Map<String, Object> heartBeats() throws Exception {
        Thread.sleep(4000);
        return result("alive", relay.isBrokerAvailable());
    }

    /** The relay logs clients in with what it was told, whatever they say. */
    private Map<String, Object> refused() throws Exception {
        relay.setClientPasscode("wrong");
        return result("message", peer().errors.get(0));
    }
}
