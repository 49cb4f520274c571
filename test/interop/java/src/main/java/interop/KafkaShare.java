package interop;

import static interop.Report.result;
import static interop.Report.step;
import static interop.Report.until;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.ListShareGroupOffsetsSpec;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.AcknowledgeType;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.KafkaShareConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.GroupIdNotFoundException;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** Share groups of Apache's Java client: KafkaShare HOST:PORT PREFIX. */
public final class KafkaShare {
    private final String broker;
    private final String prefix;
    private final Admin admin;

    private KafkaShare(String broker, String prefix) {
        this.broker = broker;
        this.prefix = prefix;
        admin = Admin.create(Map.of("bootstrap.servers", broker));
    }

    public static void main(String[] args) throws Exception {
        new KafkaShare(args[0], args[1]).run();
    }

    private void run() throws Exception {
        step("three consumers", this::threeConsumers);
        step("release and reject", this::releaseAndReject);
        step("record limit", this::recordLimit);
        step("renew a lock", this::renew);
        step("dead letters", this::deadLetters);
        step("committed records only", this::committedOnly);
        step("offsets and groups", this::offsetsAndGroups);
        admin.close();
    }

    /** A topic and a group of that name, which reads it from its beginning. */
    private String topic(String name, int partitions, String... settings) throws Exception {
        String topic = prefix + "-" + name;
        admin.createTopics(List.of(new NewTopic(topic, partitions, (short) 1))).all().get();
        set(ConfigResource.Type.GROUP, topic, "share.auto.offset.reset", "earliest");
        for (int n = 0; n < settings.length; n += 2)
            set(ConfigResource.Type.GROUP, topic, settings[n], settings[n + 1]);
        return topic;
    }

    private void set(ConfigResource.Type type, String name, String setting, String value) throws Exception {
        var change = new AlterConfigOp(new ConfigEntry(setting, value), AlterConfigOp.OpType.SET);
        admin.incrementalAlterConfigs(Map.of(new ConfigResource(type, name), List.of(change))).all().get();
    }

    private KafkaProducer<String, String> producer(String transactionalId) {
        Map<String, Object> settings = new HashMap<>(Map.of("bootstrap.servers", broker, "batch.size", 1000));
        if (transactionalId != null) settings.put("transactional.id", transactionalId);
        return new KafkaProducer<>(settings, new StringSerializer(), new StringSerializer());
    }

    private void produce(String topic, int count) {
        try (var producer = producer(null)) {
            for (int n = 0; n < count; n++) producer.send(new ProducerRecord<>(topic, "" + n, "value " + n));
        }
    }

    private KafkaShareConsumer<String, String> consumer(String group, String... settings) {
        Map<String, Object> all = new HashMap<>(Map.of("bootstrap.servers", broker, "group.id", group));
        for (int n = 0; n < settings.length; n += 2) all.put(settings[n], settings[n + 1]);
        var consumer = new KafkaShareConsumer<>(all, new StringDeserializer(), new StringDeserializer());
        consumer.subscribe(List.of(group));
        return consumer;
    }

    private KafkaShareConsumer<String, String> explicit(String group) {
        return consumer(group, "share.acknowledgement.mode", "explicit");
    }

    private long lag(String group) throws Exception {
        long lag = 0;
        var spec = Map.of(group, new ListShareGroupOffsetsSpec());
        for (var each : admin.listShareGroupOffsets(spec).all().get().get(group).values()) lag += each.lag().get();
        return lag;
    }

