package main

import (
	. "pabal.dev/interop/report"

	"github.com/twmb/franz-go/pkg/kadm"
)

func listTopics() (Result, error) {
	found, err := admin.ListTopics(ctx)
	return Result{"found": found.Has(main_)}, err
}

func describeTopic() (Result, error) {
	found, err := admin.ListTopics(ctx, main_)
	if err != nil {
		return nil, err
	}
	parts := found[main_].Partitions
	return Result{"partitions": len(parts), "replicas": len(parts[0].Replicas)}, nil
}

func configs(names ...string) (Result, error) {
	found, err := admin.DescribeTopicConfigs(ctx, main_)
	if err != nil {
		return nil, err
	}
	result := Result{}
	for _, name := range names {
		for _, config := range found[0].Configs {
			if config.Key == name {
				result[name] = config.MaybeValue()
			}
		}
	}
	return result, found[0].Err
}

func alterConfigs() (Result, error) {
	value := "7200000"
	change := kadm.AlterConfig{Op: kadm.SetConfig, Name: "retention.ms", Value: &value}
	altered, err := admin.AlterTopicConfigs(ctx, []kadm.AlterConfig{change}, main_)
	if err == nil {
		err = altered[0].Err
	}
	if err != nil {
		return nil, err
	}
	return Eventually(
		func() (Result, error) { return configs("retention.ms") },
		func(found Result) bool { return found["retention.ms"] == value },
	)
}

func addPartitions() (Result, error) {
	if _, err := admin.UpdatePartitions(ctx, 5, main_); err != nil {
		return nil, err
	}
	return Eventually(
		func() (Result, error) { return partitions(main_) },
		func(found Result) bool { return found["partitions"] == 5 },
	)
}

func listGroups() (Result, error) {
	groups, err := admin.ListGroups(ctx)
	_, found := groups[Name("resume")]
	return Result{"found": found}, err
}

func describeGroup() (Result, error) {
	groups, err := admin.DescribeGroups(ctx, Name("resume"))
	group := groups[Name("resume")]
	return Result{"state": group.State, "members": len(group.Members)}, err
}

func groupOffset() (Result, error) {
	found, err := admin.FetchOffsets(ctx, Name("resume"))
	offset, _ := found.Lookup(resume, 0)
	return Result{"offset": offset.At}, err
}

func offsets(topic string, at int64) kadm.Offsets {
	var wanted kadm.Offsets
	wanted.AddOffset(topic, 0, at, -1)
	return wanted
}

func setGroupOffset() (Result, error) {
	if err := admin.CommitAllOffsets(ctx, Name("resume"), offsets(resume, 5)); err != nil {
		return nil, err
	}
	return groupOffset()
}

func deleteRecords() (Result, error) {
	deleted, err := admin.DeleteRecords(ctx, offsets(times, 5))
	if err == nil {
		err = deleted.Error()
	}
	if err != nil {
		return nil, err
	}
	ends, err := logEnds(times)
	return Result{"low": ends["low"]}, err
}

func deleteGroup() (Result, error) {
	if _, err := admin.DeleteGroup(ctx, Name("resume")); err != nil {
		return nil, err
	}
	return listGroups()
}

func deleteTopic() (Result, error) {
	if _, err := admin.DeleteTopic(ctx, main_); err != nil {
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
