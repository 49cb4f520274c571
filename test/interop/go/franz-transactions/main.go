// Transactions of franz-go: franz-transactions HOST:PORT PREFIX
package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	. "pabal.dev/interop/report"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

var ctx = context.Background()

func options(more ...kgo.Opt) []kgo.Opt {
	return append([]kgo.Opt{
		kgo.SeedBrokers(Argument(1)), kgo.FetchMaxWait(200 * time.Millisecond),
		kgo.AllowAutoTopicCreation(), kgo.RecordPartitioner(kgo.ManualPartitioner()),
	}, more...)
}

func newProducer(name string) *kgo.Client {
	return Must(kgo.NewClient(options(kgo.TransactionalID(Name(name)))...))
}

func send(producer *kgo.Client, topic string, values ...string) error {
	var records []*kgo.Record
	for _, value := range values {
		records = append(records, &kgo.Record{Topic: topic, Value: []byte(value)})
	}
	return producer.ProduceSync(ctx, records...).FirstErr()
}

// read takes values from the first to last.
func read(topic string, isolation kgo.IsolationLevel, last string) ([]string, error) {
	consumer, err := kgo.NewClient(options(kgo.ConsumeTopics(topic), kgo.FetchIsolationLevel(isolation),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))...)
	if err != nil {
		return nil, err
	}
	defer consumer.Close()
	limited, stop := context.WithTimeout(ctx, 20*time.Second)
	defer stop()
	var values []string
	for !slices.Contains(values, last) {
		fetches := consumer.PollFetches(limited)
		if err := fetches.Err(); err != nil {
			return values, err
		}
		for _, record := range fetches.Records() {
			values = append(values, string(record.Value))
		}
	}
	return values, nil
}

func commitAndAbort() (Result, error) {
	topic := Name("tx")
	producer := newProducer("tx")
	defer producer.Close()
	for n := range 4 {
		if err := producer.BeginTransaction(); err != nil {
			return nil, err
		}
		if err := send(producer, topic, fmt.Sprintf("%d-0", n), fmt.Sprintf("%d-1", n)); err != nil {
			return nil, err
		}
		if err := producer.EndTransaction(ctx, kgo.TransactionEndTry(n != 1)); err != nil {
			return nil, err
		}
	}
	committed, err := read(topic, kgo.ReadCommitted(), "3-1")
	if err != nil {
		return nil, err
	}
	all, err := read(topic, kgo.ReadUncommitted(), "3-1")
	return Result{"committed": committed, "all": len(all)}, err
}

func fence() (Result, error) {
	topic := Name("fence")
	first, second := newProducer("fence"), newProducer("fence")
	defer first.Close()
	defer second.Close()
	for _, each := range []struct {
		*kgo.Client
		value string
	}{{first, "zombie"}, {second, "alive"}} {
		if err := each.BeginTransaction(); err != nil {
			return nil, err
		}
		if err := send(each.Client, topic, each.value); err != nil {
			return nil, err
		}
	}
	refused := first.EndTransaction(ctx, kgo.TryCommit)
	isFenced := errors.Is(refused, kerr.ProducerFenced) || errors.Is(refused, kerr.InvalidProducerEpoch)
	if err := second.EndTransaction(ctx, kgo.TryCommit); err != nil {
		return nil, err
	}
	committed, err := read(topic, kgo.ReadCommitted(), "alive")
	return Result{"fenced": isFenced, "committed": committed}, err
}

// offsets are those of what a session has taken: five records, one that is given back, and two.
func offsets() (Result, error) {
	source, topic, group := Name("txsource"), Name("txoffsets"), Name("txgroup")
	plain := Must(kgo.NewClient(options()...))
	defer plain.Close()
	if err := send(plain, source, "0", "1", "2", "3", "4", "5", "6", "7"); err != nil {
		return nil, err
	}
	session, err := kgo.NewGroupTransactSession(options(kgo.TransactionalID(Name("offsets")),
		kgo.ConsumerGroup(group), kgo.ConsumeTopics(source), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))...)
	if err != nil {
		return nil, err
	}
	defer session.Close()
	var seen []int64
	for n, count := range []int{5, 1, 2} {
		if err := step(session, topic, count, n != 1); err != nil {
			return nil, err
		}
		committed, err := kadm.NewClient(plain).FetchOffsets(ctx, group)
		if err != nil {
			return nil, err
		}
		found, _ := committed.Lookup(source, 0)
		seen = append(seen, found.At)
	}
	return Result{"offsets": seen}, nil
}

func step(session *kgo.GroupTransactSession, topic string, count int, isCommit bool) error {
	limited, stop := context.WithTimeout(ctx, 20*time.Second)
	defer stop()
	for taken := 0; taken < count; {
		fetches := session.PollRecords(limited, count-taken)
		if err := fetches.Err(); err != nil {
			return err
		}
		taken += fetches.NumRecords()
	}
	if err := session.Begin(); err != nil {
		return err
	}
	if err := session.ProduceSync(ctx, &kgo.Record{Topic: topic, Value: []byte("x")}).FirstErr(); err != nil {
		return err
	}
	isCommitted, err := session.End(ctx, kgo.TransactionEndTry(isCommit))
	if err == nil && isCommitted != isCommit {
		err = fmt.Errorf("committed: %t", isCommitted)
	}
	return err
}

func main() {
	Step("commit transactions", commitAndAbort)
	Step("fence a producer", fence)
	Step("offsets in a transaction", offsets)
}
