package interop;

import static interop.Report.result;
import static interop.Report.step;
import static interop.Report.until;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InvalidProducerEpochException;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** Transactions of Apache's Java client, by version 2 of the protocol (KIP-890): KafkaTransactions HOST:PORT PREFIX. */
public final class KafkaTransactions {
    private final String broker;
    private final String prefix;

    public static void main(String[] args) throws Exception {
        new KafkaTransactions(args[0], args[1]).run();
    }

    private KafkaTransactions(String broker, String prefix) {
        this.broker = broker;
        this.prefix = prefix;
    }

    private void run() throws Exception {
        step("commit transactions", this::commitAndAbort);
        step("fence a producer", this::fence);
        step("offsets in a transaction", this::offsets);
    }

    private KafkaProducer<byte[], byte[]> newProducer(String id) {
        Map<String, Object> settings = new HashMap<>();
        settings.put("bootstrap.servers", broker);
        settings.put("transactional.id", prefix + "-" + id);
        settings.put("linger.ms", 0);
        return new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer());
    }

    private static ProducerRecord<byte[], byte[]> record(String topic, String value) {
        return new ProducerRecord<>(topic, 0, null, value.getBytes(UTF_8));
    }

    /** Values from the first to `last`. */
    private List<String> read(String topic, String isolation, String last) throws Exception {
        Map<String, Object> settings = new HashMap<>();
        settings.put("bootstrap.servers", broker);
        settings.put("isolation.level", isolation);
        settings.put("fetch.max.wait.ms", 100);
        List<String> values = new ArrayList<>();
        try (var consumer = new KafkaConsumer<>(settings, new ByteArrayDeserializer(),
                new ByteArrayDeserializer())) {
            List<TopicPartition> one = List.of(new TopicPartition(topic, 0));
            consumer.assign(one);
            consumer.seekToBeginning(one);
            until(last + " in " + topic, () -> {
                for (var each : consumer.poll(Duration.ofMillis(100)))
                    values.add(new String(each.value(), UTF_8));
                return values.contains(last);
            });
        }
        return values;
    }

    private Map<String, Object> commitAndAbort() throws Exception {
        String topic = prefix + "-tx";
        try (var producer = newProducer("tx")) {
            producer.initTransactions();
            for (int n = 0; n < 4; n += 1) {
                producer.beginTransaction();
                for (int m = 0; m < 2; m += 1) producer.send(record(topic, n + "-" + m));
                if (n != 3) producer.flush();
                if (n == 1) producer.abortTransaction();
                else producer.commitTransaction();
            }
        }
        return result("committed", read(topic, "read_committed", "3-1"),
                "all", read(topic, "read_uncommitted", "3-1").size());
    }

    private Map<String, Object> fence() throws Exception {
        String topic = prefix + "-fence";
        boolean isFenced = false;
        try (var first = newProducer("fence"); var second = newProducer("fence")) {
            first.initTransactions();
            first.beginTransaction();
            first.send(record(topic, "zombie")).get();
            second.initTransactions();
            second.beginTransaction();
            second.send(record(topic, "alive")).get();
            try {
                first.commitTransaction();
            } catch (ProducerFencedException | InvalidProducerEpochException error) {
                isFenced = true;
            } catch (KafkaException error) {
                isFenced = error.getCause() instanceof ProducerFencedException
                        || error.getCause() instanceof InvalidProducerEpochException;
            }
            second.commitTransaction();
        }
        return result("fenced", isFenced, "committed", read(topic, "read_committed", "alive"));
    }

    private Map<String, Object> offsets() throws Exception {
        String topic = prefix + "-txoffsets";
        String group = prefix + "-txgroup";
        TopicPartition partition = new TopicPartition(topic, 0);
        Map<String, Object> settings = new HashMap<>();
        settings.put("bootstrap.servers", broker);
        settings.put("group.id", group);
        settings.put("isolation.level", "read_committed");
        try (var producer = newProducer("offsets"); var consumer = new KafkaConsumer<>(settings,
                new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            producer.initTransactions();
            List<Object> seen = new ArrayList<>();
            for (long offset = 5; offset < 8; offset += 1) {
                producer.beginTransaction();
                producer.send(record(topic, "x"));
                producer.sendOffsetsToTransaction(Map.of(partition, new OffsetAndMetadata(offset)),
                        new ConsumerGroupMetadata(group));
                if (offset == 6) producer.abortTransaction();
                else producer.commitTransaction();
                seen.add(consumer.committed(java.util.Set.of(partition)).get(partition).offset());
            }
            return result("offsets", seen);
        }
    }
}
