// franz-go against a Kafka broker: franz HOST:PORT PREFIX
package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	. "pabal.dev/interop/report"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

var (
	main_, resume, odd, times = Name("main"), Name("resume"), Name("odd"), Name("times")
	ctx                       = context.Background()
	client                    = Must(newClient())
	admin                     = kadm.NewClient(client)
	codecNames                = []string{"uncompressed", "gzip", "snappy", "lz4", "zstd"}
	codecs                    = []kgo.CompressionCodec{kgo.NoCompression(), kgo.GzipCompression(),
		kgo.SnappyCompression(), kgo.Lz4Compression(), kgo.ZstdCompression()}
)

func newClient(options ...kgo.Opt) (*kgo.Client, error) {
	base := []kgo.Opt{kgo.SeedBrokers(Argument(1)), kgo.FetchMaxWait(300 * time.Millisecond)}
	return kgo.NewClient(append(base, options...)...)
}

func code(err error) (Result, error) {
	var known *kerr.Error
	if errors.As(err, &known) {
		return Result{"code": known.Code}, nil
	}
	return nil, fmt.Errorf("no error of Kafka's: %w", err)
}

func produce(records []*kgo.Record, options ...kgo.Opt) error {
	producer, err := newClient(options...)
	if err != nil {
		return err
	}
	defer producer.Close()
	return producer.ProduceSync(ctx, records...).FirstErr()
}

func member(group string, topics []string, more ...kgo.Opt) (*kgo.Client, error) {
	return newClient(append([]kgo.Opt{
		kgo.ConsumerGroup(group), kgo.ConsumeTopics(topics...), kgo.DisableAutoCommit(),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.SessionTimeout(10 * time.Second), kgo.HeartbeatInterval(500 * time.Millisecond),
	}, more...)...)
}

// take reads count records in a group, commits what was taken, leaves.
func take(group string, topics []string, count int) ([]*kgo.Record, error) {
	consumer, err := member(group, topics)
	if err != nil {
		return nil, err
	}
	defer consumer.Close()
	limited, stop := context.WithTimeout(ctx, 20*time.Second)
	defer stop()
	var taken []*kgo.Record
	for len(taken) < count {
		fetches := consumer.PollFetches(limited)
		if err := fetches.Err(); err != nil {
			return nil, err
		}
		taken = append(taken, fetches.Records()...)
	}
	taken = taken[:count]
	return taken, consumer.CommitRecords(ctx, taken...)
}

func partitions(topic string) (Result, error) {
	found, err := admin.ListTopics(ctx, topic)
	if err != nil {
		return nil, err
	}
	return Result{"partitions": len(found[topic].Partitions)}, found[topic].Err
}

func createTopic() (Result, error) {
	retention := "3600000"
	configs := map[string]*string{"retention.ms": &retention}
	if _, err := admin.CreateTopic(ctx, 3, 1, configs, main_); err != nil {
		return nil, err
	}
	if _, err := admin.CreateTopics(ctx, 1, 1, nil, resume, odd, times); err != nil {
		return nil, err
	}
	return partitions(main_)
}

func unknownTopic() (Result, error) {
	_, err := partitions(Name("absent"))
	return code(err)
}

func autoCreate() (Result, error) {
	record := &kgo.Record{Topic: Name("auto"), Value: []byte("x")}
	if err := produce([]*kgo.Record{record}, kgo.AllowAutoTopicCreation()); err != nil {
		return nil, err
	}
	return partitions(Name("auto"))
}

func produceBatch(n int) (Result, error) {
	var records []*kgo.Record
	for i := range 12 {
		value := fmt.Sprintf("%s-%d", codecNames[n], i)
		key := []byte(fmt.Sprintf("k%d", i%4))
		records = append(records, &kgo.Record{Topic: main_, Key: key, Value: []byte(value)})
	}
	return Result{"records": len(records)}, produce(records, kgo.ProducerBatchCompression(codecs[n]))
}

// franz-go's producers are idempotent unless they are told not to be.
func idempotent() (Result, error) {
	var records []*kgo.Record
	for n := range 20 {
		records = append(records, &kgo.Record{Topic: resume, Value: []byte(fmt.Sprintf("r-%d", n))})
	}
	if err := produce(records); err != nil {
		return nil, err
	}
	ends, err := logEnds(resume)
	return Result{"records": ends["high"]}, err
}

