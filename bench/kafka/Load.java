// What librdkafka has not, or not well: transactions, share groups, and updates of a compacted topic, by Kafka's
// Java client. Run from its source; prints one line of JSON.
//
//   java -cp CLASSPATH Load.java transactions|share|updates|topic --port 9092 --seconds 5 --warmup 1

import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.KafkaShareConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

public final class Load {
  private static final String TOPIC = "load";
  private static final int OUTSTANDING = 20_000;
  private static final int AT_ONCE = 5000;
  private static final int SERVED_MS = 600_000;

  private final Map<String, String> options = new HashMap<>();
  private final Map<String, Object> client = new HashMap<>();

  private Load(String[] args) {
    for (int at = 1; at + 1 < args.length; at += 2) options.put(args[at].substring(2), args[at + 1]);
    client.put("bootstrap.servers", "127.0.0.1:" + options.get("port"));
  }

  public static void main(String[] args) throws Exception {
    Load load = new Load(args);
    switch (args[0]) {
      case "transactions" -> load.transactions();
      case "share" -> load.share();
      case "updates" -> load.updates();
      case "topic" -> load.topic();
      default -> throw new IllegalArgumentException(args[0]);
    }
  }

  /** Begin, some records, commit, one after the other. */
  private void transactions() throws Exception {
    int perTransaction = (int) number("records", 100);
    int partitions = (int) number("partitions", 6);
    createTopic(partitions, Map.of());
    client.put("transactional.id", "load");
    byte[] value = payload();
    Latencies latencies = new Latencies();
    try (KafkaProducer<byte[], byte[]> producer = producer()) {
      producer.initTransactions();
      Window window = new Window();
      long sequence = 0;
      while (!window.isOver()) {
        long startedAt = System.nanoTime();
        producer.beginTransaction();
        for (int count = 0; count < perTransaction; count++) {
          int partition = (int) (sequence++ % partitions);
          producer.send(new ProducerRecord<>(TOPIC, partition, null, value));
        }
        producer.commitTransaction();
        if (window.count(1)) latencies.add(System.nanoTime() - startedAt);
      }
      double rate = window.rate();
      print("commit_rate", rate, "rate", rate * perTransaction, latencies, window);
    }
  }

  /** One member of a share group reads what is there, and has it acknowledged with its next poll. */
  private void share() throws Exception {
    long total = (long) number("count", 100_000);
    try (Admin admin = Admin.create(client)) {
      alter(admin, new ConfigResource(ConfigResource.Type.GROUP, "load"), "share.auto.offset.reset", "earliest");
    }
    client.put("group.id", "load");
    client.put("key.deserializer", ByteArrayDeserializer.class);
    client.put("value.deserializer", ByteArrayDeserializer.class);
    try (KafkaShareConsumer<byte[], byte[]> consumer = new KafkaShareConsumer<>(client)) {
      consumer.subscribe(List.of(TOPIC));
      Window window = new Window(total / 5);
      long taken = 0;
      long deadline = System.nanoTime() + Duration.ofSeconds(120).toNanos();
      while (taken < total) {
        int count = consumer.poll(Duration.ofMillis(500)).count();
        taken += count;
        window.count(count);
        if (System.nanoTime() > deadline) throw new IllegalStateException("got " + taken + " of " + total);
      }
      window.close();
      print("taken", (double) taken, "rate", window.rate(), new Latencies(), window);
    }
  }

  /** Newer values for the same keys, as fast as they are taken; then what is left of the log. */
  private void updates() throws Exception {
    int keys = (int) number("keys", 10_000);
    createTopic(
        1,
        Map.of(
            "cleanup.policy", "compact",
            "segment.bytes", "16777216",
            "min.cleanable.dirty.ratio", "0.1"));
    try (Admin admin = Admin.create(client)) {
      // Kafka's cleaner looks every 15 seconds, which is longer than a run.
      alter(admin, new ConfigResource(ConfigResource.Type.BROKER, ""), "log.cleaner.backoff.ms", "500");
    }
    byte[] value = payload();
    Random random = new Random(1);
    Latencies latencies = new Latencies();
    Semaphore room = new Semaphore(OUTSTANDING);
    AtomicReference<Exception> failure = new AtomicReference<>();
    long produced = 0;
    try (KafkaProducer<byte[], byte[]> producer = producer()) {
      Window window = new Window();
      while (!window.isOver() && failure.get() == null) {
        room.acquire();
        byte[] key = Integer.toString(random.nextInt(keys)).getBytes();
        long sentAt = System.nanoTime();
        produced++;
        producer.send(
            new ProducerRecord<>(TOPIC, key, value),
            (metadata, error) -> {
              room.release();
              if (error != null) failure.set(error);
              else if (window.count(1)) latencies.add(System.nanoTime() - sentAt);
            });
      }
      producer.flush();
      if (failure.get() != null) throw failure.get();
      double left = 100.0 * sizeLeft((long) number("settle", 10)) / ((double) produced * value.length);
      print("left_percent", left, "rate", window.rate(), latencies, window);
    }
  }

