package main

import (
	. "pabal.dev/interop/report"

	"github.com/IBM/sarama"
)

func listTopics() (Result, error) {
	topics, err := admin.ListTopics()
	_, found := topics[main_]
	return Result{"found": found}, err
}

func configs(names ...string) (Result, error) {
	entries, err := admin.DescribeConfig(sarama.ConfigResource{Type: sarama.TopicResource, Name: main_})
	result := Result{}
	for _, name := range names {
		for _, entry := range entries {
			if entry.Name == name {
				result[name] = entry.Value
			}
		}
	}
	return result, err
}

func alterConfigs() (Result, error) {
	value := "7200000"
	entry := sarama.IncrementalAlterConfigsEntry{
		Operation: sarama.IncrementalAlterConfigsOperationSet, Value: &value,
	}
	entries := map[string]sarama.IncrementalAlterConfigsEntry{"retention.ms": entry}
	if err := admin.IncrementalAlterConfig(sarama.TopicResource, main_, entries, false); err != nil {
		return nil, err
	}
	return Eventually(
		func() (Result, error) { return configs("retention.ms") },
		func(found Result) bool { return found["retention.ms"] == value },
	)
}

func addPartitions() (Result, error) {
	if err := admin.CreatePartitions(main_, 5, nil, false); err != nil {
		return nil, err
	}
	return Eventually(
		func() (Result, error) { return partitions(main_) },
		func(found Result) bool { return found["partitions"] == 5 },
	)
}

func listGroups() (Result, error) {
	groups, err := admin.ListConsumerGroups()
	_, found := groups[Name("resume")]
	return Result{"found": found}, err
}

func describeGroup() (Result, error) {
	groups, err := admin.DescribeConsumerGroups([]string{Name("resume")})
	if err != nil {
		return nil, err
	}
	return Result{"state": groups[0].State, "members": len(groups[0].Members)}, nil
}

func groupOffset() (Result, error) {
	found, err := admin.ListConsumerGroupOffsets(Name("resume"), map[string][]int32{resume: {0}})
	if err != nil {
		return nil, err
	}
	return Result{"offset": found.GetBlock(resume, 0).Offset}, nil
}

func setGroupOffset() (Result, error) {
	offsets := map[string]map[int32]sarama.OffsetAndMetadata{resume: {0: {Offset: 5, LeaderEpoch: -1}}}
	if _, err := admin.AlterConsumerGroupOffsets(Name("resume"), offsets, nil); err != nil {
		return nil, err
	}
	return groupOffset()
}

func deleteRecords() (Result, error) {
	if err := admin.DeleteRecords(times, map[int32]int64{0: 5}); err != nil {
		return nil, err
	}
	ends, err := logEnds(times)
	return Result{"low": ends["low"]}, err
}

func deleteGroup() (Result, error) {
	if err := admin.DeleteConsumerGroup(Name("resume")); err != nil {
		return nil, err
	}
	return listGroups()
}

func deleteTopic() (Result, error) {
	if err := admin.DeleteTopic(main_); err != nil {
		return nil, err
	}
	return Eventually(listTopics, func(topics Result) bool { return topics["found"] == false })
}

func adminSteps() {
	Step("list topics", listTopics)
	Step("describe topic", describeTopic)
	Step("describe configs", func() (Result, error) { return configs("retention.ms", "cleanup.policy") })
	Step("alter configs", alterConfigs)
	Step("add partitions", addPartitions)
	Step("list groups", listGroups)
	Step("describe group", describeGroup)
	Step("group offsets", groupOffset)
	Step("set group offsets", setGroupOffset)
	Step("delete records", deleteRecords)
	Step("delete group", deleteGroup)
	Step("delete topic", deleteTopic)
}
