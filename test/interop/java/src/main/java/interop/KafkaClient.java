package interop;

import static interop.Report.result;
import static interop.Report.step;
import static interop.Report.until;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** Apache's Java client against a Kafka broker: KafkaClient HOST:PORT PREFIX. */
public final class KafkaClient {
    private static final List<String> CODECS = List.of("uncompressed", "gzip", "snappy", "lz4", "zstd");
    private static final byte[] LARGE = "large record ".repeat(70_893).substring(0, 921_600).getBytes(UTF_8);

    final Admin admin;
    final String prefix;
    final String main;
    final String resume;
    private final String odd;
    final String times;
    private final String broker;

    private KafkaClient(String broker, String prefix) {
        this.broker = broker;
        this.prefix = prefix;
        main = prefix + "-main";
        resume = prefix + "-resume";
        odd = prefix + "-odd";
        times = prefix + "-times";
        admin = Admin.create(Map.of("bootstrap.servers", broker));
    }

    public static void main(String[] args) throws Exception {
        new KafkaClient(args[0], args[1]).run();
    }

    private void run() throws Exception {
        step("create topic", this::createTopic);
        step("unknown topic", this::unknownTopic);
        step("auto-create topic", this::autoCreate);
        for (String codec : CODECS) step("produce " + codec, () -> produceBatch(codec));
        step("idempotent producer", this::idempotent);
        step("too large record", this::tooLarge);
        step("consume in a group", this::consumeAll);
        step("resume after commit", this::resumeAfterCommit);
        shareSteps();
        recordSteps();
        new KafkaAdmin(this).run();
        admin.close();
    }

    /** Kafka's number of an error that came through a future. */
    static Map<String, Object> code(Future<?> future) throws Exception {
        try {
            future.get();
        } catch (ExecutionException error) {
            return result("code", (int) Errors.forException(error.getCause()).code());
        }
        throw new IllegalStateException("no error");
    }

    private KafkaProducer<byte[], byte[]> newProducer(Map<String, Object> settings) {
        Map<String, Object> all = new HashMap<>(settings);
        all.put("bootstrap.servers", broker);
        return new KafkaProducer<>(all, new ByteArraySerializer(), new ByteArraySerializer());
    }

    private int produce(Map<String, Object> settings, List<ProducerRecord<byte[], byte[]>> records)
            throws Exception {
        try (KafkaProducer<byte[], byte[]> producer = newProducer(settings)) {
            List<Future<?>> sent = new ArrayList<>();
            for (ProducerRecord<byte[], byte[]> record : records) sent.add(producer.send(record));
            for (Future<?> each : sent) each.get();
        }
        return records.size();
    }