    private Map<String, Object> threeConsumers() throws Exception {
        String topic = topic("three", 2);
        produce(topic, 5000);
        Map<String, Integer> seen = new ConcurrentHashMap<>();
        AtomicBoolean isOver = new AtomicBoolean();
        List<Thread> threads = new ArrayList<>();
        for (int n = 0; n < 3; n++) {
            Thread thread = new Thread(() -> {
                try (var consumer = consumer(topic)) {
                    // What was polled last is acknowledged by the next poll.
                    while (!isOver.get())
                        for (var record : consumer.poll(Duration.ofMillis(100))) seen.merge(record.key(), 1, Integer::sum);
                    consumer.commitSync();
                }
            });
            thread.start();
            threads.add(thread);
        }
        until("all records", () -> seen.size() == 5000);
        isOver.set(true);
        for (Thread thread : threads) thread.join();
        long twice = seen.values().stream().filter(count -> count > 1).count();
        return result("records", seen.size(), "twice", (int) twice, "lag", (int) lag(topic));
    }

    private Map<String, Object> releaseAndReject() throws Exception {
        String topic = topic("release", 1);
        produce(topic, 20);
        int[] counts = {0, 0, 0};
        try (var consumer = explicit(topic)) {
            until("20 records", () -> {
                for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofMillis(100))) {
                    int number = Integer.parseInt(record.key());
                    int deliveries = record.deliveryCount().get();
                    counts[1] = Math.max(counts[1], deliveries);
                    if (number % 10 == 0) {
                        consumer.acknowledge(record, AcknowledgeType.REJECT);
                        counts[2]++;
                    } else if (number % 5 == 0 && deliveries < 3) {
                        consumer.acknowledge(record, AcknowledgeType.RELEASE);
                    } else {
                        consumer.acknowledge(record, AcknowledgeType.ACCEPT);
                        counts[0]++;
                    }
                }
                consumer.commitSync();
                return counts[0] + counts[2] == 20;
            });
        }
        return result(
                "accepted", counts[0], "deliveries", counts[1], "rejected", counts[2], "lag", (int) lag(topic));
    }

    private Map<String, Object> recordLimit() throws Exception {
        String topic = topic("limit", 1);
        produce(topic, 20);
        int[] counts = {0, 0};
        try (var consumer = consumer(topic, "share.acquire.mode", "record_limit", "max.poll.records", "7")) {
            until("20 records", () -> {
                int count = consumer.poll(Duration.ofMillis(100)).count();
                counts[0] = Math.max(counts[0], count);
                counts[1] += count;
                return counts[1] == 20;
            });
        }
        return result("most", counts[0], "records", counts[1]);
    }

    /** Longer than the lock that it began with. */
    private Map<String, Object> renew() throws Exception {
        String topic = topic("renew", 1, "share.record.lock.duration.ms", "15000");
        produce(topic, 1);
        List<ConsumerRecord<String, String>> found = new ArrayList<>();
        int again = 0;
        try (var consumer = explicit(topic); var other = explicit(topic)) {
            until("a record", () -> {
                consumer.poll(Duration.ofMillis(100)).forEach(found::add);
                return !found.isEmpty();
            });
            int locked = consumer.acquisitionLockTimeoutMs().get();
            for (int n = 0; n < 2; n++) {
                consumer.acknowledge(found.get(0), AcknowledgeType.RENEW);
                consumer.commitSync();
                long end = System.nanoTime() + 9_000_000_000L;
                while (System.nanoTime() < end) again += other.poll(Duration.ofMillis(500)).count();
                consumer.poll(Duration.ofMillis(100));
            }
            consumer.acknowledge(found.get(0), AcknowledgeType.ACCEPT);
            consumer.commitSync();
            return result("locked", locked, "again", again);
        }
    }

    private Map<String, Object> deadLetters() throws Exception {
        String dead = "dlq." + prefix;
        admin.createTopics(List.of(new NewTopic(dead, 1, (short) 1))).all().get();
        set(ConfigResource.Type.TOPIC, dead, "errors.deadletterqueue.group.enable", "true");
        String topic = topic(
                "dying", 1, "share.delivery.count.limit", "2", "errors.deadletterqueue.topic.name", dead,
                "errors.deadletterqueue.copy.record.enable", "true");
        produce(topic, 3);
        try (var consumer = explicit(topic)) {
            until("nothing left", () -> {
                for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofMillis(100))) {
                    switch (record.key()) {
                        case "0" -> consumer.acknowledge(record, AcknowledgeType.REJECT);
                        case "1" -> consumer.acknowledge(record, AcknowledgeType.RELEASE);
                        default -> consumer.acknowledge(record, AcknowledgeType.ACCEPT);
                    }
                }
                consumer.commitSync();
                try {
                    return lag(topic) == 0 && ends(dead) == 2;
                } catch (ExecutionException error) {
                    // On a busy machine the consumer has not joined yet.
                    if (error.getCause() instanceof GroupIdNotFoundException) return false;
                    throw new IllegalStateException(error);
                } catch (Exception error) {
                    throw new IllegalStateException(error);
                }
            });
        }
        return told(dead);
    }

    private long ends(String topic) throws Exception {
        TopicPartition first = new TopicPartition(topic, 0);
        var spec = Map.of(first, org.apache.kafka.clients.admin.OffsetSpec.latest());
        return admin.listOffsets(spec).all().get().get(first).offset();
    }

    /** What the dead letters say of themselves. */
    private Map<String, Object> told(String topic) throws Exception {
        List<String> keys = new ArrayList<>();
        List<String> counts = new ArrayList<>();
        Set<String> groups = new TreeSet<>();
        Map<String, Object> settings = Map.of("bootstrap.servers", broker, "auto.offset.reset", "earliest");
        try (var reader = new KafkaConsumer<>(settings, new StringDeserializer(), new StringDeserializer())) {
            reader.assign(List.of(new TopicPartition(topic, 0)));
            reader.seekToBeginning(reader.assignment());
            until("dead letters", () -> {
                for (ConsumerRecord<String, String> record : reader.poll(Duration.ofMillis(100))) {
                    keys.add(record.key());
                    counts.add(new String(record.headers().lastHeader("__dlq.errors.delivery.count").value()));
                    groups.add(new String(record.headers().lastHeader("__dlq.errors.group").value()));
                }
                return keys.size() == 2;
            });
        }
        return result("keys", keys, "groups", groups.size(), "counts", counts);
    }

    private Map<String, Object> committedOnly() throws Exception {
        String topic = topic("committed", 1, "share.isolation.level", "read_committed");
        for (boolean isCommit : List.of(false, true)) {
            try (var producer = producer(prefix + "-" + isCommit)) {
                producer.initTransactions();
                producer.beginTransaction();
                for (int n = 0; n < 2; n++)
                    producer.send(new ProducerRecord<>(topic, (isCommit ? "committed-" : "aborted-") + n, "v"));
                producer.flush();
                if (isCommit) producer.commitTransaction();
                else producer.abortTransaction();
            }
        }
        try (var producer = producer(null)) {
            producer.send(new ProducerRecord<>(topic, "plain-0", "v"));
        }
        Set<String> keys = new TreeSet<>();
        try (var consumer = consumer(topic)) {
            until("the last record", () -> {
                consumer.poll(Duration.ofMillis(100)).forEach(record -> keys.add(record.key()));
                return keys.contains("plain-0");
            });
        }
        return result("keys", List.copyOf(keys));
    }

    private Map<String, Object> offsetsAndGroups() throws Exception {
        String topic = prefix + "-limit";
        TopicPartition first = new TopicPartition(topic, 0);
        String state = admin.describeShareGroups(List.of(topic)).all().get().get(topic).groupState().toString();
        admin.alterShareGroupOffsets(topic, Map.of(first, 5L)).all().get();
        var spec = Map.of(topic, new ListShareGroupOffsetsSpec());
        var place = admin.listShareGroupOffsets(spec).all().get().get(topic).get(first);
        admin.deleteShareGroupOffsets(topic, Set.of(topic)).all().get();
        admin.deleteShareGroups(List.of(topic)).all().get();
        long left = admin.listGroups().all().get().stream().filter(each -> each.groupId().equals(topic)).count();
        return result("state", state, "start", (int) place.startOffset(), "left", (int) left);
    }
}
