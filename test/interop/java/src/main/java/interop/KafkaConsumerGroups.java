package interop;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.SubscriptionPattern;
import org.apache.kafka.common.serialization.StringDeserializer;

/** Groups of the consumer protocol (KIP-848) with Kafka's own client: ... HOST:PORT PREFIX. */
public final class KafkaConsumerGroups {
    private static String broker;
    private static String prefix;
    private static final List<Member> WORKING = new ArrayList<>();

    private KafkaConsumerGroups() {}

    public static void main(String[] args) throws Exception {
        broker = args[0];
        prefix = args[1];
        create("orders", 6);
        Report.step("share", () -> {
            WORKING.add(new Member("sharing", "consumer", false));
            int[] alone = shares(WORKING, 6);
            WORKING.add(new Member("sharing", "consumer", false));
            return Map.of("alone", alone, "together", shares(WORKING, 3, 3));
        });
        Report.step("take over", () -> {
            WORKING.remove(0).leave();
            int[] left = shares(WORKING, 6);
            WORKING.remove(0).leave();
            return Map.of("left", left);
        });
        Report.step("a pattern", () -> {
            create("seen-1", 2);
            Member member = new Member("pattern", "consumer", true);
            int[] before = shares(List.of(member), 2);
            create("seen-2", 3);
            int[] after = shares(List.of(member), 5);
            member.leave();
            return Map.of("before", before, "after", after);
        });
        Report.step("go over", () -> {
            Member old = new Member("moving", "classic", false);
            int[] classic = shares(List.of(old), 6);
            Member next = new Member("moving", "consumer", false);
            int[] both = shares(List.of(old, next), 3, 3);
            old.leave();
            WORKING.add(next);
            return Map.of("classic", classic, "both", both, "consumer", shares(WORKING, 6));
        });
        Report.step("go back", () -> {
            Member old = new Member("moving", "classic", false);
            int[] both = shares(List.of(WORKING.get(0), old), 3, 3);
            WORKING.remove(0).leave();
            int[] classic = shares(List.of(old), 6);
            old.leave();
            return Map.of("both", both, "classic", classic);
        });
    }

    private static void create(String name, int partitions) throws Exception {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", broker))) {
            NewTopic topic = new NewTopic(prefix + "-" + name, partitions, (short) 1);
            admin.createTopics(List.of(topic)).all().get();
        }
    }

    /** Waits until each member has as many partitions. */
    private static int[] shares(List<Member> members, int... wanted) throws Exception {
        Report.until(Arrays.toString(wanted), () -> Arrays.equals(
                members.stream().mapToInt(member -> member.partitions).toArray(), wanted));
        return wanted;
    }

    /** Polls in a thread of its own. */
    private static final class Member {
        private final Thread thread;
        private volatile boolean isLeaving;
        volatile int partitions;

        Member(String group, String protocol, boolean hasPattern) {
            Properties settings = new Properties();
            settings.put("bootstrap.servers", broker);
            settings.put("group.id", prefix + "-" + group);
            settings.put("group.protocol", protocol);
            settings.put("key.deserializer", StringDeserializer.class.getName());
            settings.put("value.deserializer", StringDeserializer.class.getName());
            if (protocol.equals("classic")) settings.put("heartbeat.interval.ms", "200");
            thread = new Thread(() -> run(settings, hasPattern));
            thread.start();
        }

        private void run(Properties settings, boolean hasPattern) {
            try (KafkaConsumer<String, String> consumer = new KafkaConsumer<>(settings)) {
                if (hasPattern) consumer.subscribe(new SubscriptionPattern(prefix + "-seen-.*"));
                else consumer.subscribe(List.of(prefix + "-orders"));
                while (!isLeaving) {
                    consumer.poll(Duration.ofMillis(100));
                    partitions = consumer.assignment().size();
                }
            }
        }

        void leave() throws InterruptedException {
            isLeaving = true;
            thread.join();
        }
    }
}