    private KafkaConsumer<byte[], byte[]> newConsumer(String group) {
        Map<String, Object> settings = new HashMap<>();
        settings.put("bootstrap.servers", broker);
        settings.put("group.id", group);
        settings.put("auto.offset.reset", "earliest");
        settings.put("enable.auto.commit", false);
        settings.put("session.timeout.ms", 10_000);
        settings.put("heartbeat.interval.ms", 500);
        settings.put("fetch.max.wait.ms", 200);
        return new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    /** Reads records in a group, commits what was taken, leaves. */
    private List<ConsumerRecord<byte[], byte[]>> take(String group, List<String> topics, int count)
            throws Exception {
        List<ConsumerRecord<byte[], byte[]>> taken = new ArrayList<>();
        Map<TopicPartition, OffsetAndMetadata> next = new HashMap<>();
        try (KafkaConsumer<byte[], byte[]> consumer = newConsumer(group)) {
            consumer.subscribe(topics);
            until(count + " records", () -> {
                for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(100))) {
                    if (taken.size() == count) break;
                    taken.add(record);
                    TopicPartition partition = new TopicPartition(record.topic(), record.partition());
                    next.put(partition, new OffsetAndMetadata(record.offset() + 1));
                }
                return taken.size() == count;
            });
            consumer.commitSync(next);
        }
        return taken;
    }

    Map<String, Object> partitions(String topic) throws Exception {
        var found = admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic);
        return result("partitions", found.partitions().size());
    }

    private Map<String, Object> createTopic() throws Exception {
        List<NewTopic> topics = new ArrayList<>();
        topics.add(new NewTopic(main, 3, (short) 1).configs(Map.of("retention.ms", "3600000")));
        for (String name : List.of(resume, odd, times)) topics.add(new NewTopic(name, 1, (short) 1));
        admin.createTopics(topics).all().get();
        return partitions(main);
    }

    private Map<String, Object> unknownTopic() throws Exception {
        String absent = prefix + "-absent";
        return code(admin.describeTopics(List.of(absent)).topicNameValues().get(absent).toCompletionStage()
                .toCompletableFuture());
    }

    private Map<String, Object> autoCreate() throws Exception {
        produce(Map.of(), List.of(new ProducerRecord<>(prefix + "-auto", bytes("x"))));
        return partitions(prefix + "-auto");
    }

    private Map<String, Object> produceBatch(String codec) throws Exception {
        List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
        for (int n = 0; n < 12; n += 1)
            records.add(new ProducerRecord<>(main, bytes("k" + n % 4), bytes(codec + "-" + n)));
        String type = codec.equals("uncompressed") ? "none" : codec;
        return result("records", produce(Map.of("compression.type", type, "linger.ms", 50), records));
    }

    /** The Java producer is idempotent unless it is told not to be. */
    private Map<String, Object> idempotent() throws Exception {
        List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
        for (int n = 0; n < 20; n += 1) records.add(new ProducerRecord<>(resume, bytes("r-" + n)));
        produce(Map.of("linger.ms", 50), records);
        return result("records", logEnds(resume).get("high"));
    }

    private Map<String, Object> tooLarge() throws Exception {
        try (var producer = newProducer(Map.of("max.request.size", 10_000_000))) {
            return code(producer.send(new ProducerRecord<>(odd, new byte[2_000_000])));
        }
    }

    private Map<String, Object> consumeAll() throws Exception {
        List<Report.Seen> seen = new ArrayList<>();
        for (var record : take(prefix + "-all", List.of(main), 60))
            seen.add(new Report.Seen(text(record.key()), text(record.value())));
        return Report.checkBatches(CODECS, seen);
    }

    private Map<String, Object> resumeAfterCommit() throws Exception {
        take(prefix + "-resume", List.of(resume), 10);
        var rest = take(prefix + "-resume", List.of(resume), 10);
        return result("first", text(rest.get(0).value()), "records", rest.size());
    }

    private void shareSteps() throws Exception {
        List<KafkaConsumer<byte[], byte[]>> members = new ArrayList<>();
        for (int n = 0; n < 2; n += 1) members.add(newConsumer(prefix + "-share"));
        for (var member : members) member.subscribe(List.of(main));
        step("share partitions", () -> {
            until("both have partitions", () -> held(members).equals(List.of(1, 2)));
            return result("partitions", held(members));
        });
        step("take over partitions", () -> {
            members.remove(0).close();
            until("the other has all", () -> held(members).equals(List.of(3)));
            return result("partitions", held(members).get(0));
        });
        for (var member : members) member.close();
    }

    private static List<Integer> held(List<KafkaConsumer<byte[], byte[]>> members) {
        for (var member : members) member.poll(Duration.ofMillis(50));
        return members.stream().map(member -> member.assignment().size()).sorted().toList();
    }

    private Map<String, ConsumerRecord<byte[], byte[]>> byKey;
    private List<Long> stamps;

    /** Exchanges the records with something odd about them, once. */
    private void exchangeOdd() throws Exception {
        if (byKey != null) return;
        List<Header> headers = List.of(header("text", "text"), new RecordHeader("binary",
                HexFormat.of().parseHex("00ff80")), header("empty", ""), header("null", null));
        List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
        records.add(new ProducerRecord<>(odd, null, bytes("headers"), bytes("h"), headers));
        records.add(new ProducerRecord<>(odd, null, bytes("repeated"), bytes("h"),
                List.of(header("twice", "1"), header("twice", "2"))));
        records.add(new ProducerRecord<>(odd, bytes("gone"), null));
        records.add(new ProducerRecord<>(odd, bytes("keyless")));
        records.add(new ProducerRecord<>(odd, bytes("large"), LARGE));
        for (int n = 0; n < 10; n += 1)
            records.add(new ProducerRecord<>(times, 0, 1_700_000_000_000L + n * 1000, null, bytes("t")));
        produce(Map.of(), records);
        Map<String, ConsumerRecord<byte[], byte[]>> found = new HashMap<>();
        stamps = new ArrayList<>();
        for (var record : take(prefix + "-odd", List.of(odd, times), 15)) {
            if (record.topic().equals(times)) stamps.add(record.timestamp());
            else found.put(text(record.key()), record);
        }
        byKey = found;
    }

    private void recordStep(String name, String key, RecordCheck check) throws Exception {
        step(name, () -> {
            exchangeOdd();
            return check.of(byKey.get(key));
        });
    }

    private interface RecordCheck {
        Map<String, Object> of(ConsumerRecord<byte[], byte[]> record);
    }

    private void recordSteps() throws Exception {
        recordStep("headers", "headers", record -> {
            Header[] all = record.headers().toArray();
            String binary = HexFormat.of().formatHex(all[1].value());
            return result("text", text(all[0].value()), "binary", binary, "empty", text(all[2].value()));
        });
        recordStep("null header", "headers",
                record -> result("value", text(record.headers().lastHeader("null").value())));
        recordStep("repeated header", "repeated", record -> result("values",
                Arrays.stream(record.headers().toArray()).map(each -> text(each.value())).toList()));
        recordStep("tombstone", "gone",
                record -> result("key", text(record.key()), "value", text(record.value())));
        recordStep("null key", null,
                record -> result("key", text(record.key()), "value", text(record.value())));
        recordStep("large record", "large", record -> result("bytes", record.value().length,
                "same", Arrays.equals(record.value(), LARGE)));
        recordStep("timestamps", "gone", record -> result("first", stamps.get(0), "last", stamps.get(9)));
        step("offset for a time", this::offsetForTime);
        step("log ends", () -> logEnds(times));
    }

    private Map<String, Object> offsetForTime() {
        TopicPartition partition = new TopicPartition(times, 0);
        try (var consumer = newConsumer("unused")) {
            var at = consumer.offsetsForTimes(Map.of(partition, 1_700_000_004_500L)).get(partition);
            var beyond = consumer.offsetsForTimes(Map.of(partition, 1_800_000_000_000L)).get(partition);
            return result("at", at.offset(), "beyond", beyond);
        }
    }

    Map<String, Object> logEnds(String topic) {
        TopicPartition partition = new TopicPartition(topic, 0);
        List<TopicPartition> one = List.of(partition);
        try (var consumer = newConsumer("unused")) {
            return result("low", consumer.beginningOffsets(one).get(partition),
                    "high", consumer.endOffsets(one).get(partition));
        }
    }

    private static Header header(String key, String value) {
        return new RecordHeader(key, value == null ? null : bytes(value));
    }

    private static byte[] bytes(String text) {
        return text.getBytes(UTF_8);
    }

    private static String text(byte[] bytes) {
        return bytes == null ? null : new String(bytes, UTF_8);
    }
}
