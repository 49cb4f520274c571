// sarama against a Kafka broker: sarama HOST:PORT PREFIX
package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	. "pabal.dev/interop/report"

	"github.com/IBM/sarama"
)

var (
	main_, resume, odd, times = Name("main"), Name("resume"), Name("odd"), Name("times")
	brokers                   = []string{Argument(1)}
	client                    = Must(sarama.NewClient(brokers, newConfig()))
	admin                     = Must(sarama.NewClusterAdminFromClient(client))
	codecNames                = []string{"uncompressed", "gzip", "snappy", "lz4", "zstd"}
	codecs                    = []sarama.CompressionCodec{sarama.CompressionNone, sarama.CompressionGZIP,
		sarama.CompressionSnappy, sarama.CompressionLZ4, sarama.CompressionZSTD}
)

func newConfig() *sarama.Config {
	config := sarama.NewConfig()
	config.Version = sarama.MaxVersion
	config.Metadata.AllowAutoTopicCreation = false
	config.Metadata.Retry.Max = 1
	config.Producer.Return.Successes = true
	config.Producer.RequiredAcks = sarama.WaitForAll
	config.Consumer.Offsets.Initial = sarama.OffsetOldest
	config.Consumer.Offsets.AutoCommit.Enable = false
	config.Consumer.Group.Heartbeat.Interval = 500 * time.Millisecond
	config.Consumer.MaxWaitTime = 300 * time.Millisecond
	return config
}

func code(err error) (Result, error) {
	var known sarama.KError
	if errors.As(err, &known) {
		return Result{"code": int(known)}, nil
	}
	return nil, fmt.Errorf("no error of Kafka's: %w", err)
}

func produce(messages []*sarama.ProducerMessage, change func(*sarama.Config)) error {
	config := newConfig()
	change(config)
	producer, err := sarama.NewSyncProducer(brokers, config)
	if err != nil {
		return err
	}
	defer producer.Close()
	err = producer.SendMessages(messages)
	var failed sarama.ProducerErrors
	if errors.As(err, &failed) {
		return failed[0].Err
	}
	return err
}

func asTheyAre(*sarama.Config) {}

// taker takes records from a session until it has enough.
type taker struct {
	sync.Mutex
	wanted int
	taken  []*sarama.ConsumerMessage
	done   chan struct{}
}

func (*taker) Setup(sarama.ConsumerGroupSession) error   { return nil }
func (*taker) Cleanup(sarama.ConsumerGroupSession) error { return nil }

func (t *taker) ConsumeClaim(session sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	for {
		select {
		case <-session.Context().Done():
			return nil
		case message, open := <-claim.Messages():
			if !open {
				return nil
			}
			t.take(session, message)
		}
	}
}

func (t *taker) take(session sarama.ConsumerGroupSession, message *sarama.ConsumerMessage) {
	t.Lock()
	defer t.Unlock()
	if len(t.taken) >= t.wanted {
		return
	}
	t.taken = append(t.taken, message)
	session.MarkMessage(message, "")
	if len(t.taken) == t.wanted {
		session.Commit()
		close(t.done)
	}
}

// take reads count records in a group, commits what was taken, leaves.
func take(group string, topics []string, count int) ([]*sarama.ConsumerMessage, error) {
	consumer, err := sarama.NewConsumerGroup(brokers, group, newConfig())
	if err != nil {
		return nil, err
	}
	limited, stop := context.WithTimeout(context.Background(), 20*time.Second)
	defer stop()
	t := &taker{wanted: count, done: make(chan struct{})}
	ended := make(chan error, 1)
	go func() { ended <- consumer.Consume(limited, topics, t) }()
	select {
	case <-t.done:
	case err := <-ended:
		return nil, errors.Join(fmt.Errorf("took %d of %d", len(t.taken), count), err, consumer.Close())
	}
	stop()
	return t.taken, errors.Join(<-ended, consumer.Close())
}

func describeTopic() (Result, error) {
	found, err := admin.DescribeTopics([]string{main_})
	if err != nil {
		return nil, err
	}
	parts := found[0].Partitions
	return Result{"partitions": len(parts), "replicas": len(parts[0].Replicas)}, nil
}

func partitions(topic string) (Result, error) {
	found, err := admin.DescribeTopics([]string{topic})
	if err != nil {
		return nil, err
	}
	return Result{"partitions": len(found[0].Partitions)}, nil
}