  /** A topic that has more partitions than Kafka's controller makes at once. */
  private void topic() throws Exception {
    int partitions = (int) number("partitions", 1);
    createTopic(Math.min(partitions, AT_ONCE), Map.of());
    try (Admin admin = Admin.create(client)) {
      for (int count = AT_ONCE * 2; count < partitions + AT_ONCE; count += AT_ONCE) {
        NewPartitions more = NewPartitions.increaseTo(Math.min(count, partitions));
        admin.createPartitions(Map.of(TOPIC, more)).all().get();
      }
      // A broker of Kafka opens them one by one after that. It answers for those that it serves.
      Map<TopicPartition, OffsetSpec> ends = new HashMap<>();
      for (int at = 0; at < partitions; at++) ends.put(new TopicPartition(TOPIC, at), OffsetSpec.latest());
      admin.listOffsets(ends, new ListOffsetsOptions().timeoutMs(SERVED_MS)).all().get();
    }
  }

  /** The size of the log after at most so many seconds, as soon as it does not shrink any more. */
  private long sizeLeft(long seconds) throws Exception {
    long size = Long.MAX_VALUE;
    try (Admin admin = Admin.create(client)) {
      int node = admin.describeCluster().nodes().get().iterator().next().id();
      for (long left = seconds; left > 0; left--) {
        Thread.sleep(1000);
        long now = 0;
        for (var folder : admin.describeLogDirs(List.of(node)).allDescriptions().get().get(node).values()) {
          for (var replica : folder.replicaInfos().entrySet()) {
            if (replica.getKey().topic().equals(TOPIC)) now += replica.getValue().size();
          }
        }
        size = Math.min(size, now);
      }
    }
    return size;
  }

  private KafkaProducer<byte[], byte[]> producer() {
    client.put("key.serializer", ByteArraySerializer.class);
    client.put("value.serializer", ByteArraySerializer.class);
    return new KafkaProducer<>(client);
  }

  private void createTopic(int partitions, Map<String, String> configs) throws Exception {
    try (Admin admin = Admin.create(client)) {
      admin.createTopics(List.of(new NewTopic(TOPIC, partitions, (short) 1).configs(configs))).all().get();
    }
  }

  private static void alter(Admin admin, ConfigResource resource, String name, String value) throws Exception {
    Collection<AlterConfigOp> ops =
        List.of(new AlterConfigOp(new ConfigEntry(name, value), AlterConfigOp.OpType.SET));
    admin.incrementalAlterConfigs(Map.of(resource, ops)).all().get();
  }

  private byte[] payload() {
    byte[] value = new byte[(int) number("size", 1024)];
    new Random(2).nextBytes(value);
    return value;
  }

  private double number(String name, double preset) {
    String text = options.get(name);
    return text == null ? preset : Double.parseDouble(text);
  }

  private void print(String name, double figure, String rateName, double rate, Latencies latencies, Window window) {
    System.out.printf(
        java.util.Locale.ROOT,
        "{\"%s\":%.3f,\"%s\":%.1f,\"p50_us\":%.0f,\"p99_us\":%.0f,\"p999_us\":%.0f,\"seconds\":%.3f,\"client_cpu_seconds\":%.3f}%n",
        name, figure, rateName, rate, latencies.at(0.5), latencies.at(0.99), latencies.at(0.999),
        window.seconds(), window.cpuSeconds);
  }

  private static double cpuSeconds() {
    var system = (com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    return system.getProcessCpuTime() / 1e9;
  }

  /** What is counted: from some time, or some number, on. */
  private final class Window {
    private final long startsAt;
    private final long endsAt;
    private long skip;
    private long count;
    private long from;
    private long to;
    private double cpuSeconds;

    Window() {
      this.startsAt = System.nanoTime() + (long) (number("warmup", 1) * 1e9);
      this.endsAt = startsAt + (long) (number("seconds", 5) * 1e9);
    }

    Window(long skip) {
      this.skip = skip;
      this.startsAt = 0;
      this.endsAt = Long.MAX_VALUE;
    }

    synchronized boolean count(long more) {
      long now = System.nanoTime();
      if (now < startsAt || now >= endsAt) return false;
      if (skip > 0) {
        skip -= more;
        return false;
      }
      if (from == 0) {
        from = now;
        cpuSeconds = -cpuSeconds();
        return false;
      }
      count += more;
      to = now;
      return true;
    }

    synchronized boolean isOver() {
      if (System.nanoTime() < endsAt) return false;
      close();
      return true;
    }

    synchronized void close() {
      if (cpuSeconds < 0) cpuSeconds += cpuSeconds();
    }

    synchronized double seconds() {
      return (to - from) / 1e9;
    }

    synchronized double rate() {
      return to > from ? count / seconds() : 0;
    }
  }

  /** In nanoseconds; percentiles in microseconds. */
  private static final class Latencies {
    private long[] values = new long[1024];
    private int count;

    synchronized void add(long value) {
      if (count == values.length) values = Arrays.copyOf(values, count * 2);
      values[count++] = value;
    }

    synchronized double at(double share) {
      if (count == 0) return 0;
      long[] sorted = Arrays.copyOf(values, count);
      Arrays.sort(sorted);
      return sorted[Math.min(count - 1, (int) (share * count))] / 1000.0;
    }
  }
}
