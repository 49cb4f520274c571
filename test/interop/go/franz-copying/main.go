// Copies a topic with a GroupTransactSession of franz-go while nodes are killed, as confluent_kafka_copying.py does:
// franz-copying HOST:PORT,… PREFIX copy. A line says that so many transactions are committed, or which call has not come
// back for 45 s; it ends once stdin is closed.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	. "pabal.dev/interop/report"

	"github.com/twmb/franz-go/pkg/kgo"
)

const stuck = 45 * time.Second

// watch says which call takes too long.
type watch struct {
	sync.Mutex
	what   string
	since  time.Time
	isTold bool
}

func (w *watch) call(what string, run func() error) error {
	w.Lock()
	w.what, w.since, w.isTold = what, time.Now(), false
	w.Unlock()
	err := run()
	w.Lock()
	w.what = ""
	w.Unlock()
	return err
}

func (w *watch) look() {
	for ; ; time.Sleep(500 * time.Millisecond) {
		w.Lock()
		if w.what != "" && !w.isTold && time.Since(w.since) > stuck {
			w.isTold = true
			fmt.Printf("{\"stuck\": %q, \"since\": %d}\n", w.what, w.since.Unix())
		}
		w.Unlock()
	}
}

func copyAll() (Result, error) {
	ctx := context.Background()
	watched := &watch{}
	go watched.look()
	var isStopped atomic.Bool
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		isStopped.Store(true)
	}()
	session, err := kgo.NewGroupTransactSession(
		kgo.SeedBrokers(strings.Split(Argument(1), ",")...), kgo.ClientID("copier"),
		kgo.TransactionalID(Name("copier")), kgo.ConsumerGroup(Name("group")), kgo.ConsumeTopics(Name("in")),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.FetchMaxWait(200*time.Millisecond), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		return nil, err
	}
	committed := 0
	for !isStopped.Load() {
		limited, stop := context.WithTimeout(ctx, time.Second)
		fetches := session.PollRecords(limited, 5)
		stop()
		records := fetches.Records()
		if len(records) == 0 {
			continue
		}
		isCommitted, err := copySome(ctx, session, watched, records)
		if err != nil {
			fmt.Printf("{\"failed\": %q}\n", err.Error())
			continue
		}
		if isCommitted {
			committed++
			fmt.Println(committed)
		}
		time.Sleep(20 * time.Millisecond)
	}
	session.Close()
	return Result{"committed": committed}, nil
}

func copySome(
	ctx context.Context, session *kgo.GroupTransactSession, watched *watch, records []*kgo.Record,
) (bool, error) {
	if err := session.Begin(); err != nil {
		return false, err
	}
	var copies []*kgo.Record
	for _, each := range records {
		copies = append(copies, &kgo.Record{Topic: Name("out"), Partition: each.Partition, Value: each.Value})
	}
	produced := watched.call("ProduceSync", func() error { return session.ProduceSync(ctx, copies...).FirstErr() })
	isCommitted := false
	err := watched.call("End", func() (err error) {
		isCommitted, err = session.End(ctx, kgo.TransactionEndTry(produced == nil))
		return err
	})
	if err == nil && produced != nil {
		err = produced
	}
	return isCommitted, err
}

func main() {
	Step("copy", copyAll)
}