func tooLarge() (Result, error) {
	record := &kgo.Record{Topic: odd, Value: make([]byte, 2_000_000)}
	plain := kgo.ProducerBatchCompression(kgo.NoCompression())
	return code(produce([]*kgo.Record{record}, kgo.ProducerBatchMaxBytes(10_000_000), plain))
}

func consumeAll() (Result, error) {
	taken, err := take(Name("all"), []string{main_}, 60)
	var seen []Record
	for _, record := range taken {
		seen = append(seen, Record{Key: string(record.Key), Value: string(record.Value)})
	}
	return CheckBatches(codecNames, seen), err
}

func resumeAfterCommit() (Result, error) {
	if _, err := take(Name("resume"), []string{resume}, 10); err != nil {
		return nil, err
	}
	rest, err := take(Name("resume"), []string{resume}, 10)
	if err != nil {
		return nil, err
	}
	return Result{"first": string(rest[0].Value), "records": len(rest)}, nil
}

// sharer is a member that counts its partitions.
type sharer struct {
	*kgo.Client
	held atomic.Int32
	stop context.CancelFunc
}

func newSharer() (*sharer, error) {
	s := &sharer{}
	count := func(sign int) func(context.Context, *kgo.Client, map[string][]int32) {
		return func(_ context.Context, _ *kgo.Client, held map[string][]int32) {
			s.held.Add(int32(sign * len(held[main_])))
		}
	}
	consumer, err := member(Name("share"), []string{main_},
		kgo.OnPartitionsAssigned(count(1)), kgo.OnPartitionsRevoked(count(-1)))
	if err != nil {
		return nil, err
	}
	polling, stop := context.WithCancel(ctx)
	s.Client, s.stop = consumer, stop
	go func() {
		for polling.Err() == nil {
			consumer.PollFetches(polling)
		}
	}()
	return s, nil
}

func (s *sharer) close() {
	s.stop()
	s.Close()
}

func shareSteps() {
	a, b := Must(newSharer()), Must(newSharer())
	held := func() []int32 {
		sizes := []int32{a.held.Load(), b.held.Load()}
		slices.Sort(sizes)
		return sizes
	}
	Step("share partitions", func() (Result, error) {
		err := Until("both have partitions", func() bool { return slices.Equal(held(), []int32{1, 2}) })
		return Result{"partitions": held()}, err
	})
	Step("take over partitions", func() (Result, error) {
		a.close()
		err := Until("the other has all", func() bool { return b.held.Load() == 3 })
		return Result{"partitions": b.held.Load()}, err
	})
	Step("wrong generation", func() (Result, error) { return wrongGeneration(b.Client) })
	b.close()
}

func wrongGeneration(consumer *kgo.Client) (Result, error) {
	request := kmsg.NewPtrOffsetCommitRequest()
	request.Group = Name("share")
	memberID, generation := consumer.GroupMetadata()
	request.MemberID, request.Generation = memberID, generation+7
	topic, partition := kmsg.NewOffsetCommitRequestTopic(), kmsg.NewOffsetCommitRequestTopicPartition()
	found, err := admin.ListTopics(ctx, main_)
	if err != nil {
		return nil, err
	}
	topic.Topic, topic.TopicID, partition.Offset = main_, found[main_].ID, 1
	topic.Partitions = append(topic.Partitions, partition)
	request.Topics = append(request.Topics, topic)
	response, err := request.RequestWith(ctx, client)
	if err != nil {
		return nil, err
	}
	return code(kerr.ErrorForCode(response.Topics[0].Partitions[0].ErrorCode))
}

func header(key string, value []byte) kgo.RecordHeader {
	return kgo.RecordHeader{Key: key, Value: value}
}

