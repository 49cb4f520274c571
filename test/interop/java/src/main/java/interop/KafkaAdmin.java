package interop;

import static interop.Report.eventually;
import static interop.Report.result;
import static interop.Report.step;

import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;

/** The administrator's steps of {@link KafkaClient}. */
final class KafkaAdmin {
    private final KafkaClient client;
    private final String group;
    private final ConfigResource topic;

    KafkaAdmin(KafkaClient client) {
        this.client = client;
        group = client.prefix + "-resume";
        topic = new ConfigResource(ConfigResource.Type.TOPIC, client.main);
    }

    void run() throws Exception {
        step("list topics", this::listTopics);
        step("describe topic", this::describeTopic);
        step("describe configs", () -> configs("retention.ms", "cleanup.policy"));
        step("alter configs", this::alterConfigs);
        step("add partitions", this::addPartitions);
        step("list groups", this::listGroups);
        step("describe group", this::describeGroup);
        step("group offsets", this::groupOffset);
        step("set group offsets", this::setGroupOffset);
        step("delete records", this::deleteRecords);
        step("delete group", this::deleteGroup);
        step("delete topic", this::deleteTopic);
    }

    private Map<String, Object> listTopics() throws Exception {
        return result("found", client.admin.listTopics().names().get().contains(client.main));
    }

    private Map<String, Object> describeTopic() throws Exception {
        var found = client.admin.describeTopics(List.of(client.main)).allTopicNames().get().get(client.main);
        int replicas = found.partitions().get(0).replicas().size();
        return result("partitions", found.partitions().size(), "replicas", replicas);
    }

    private Map<String, Object> configs(String... names) throws Exception {
        var found = client.admin.describeConfigs(List.of(topic)).all().get().get(topic);
        Map<String, Object> values = result();
        for (String name : names) values.put(name, found.get(name).value());
        return values;
    }

    private Map<String, Object> alterConfigs() throws Exception {
        ConfigEntry entry = new ConfigEntry("retention.ms", "7200000");
        AlterConfigOp change = new AlterConfigOp(entry, AlterConfigOp.OpType.SET);
        client.admin.incrementalAlterConfigs(Map.of(topic, List.of(change))).all().get();
        return eventually(result("retention.ms", "7200000"), () -> configs("retention.ms"));
    }

    private Map<String, Object> addPartitions() throws Exception {
        client.admin.createPartitions(Map.of(client.main, NewPartitions.increaseTo(5))).all().get();
        return eventually(result("partitions", 5), () -> client.partitions(client.main));
    }

    private Map<String, Object> listGroups() throws Exception {
        var groups = client.admin.listGroups().all().get();
        return result("found", groups.stream().anyMatch(each -> each.groupId().equals(group)));
    }

    private Map<String, Object> describeGroup() throws Exception {
        var found = client.admin.describeConsumerGroups(List.of(group)).all().get().get(group);
        return result("state", found.groupState().toString(), "members", found.members().size());
    }

    private Map<String, Object> groupOffset() throws Exception {
        var offsets = client.admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata().get();
        return result("offset", offsets.get(new TopicPartition(client.resume, 0)).offset());
    }

    private Map<String, Object> setGroupOffset() throws Exception {
        var offsets = Map.of(new TopicPartition(client.resume, 0), new OffsetAndMetadata(5));
        client.admin.alterConsumerGroupOffsets(group, offsets).all().get();
        return groupOffset();
    }

    private Map<String, Object> deleteRecords() throws Exception {
        var before = Map.of(new TopicPartition(client.times, 0), RecordsToDelete.beforeOffset(5));
        client.admin.deleteRecords(before).all().get();
        return result("low", client.logEnds(client.times).get("low"));
    }

    private Map<String, Object> deleteGroup() throws Exception {
        client.admin.deleteConsumerGroups(List.of(group)).all().get();
        return listGroups();
    }

    private Map<String, Object> deleteTopic() throws Exception {
        client.admin.deleteTopics(List.of(client.main)).all().get();
        return eventually(result("found", false), this::listTopics);
    }
}