func createTopic() (Result, error) {
	retention := "3600000"
	detail := sarama.TopicDetail{NumPartitions: 3, ReplicationFactor: 1,
		ConfigEntries: map[string]*string{"retention.ms": &retention}}
	if err := admin.CreateTopic(main_, &detail, false); err != nil {
		return nil, err
	}
	for _, name := range []string{resume, odd, times} {
		one := sarama.TopicDetail{NumPartitions: 1, ReplicationFactor: 1}
		if err := admin.CreateTopic(name, &one, false); err != nil {
			return nil, err
		}
	}
	return partitions(main_)
}

func unknownTopic() (Result, error) {
	found, err := admin.DescribeTopics([]string{Name("absent")})
	if err != nil {
		return nil, err
	}
	return Result{"code": int(found[0].Err)}, nil
}

func autoCreate() (Result, error) {
	message := &sarama.ProducerMessage{Topic: Name("auto"), Value: sarama.StringEncoder("x")}
	err := produce([]*sarama.ProducerMessage{message}, func(config *sarama.Config) {
		config.Metadata.AllowAutoTopicCreation = true
		config.Metadata.Retry.Max = 10
	})
	if err != nil {
		return nil, err
	}
	return partitions(Name("auto"))
}

func produceBatch(n int) (Result, error) {
	var messages []*sarama.ProducerMessage
	for i := range 12 {
		key := sarama.StringEncoder(fmt.Sprintf("k%d", i%4))
		value := sarama.StringEncoder(fmt.Sprintf("%s-%d", codecNames[n], i))
		messages = append(messages, &sarama.ProducerMessage{Topic: main_, Key: key, Value: value})
	}
	err := produce(messages, func(config *sarama.Config) {
		config.Producer.Compression = codecs[n]
		config.Producer.Flush.Frequency = 20 * time.Millisecond
	})
	return Result{"records": len(messages)}, err
}

func idempotent() (Result, error) {
	var messages []*sarama.ProducerMessage
	for n := range 20 {
		value := sarama.StringEncoder(fmt.Sprintf("r-%d", n))
		messages = append(messages, &sarama.ProducerMessage{Topic: resume, Value: value})
	}
	err := produce(messages, func(config *sarama.Config) {
		config.Producer.Idempotent = true
		config.Net.MaxOpenRequests = 1
	})
	if err != nil {
		return nil, err
	}
	ends, err := logEnds(resume)
	return Result{"records": ends["high"]}, err
}

func tooLarge() (Result, error) {
	message := &sarama.ProducerMessage{Topic: odd, Value: sarama.ByteEncoder(make([]byte, 2_000_000))}
	return code(produce([]*sarama.ProducerMessage{message}, func(config *sarama.Config) {
		config.Producer.MaxMessageBytes = 10_000_000
	}))
}

