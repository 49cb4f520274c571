package interop;

import static interop.Report.result;
import static interop.Report.step;

import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.consumer.AcknowledgeType;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaShareConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * Takes records of a topic by a share group, with acknowledgements, while nodes that lead its partitions are killed:
 * KafkaSharing HOST:PORT,… PREFIX. A line says how often acknowledgements were confirmed. Once stdin is closed nothing is
 * produced any more, the rest is taken, and the last line says what is missing of what was confirmed, and what came again
 * whose acknowledgement was confirmed.
 */
public final class KafkaSharing {
    private static final long REST_MS = 90_000;
    private final String broker;
    private final String topic;
    private final String group;
    private final Set<String> produced = ConcurrentHashMap.newKeySet();
    private final Set<String> acked = new HashSet<>();
    private volatile boolean isStopped;
    private int again;

    public static void main(String[] args) throws Exception {
        new KafkaSharing(args[0], args[1]).run();
    }

    private KafkaSharing(String broker, String prefix) {
        this.broker = broker;
        topic = prefix + "-in";
        group = prefix + "-sharers";
    }

    private void run() throws Exception {
        readFromTheStart();
        Thread producing = inBackground(this::produce);
        inBackground(this::waitForEnd);
        step("share", () -> take(producing));
        System.exit(0);
    }

    private static Thread inBackground(Runnable work) {
        Thread thread = new Thread(work);
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    private void readFromTheStart() throws InterruptedException, ExecutionException {
        var change = new AlterConfigOp(new ConfigEntry("share.auto.offset.reset", "earliest"), AlterConfigOp.OpType.SET);
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", broker))) {
            var resource = new ConfigResource(ConfigResource.Type.GROUP, group);
            admin.incrementalAlterConfigs(Map.of(resource, List.of(change))).all().get();
        }
    }

    private void waitForEnd() {
        try {
            while (System.in.read() != -1) continue;
        } catch (java.io.IOException error) {
            // It is closed.
        }
        isStopped = true;
    }

    /** What is confirmed has to come. */
    private void produce() {
        Map<String, Object> settings = Map.of("bootstrap.servers", broker, "delivery.timeout.ms", 120_000, "linger.ms", 0);
        try (var producer = new KafkaProducer<>(settings, new StringSerializer(), new StringSerializer())) {
            for (int number = 0; !isStopped; number += 1) {
                String value = "shared " + number;
                producer.send(new ProducerRecord<>(topic, number % 6, null, value), (place, error) -> {
                    if (error == null) produced.add(value);
                });
                Thread.sleep(5);
            }
        } catch (InterruptedException error) {
            // It ends.
        }
    }

    private Map<String, Object> take(Thread producing) throws Exception {
        Map<String, Object> settings = Map.of("bootstrap.servers", broker, "group.id", group, "max.poll.records", 50,
                "share.acknowledgement.mode", "explicit");
        long restFrom = 0;
        int confirmed = 0;
        try (var consumer = new KafkaShareConsumer<>(settings, new StringDeserializer(), new StringDeserializer())) {
            consumer.subscribe(List.of(topic));
            for (;;) {
                if (takeSome(consumer)) System.out.println(confirmed += 1);
                if (!isStopped || producing.isAlive()) continue;
                if (restFrom == 0) restFrom = System.currentTimeMillis();
                if (acked.containsAll(produced) || System.currentTimeMillis() - restFrom > REST_MS) break;
            }
        }
        produced.removeAll(acked);
        return result("acked", acked.size(), "missing", produced.size(), "again", again);
    }

    /** Whether acknowledgements of some records were confirmed. */
    private boolean takeSome(KafkaShareConsumer<String, String> consumer) {
        try {
            var records = consumer.poll(Duration.ofMillis(500));
            for (ConsumerRecord<String, String> record : records) {
                if (acked.contains(record.value())) again += 1;
                consumer.acknowledge(record, AcknowledgeType.ACCEPT);
            }
            if (records.isEmpty()) return false;
            var refused = new HashSet<Integer>();
            consumer.commitSync().forEach((place, error) -> {
                if (error.isPresent()) refused.add(place.partition());
            });
            boolean isAny = false;
            for (ConsumerRecord<String, String> record : records) {
                if (refused.contains(record.partition())) continue;
                acked.add(record.value());
                isAny = true;
            }
            return isAny;
        } catch (KafkaException error) {
            System.out.println("{\"failed\": \"" + error.toString().replace('"', '\'') + "\"}");
            return false;
        }
    }
}
