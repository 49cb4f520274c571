// go get github.com/twmb/franz-go
package main

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kgo"
)

func main() {
	client, err := kgo.NewClient(
		kgo.SeedBrokers("localhost:9092"), kgo.AllowAutoTopicCreation(),
		kgo.ConsumerGroup("greeters-go"), kgo.ConsumeTopics("greetings"),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
	)
	if err != nil {
		panic(err)
	}
	defer client.Close()
	record := &kgo.Record{Topic: "greetings", Value: []byte("Hello, Pabal")}
	if err := client.ProduceSync(context.Background(), record).FirstErr(); err != nil {
		panic(err)
	}
	fetches := client.PollFetches(context.Background())
	fetches.EachRecord(func(record *kgo.Record) { fmt.Println(string(record.Value)) })
}
