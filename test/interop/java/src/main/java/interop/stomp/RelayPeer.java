package interop.stomp;

import static interop.Report.until;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import org.springframework.messaging.Message;
import org.springframework.messaging.MessageChannel;
import org.springframework.messaging.SubscribableChannel;
import org.springframework.messaging.simp.stomp.StompCommand;
import org.springframework.messaging.simp.stomp.StompHeaderAccessor;
import org.springframework.messaging.support.MessageBuilder;

/** One client of Spring's relay, as a WebSocket of a browser is: its frames go through the relay's channels. */
final class RelayPeer {
    private static final AtomicInteger sessions = new AtomicInteger();

    private final String session = "session-" + sessions.incrementAndGet();
    private final AtomicInteger receiptCount = new AtomicInteger();
    private final Set<String> receipts = ConcurrentHashMap.newKeySet();
    private final MessageChannel inbound;
    final List<Received> messages = new CopyOnWriteArrayList<>();
    final List<String> errors = new CopyOnWriteArrayList<>();
    private volatile String version;

    /** What came from the broker. */
    record Received(Map<String, String> headers, byte[] body) {
        String text() {
            return new String(body, UTF_8);
        }
    }

    /** Connects; a broker that refuses leaves an error. */
    RelayPeer(MessageChannel inbound, SubscribableChannel outbound) throws Exception {
        this.inbound = inbound;
        outbound.subscribe(this::take);
        frame(StompCommand.CONNECT, Map.of("accept-version", "1.1,1.2", "host", "/"), new byte[0]);
        until("an answer", () -> version != null || !errors.isEmpty());
    }

    String version() {
        return version;
    }

    private void take(Message<?> message) {
        StompHeaderAccessor headers = StompHeaderAccessor.wrap(message);
        if (!session.equals(headers.getSessionId())) return;
        StompCommand command = headers.getCommand();
        if (command == StompCommand.CONNECTED) version = headers.getVersion();
        else if (command == StompCommand.RECEIPT) receipts.add(headers.getReceiptId());
        else if (command == StompCommand.ERROR) errors.add(headers.getMessage());
        else if (command == StompCommand.MESSAGE) {
            Map<String, String> found =
                    headers.toNativeHeaderMap().entrySet().stream()
                            .collect(Collectors.toMap(Map.Entry::getKey, each -> each.getValue().get(0)));
            messages.add(new Received(found, (byte[]) message.getPayload()));
        }
    }

    /** Sends a frame and waits for nothing. */
    void frame(StompCommand command, Map<String, String> headers, byte[] body) {
        Map<String, List<String>> wanted =
                headers.entrySet().stream().collect(Collectors.toMap(Map.Entry::getKey, each -> List.of(each.getValue())));
        StompHeaderAccessor accessor = StompHeaderAccessor.create(command, wanted);
        accessor.setSessionId(session);
        accessor.setSessionAttributes(new ConcurrentHashMap<>());
        inbound.send(MessageBuilder.createMessage(body, accessor.getMessageHeaders()));
    }

    /** Waits for the receipt. */
    void confirmed(StompCommand command, Map<String, String> headers, byte[] body) throws Exception {
        String receipt = "r-" + receiptCount.incrementAndGet();
        Map<String, String> wanted = new HashMap<>(headers);
        wanted.put("receipt", receipt);
        frame(command, wanted, body);
        until("a receipt: " + errors, () -> receipts.contains(receipt));
    }

    void send(String destination, String body) throws Exception {
        confirmed(StompCommand.SEND, Map.of("destination", destination), body.getBytes(UTF_8));
    }

    void subscribe(String destination, String ack) throws Exception {
        confirmed(
                StompCommand.SUBSCRIBE, Map.of("destination", destination, "id", "1", "ack", ack), new byte[0]);
    }

    void answer(StompCommand command, Received message) throws Exception {
        confirmed(command, Map.of("id", message.headers().get("ack")), new byte[0]);
    }

    List<String> take(int count) throws Exception {
        until(count + " messages: " + errors, () -> messages.size() >= count);
        return messages.stream().limit(count).map(Received::text).toList();
    }

    void end() throws Exception {
        if (errors.isEmpty()) confirmed(StompCommand.DISCONNECT, Map.of(), new byte[0]);
    }
}
