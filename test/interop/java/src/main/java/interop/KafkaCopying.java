package interop;

import static interop.Report.result;
import static interop.Report.step;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Copies a topic in transactions while nodes are killed, as confluent_kafka_copying.py does: KafkaCopying HOST:PORT,… PREFIX
 * copy. A line says that so many transactions are committed, or which call has not come back for 45 s; it ends once stdin
 * is closed.
 */
public final class KafkaCopying {
    private static final long STUCK_MS = 45_000;
    private final String broker;
    private final String prefix;
    private volatile boolean isStopped;
    private volatile String calling;
    private volatile long since;

    /** What may have to be called again. */
    private interface Call {
        void run();
    }

    public static void main(String[] args) throws Exception {
        new KafkaCopying(args[0], args[1]).run();
    }

    private KafkaCopying(String broker, String prefix) {
        this.broker = broker;
        this.prefix = prefix;
    }

    private void run() throws Exception {
        inBackground(this::waitForEnd);
        inBackground(this::watch);
        step("copy", this::copy);
        System.exit(0);
    }

    private static void inBackground(Runnable work) {
        Thread thread = new Thread(work);
        thread.setDaemon(true);
        thread.start();
    }

    private void waitForEnd() {
        try {
            while (System.in.read() != -1) continue;
        } catch (java.io.IOException error) {
            // It is closed.
        }
        isStopped = true;
    }

    private void watch() {
        String told = null;
        for (;;) {
            try {
                Thread.sleep(500);
            } catch (InterruptedException error) {
                return;
            }
            String what = calling;
            String one = what + since;
            if (what == null || System.currentTimeMillis() - since < STUCK_MS || one.equals(told)) continue;
            told = one;
            System.out.println("{\"stuck\": \"" + what + "\", \"since\": " + since / 1000.0 + "}");
        }
    }

    private void call(String what, Call call) {
        since = System.currentTimeMillis();
        calling = what;
        try {
            call.run();
        } finally {
            calling = null;
        }
    }

    /** After a timeout the same call goes on. */
    private void insist(String what, Call call) {
        for (int tries = 0;; tries += 1) {
            try {
                call(what, call);
                return;
            } catch (TimeoutException error) {
                if (tries == 5) throw error;
            }
        }
    }

    private KafkaProducer<byte[], byte[]> newProducer() {
        Map<String, Object> settings = new HashMap<>();
        settings.put("bootstrap.servers", broker);
        settings.put("client.id", "copier");
        settings.put("transactional.id", prefix + "-copier");
        settings.put("linger.ms", 0);
        settings.put("max.block.ms", 30_000);
        var producer = new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer());
        insist("initTransactions", producer::initTransactions);
        return producer;
    }

    private KafkaConsumer<byte[], byte[]> newConsumer() {
        Map<String, Object> settings = new HashMap<>();
        settings.put("bootstrap.servers", broker);
        settings.put("group.id", prefix + "-group");
        settings.put("enable.auto.commit", false);
        settings.put("auto.offset.reset", "earliest");
        settings.put("isolation.level", "read_committed");
        settings.put("max.poll.records", 5);
        return new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    private Map<String, Object> copy() throws Exception {
        int committed = 0;
        var producer = newProducer();
        try (var consumer = newConsumer()) {
            consumer.subscribe(List.of(prefix + "-in"));
            while (!isStopped) {
                var records = consumer.poll(Duration.ofMillis(200));
                if (records.isEmpty()) continue;
                try {
                    transact(producer, consumer, records);
                    committed += 1;
                    System.out.println(committed);
                } catch (KafkaException error) {
                    System.out.println("{\"failed\": \"" + error.toString().replace('"', '\'') + "\"}");
                    producer = goOnAfter(producer);
                    rewind(consumer);
                }
                Thread.sleep(20);
            }
        }
        producer.close(Duration.ofSeconds(10));
        return result("committed", committed);
    }

    private void transact(KafkaProducer<byte[], byte[]> producer, KafkaConsumer<byte[], byte[]> consumer,
            Iterable<ConsumerRecord<byte[], byte[]>> records) {
        Map<TopicPartition, OffsetAndMetadata> places = new HashMap<>();
        producer.beginTransaction();
        for (var record : records) {
            producer.send(new ProducerRecord<>(prefix + "-out", record.partition(), null, record.value()));
            places.put(new TopicPartition(record.topic(), record.partition()),
                    new OffsetAndMetadata(record.offset() + 1));
        }
        insist("sendOffsetsToTransaction",
                () -> producer.sendOffsetsToTransaction(places, consumer.groupMetadata()));
        insist("commitTransaction", producer::commitTransaction);
    }

    /** An abort, or a new producer where this one can do nothing any more. */
    private KafkaProducer<byte[], byte[]> goOnAfter(KafkaProducer<byte[], byte[]> producer) {
        try {
            insist("abortTransaction", producer::abortTransaction);
            return producer;
        } catch (KafkaException error) {
            call("close", () -> producer.close(Duration.ofSeconds(5)));
            return newProducer();
        }
    }

    private void rewind(KafkaConsumer<byte[], byte[]> consumer) {
        var parts = consumer.assignment();
        Map<TopicPartition, OffsetAndMetadata> places = new HashMap<>();
        insist("committed", () -> places.putAll(consumer.committed(parts)));
        for (TopicPartition part : parts) {
            OffsetAndMetadata place = places.get(part);
            consumer.seek(part, place == null ? 0 : place.offset());
        }
    }
}