func exchangeOdd() (map[string]*kgo.Record, []int64, error) {
	headers := []kgo.RecordHeader{header("text", []byte("text")),
		header("binary", []byte{0, 0xff, 0x80}), header("empty", []byte{}), header("null", nil)}
	twice := []kgo.RecordHeader{header("twice", []byte("1")), header("twice", []byte("2"))}
	records := []*kgo.Record{
		{Topic: odd, Key: []byte("headers"), Value: []byte("h"), Headers: headers},
		{Topic: odd, Key: []byte("repeated"), Value: []byte("h"), Headers: twice},
		{Topic: odd, Key: []byte("gone")},
		{Topic: odd, Value: []byte("keyless")},
		{Topic: odd, Key: []byte("large"), Value: Large},
	}
	for n := range 10 {
		at := time.UnixMilli(1_700_000_000_000 + int64(n)*1000)
		records = append(records, &kgo.Record{Topic: times, Value: []byte("t"), Timestamp: at})
	}
	if err := produce(records); err != nil {
		return nil, nil, err
	}
	taken, err := take(Name("odd"), []string{odd, times}, len(records))
	byKey, stamps := map[string]*kgo.Record{}, []int64{}
	for _, record := range taken {
		if record.Topic == times {
			stamps = append(stamps, record.Timestamp.UnixMilli())
		} else {
			byKey[string(record.Key)] = record
		}
	}
	return byKey, stamps, err
}

// orNil tells null from empty, which a Go string cannot.
func orNil(value []byte) any {
	if value == nil {
		return nil
	}
	return string(value)
}

func recordSteps() {
	byKey, stamps, err := exchangeOdd()
	check := func(name string, key string, result func(*kgo.Record) Result) {
		Step(name, func() (Result, error) {
			if err != nil {
				return nil, err
			}
			return result(byKey[key]), nil
		})
	}
	check("headers", "headers", func(r *kgo.Record) Result {
		binary := hex.EncodeToString(r.Headers[1].Value)
		return Result{"text": string(r.Headers[0].Value), "binary": binary, "empty": orNil(r.Headers[2].Value)}
	})
	check("null header", "headers", func(r *kgo.Record) Result {
		return Result{"value": orNil(r.Headers[3].Value)}
	})
	check("repeated header", "repeated", func(r *kgo.Record) Result {
		return Result{"values": []any{orNil(r.Headers[0].Value), orNil(r.Headers[1].Value)}}
	})
	check("tombstone", "gone", func(r *kgo.Record) Result {
		return Result{"key": orNil(r.Key), "value": orNil(r.Value)}
	})
	check("null key", "", func(r *kgo.Record) Result {
		return Result{"key": orNil(r.Key), "value": orNil(r.Value)}
	})
	check("large record", "large", func(r *kgo.Record) Result {
		return Result{"bytes": len(r.Value), "same": bytes.Equal(r.Value, Large)}
	})
	check("timestamps", "", func(*kgo.Record) Result {
		return Result{"first": stamps[0], "last": stamps[len(stamps)-1]}
	})
	Step("offset for a time", offsetForTime)
	Step("log ends", func() (Result, error) { return logEnds(times) })
}

func offsetForTime() (Result, error) {
	at, err := admin.ListOffsetsAfterMilli(ctx, 1_700_000_004_500, times)
	if err != nil {
		return nil, err
	}
	// Beyond the last record kadm asks again, for the end of the log.
	late, err := admin.ListOffsetsAfterMilli(ctx, 1_800_000_000_000, times)
	result := Result{"at": at[times][0].Offset, "beyond": nil}
	if late[times][0].Offset != 10 {
		result["beyond"] = late[times][0].Offset
	}
	return result, err
}

func logEnds(topic string) (Result, error) {
	low, err := admin.ListStartOffsets(ctx, topic)
	if err != nil {
		return nil, err
	}
	high, err := admin.ListEndOffsets(ctx, topic)
	return Result{"low": low[topic][0].Offset, "high": high[topic][0].Offset}, err
}

func main() {
	Step("create topic", createTopic)
	Step("unknown topic", unknownTopic)
	Step("auto-create topic", autoCreate)
	for n, name := range codecNames {
		Step("produce "+name, func() (Result, error) { return produceBatch(n) })
	}
	Step("idempotent producer", idempotent)
	Step("too large record", tooLarge)
	Step("consume in a group", consumeAll)
	Step("resume after commit", resumeAfterCommit)
	shareSteps()
	recordSteps()
	adminSteps()
	client.Close()
}