func consumeAll() (Result, error) {
	taken, err := take(Name("all"), []string{main_}, 60)
	var seen []Record
	for _, message := range taken {
		seen = append(seen, Record{Key: string(message.Key), Value: string(message.Value)})
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

// sharer is a member that knows how many partitions it has.
type sharer struct {
	group   sarama.ConsumerGroup
	held    atomic.Int32
	session atomic.Pointer[sarama.ConsumerGroupSession]
	stop    context.CancelFunc
	ended   chan struct{}
}

func newSharer() (*sharer, error) {
	group, err := sarama.NewConsumerGroup(brokers, Name("share"), newConfig())
	if err != nil {
		return nil, err
	}
	joined, stop := context.WithCancel(context.Background())
	s := &sharer{group: group, stop: stop, ended: make(chan struct{})}
	go func() {
		defer close(s.ended)
		for joined.Err() == nil {
			group.Consume(joined, []string{main_}, s)
		}
	}()
	return s, nil
}

func (s *sharer) Setup(session sarama.ConsumerGroupSession) error {
	s.session.Store(&session)
	s.held.Store(int32(len(session.Claims()[main_])))
	return nil
}

func (*sharer) Cleanup(sarama.ConsumerGroupSession) error { return nil }

func (*sharer) ConsumeClaim(session sarama.ConsumerGroupSession, _ sarama.ConsumerGroupClaim) error {
	<-session.Context().Done()
	return nil
}

func (s *sharer) close() {
	s.stop()
	<-s.ended
	s.group.Close()
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
	Step("wrong generation", func() (Result, error) { return wrongGeneration(*b.session.Load()) })
	b.close()
}

func wrongGeneration(session sarama.ConsumerGroupSession) (Result, error) {
	request := &sarama.OffsetCommitRequest{
		Version: 8, ConsumerGroup: Name("share"), ConsumerID: session.MemberID(),
		ConsumerGroupGeneration: session.GenerationID() + 7,
	}
	request.AddBlock(main_, 0, 1, 0, "")
	coordinator, err := client.Coordinator(Name("share"))
	if err != nil {
		return nil, err
	}
	response, err := coordinator.CommitOffset(request)
	if err != nil {
		return nil, err
	}
	return code(response.Errors[main_][0])
}

func header(key, value string) sarama.RecordHeader {
	return sarama.RecordHeader{Key: []byte(key), Value: []byte(value)}
}

func exchangeOdd() (map[string]*sarama.ConsumerMessage, []int64, error) {
	headers := []sarama.RecordHeader{header("text", "text"), header("binary", "\x00\xff\x80"),
		header("empty", ""), {Key: []byte("null")}}
	twice := []sarama.RecordHeader{header("twice", "1"), header("twice", "2")}
	key, h := func(name string) sarama.Encoder { return sarama.StringEncoder(name) }, sarama.StringEncoder("h")
	messages := []*sarama.ProducerMessage{
		{Topic: odd, Key: key("headers"), Value: h, Headers: headers},
		{Topic: odd, Key: key("repeated"), Value: h, Headers: twice},
		{Topic: odd, Key: key("gone")},
		{Topic: odd, Value: sarama.StringEncoder("keyless")},
		{Topic: odd, Key: key("large"), Value: sarama.ByteEncoder(Large)},
	}
	for n := range 10 {
		at := time.UnixMilli(1_700_000_000_000 + int64(n)*1000)
		message := &sarama.ProducerMessage{Topic: times, Value: sarama.StringEncoder("t"), Timestamp: at}
		messages = append(messages, message)
	}
	if err := produce(messages, asTheyAre); err != nil {
		return nil, nil, err
	}
	taken, err := take(Name("odd"), []string{odd, times}, len(messages))
	byKey, stamps := map[string]*sarama.ConsumerMessage{}, []int64{}
	for _, message := range taken {
		if message.Topic == times {
			stamps = append(stamps, message.Timestamp.UnixMilli())
		} else {
			byKey[string(message.Key)] = message
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
	check := func(name string, key string, result func(*sarama.ConsumerMessage) Result) {
		Step(name, func() (Result, error) {
			if err != nil {
				return nil, err
			}
			return result(byKey[key]), nil
		})
	}
	check("headers", "headers", func(m *sarama.ConsumerMessage) Result {
		binary := hex.EncodeToString(m.Headers[1].Value)
		return Result{"text": string(m.Headers[0].Value), "binary": binary, "empty": orNil(m.Headers[2].Value)}
	})
	check("null header", "headers", func(m *sarama.ConsumerMessage) Result {
		return Result{"value": orNil(m.Headers[3].Value)}
	})
	check("repeated header", "repeated", func(m *sarama.ConsumerMessage) Result {
		return Result{"values": []any{orNil(m.Headers[0].Value), orNil(m.Headers[1].Value)}}
	})
	check("tombstone", "gone", func(m *sarama.ConsumerMessage) Result {
		return Result{"key": orNil(m.Key), "value": orNil(m.Value)}
	})
	check("null key", "", func(m *sarama.ConsumerMessage) Result {
		return Result{"key": orNil(m.Key), "value": orNil(m.Value)}
	})
	check("large record", "large", func(m *sarama.ConsumerMessage) Result {
		return Result{"bytes": len(m.Value), "same": bytes.Equal(m.Value, Large)}
	})
	check("timestamps", "", func(*sarama.ConsumerMessage) Result {
		return Result{"first": stamps[0], "last": stamps[len(stamps)-1]}
	})
	Step("offset for a time", offsetForTime)
	Step("log ends", func() (Result, error) { return logEnds(times) })
}

func offsetForTime() (Result, error) {
	at, err := client.GetOffset(times, 0, 1_700_000_004_500)
	if err != nil {
		return nil, err
	}
	late, err := client.GetOffset(times, 0, 1_800_000_000_000)
	result := Result{"at": at, "beyond": nil}
	if late != -1 {
		result["beyond"] = late
	}
	return result, err
}

func logEnds(topic string) (Result, error) {
	low, err := client.GetOffset(topic, 0, sarama.OffsetOldest)
	if err != nil {
		return nil, err
	}
	high, err := client.GetOffset(topic, 0, sarama.OffsetNewest)
	return Result{"low": low, "high": high}, err
}

func main() {
	sarama.Logger = log.New(io.Discard, "", 0)
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
	admin.Close()
}
