// Package mqttsteps has the steps of MQTT clients; each library is a Dial. test/interop/mqtt-steps.ts says what
// must come out.
package mqttsteps

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"

	. "pabal.dev/interop/report"
)

// Options of a connection. The zero value is a clean one.
type Options struct {
	ClientID string
	// Lasting resumes a session and keeps it afterwards.
	Lasting bool
	// Expiry of the session in seconds, of MQTT 5.
	Expiry uint32
	// WillTopic gets the payload "gone" with QoS 1, unless it is empty.
	WillTopic, WillPayload string
	WrongPassword          bool
	// Is31 speaks MQTT 3.1.
	Is31 bool
}

// Subscription options of MQTT 5; ID 0 is none.
type SubscribeOptions struct {
	NoLocal, RetainAsPublished bool
	RetainHandling             byte
	ID                         int
}

// Properties of a message in MQTT 5.
type Properties struct {
	ContentType, ResponseTopic string
	Correlation                []byte
	User                       [][]string
	Format                     byte
	Expiry                     uint32
	IDs                        []int
	Alias                      uint16
}

// Message that a client sends or received.
type Message struct {
	Topic      string
	Payload    []byte
	QoS        byte
	Retain     bool
	Properties *Properties
}

// Peer is a connected client that keeps what it receives.
type Peer interface {
	SessionPresent() bool
	AssignedID() string
	// Subscribe gives the QoS that was granted.
	Subscribe(filter string, qos byte, options SubscribeOptions) (byte, error)
	Unsubscribe(filter string) error
	// Publish waits for the acknowledgement and gives its reason code.
	Publish(message Message) (byte, error)
	Received() []Message
	IsClosed() bool
	// End disconnects with a reason code, which only MQTT 5 has.
	End(code byte)
	// Cut ends the connection without a DISCONNECT.
	Cut()
}

// Dial connects.
type Dial func(Options) (Peer, error)

// Refused is the error of a connection that the broker refused.
type Refused struct{ Code byte }

func (refused Refused) Error() string { return fmt.Sprintf("refused with %d", refused.Code) }

type steps struct {
	dial   Dial
	sender Peer
	// What the step opened.
	open []Peer
}

// Run runs all steps, those of MQTT 5 too if it is that.
func Run(dial Dial, is5 bool) {
	s := &steps{dial: dial, sender: Must(dial(Options{}))}
	s.step("connect", s.connect)
	for _, qos := range []byte{0, 1, 2} {
		s.step(fmt.Sprintf("QoS %d", qos), func() (Result, error) { return s.qos(qos) })
	}
	s.step("lower QoS", s.lowerQos)
	s.step("large payload", s.largePayload)
	s.step("topic names", s.topicNames)
	s.step("wildcards", s.wildcards)
	s.step("unsubscribe", s.unsubscribe)
	s.step("retained", s.retained)
	s.step("retained by wildcard", s.retainedByWildcard)
	s.step("will", s.will)
	s.step("no will after disconnect", s.noWill)
	s.step("offline messages", s.offline)
	s.step("clean session", s.cleanSession)
	s.step("take over", s.takeOver)
	s.step("shared subscription", s.shared)
	s.step("refused login", s.refused)
	if is5 {
		s.runVersion5()
	} else {
		s.step("MQTT 3.1", s.mqtt31)
	}
	s.sender.End(0)
}

// step turns a panic of `must` into the step's error and ends what the step opened.
func (s *steps) step(name string, run func() (Result, error)) {
	Step(name, func() (result Result, err error) {
		defer func() {
			if found := recover(); found != nil {
				err = fmt.Errorf("%v", found)
			}
			for _, peer := range s.open {
				if !peer.IsClosed() {
					peer.End(0)
				}
			}
			s.open = nil
		}()
		return run()
	})
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// at is a topic of this run; those of a shared subscription begin elsewhere.
func at(name string) string {
	if strings.HasPrefix(name, "$") {
		return name
	}
	return Argument(2) + "/" + name
}

func (s *steps) peer(options Options) Peer {
	peer := must(s.dial(options))
	s.open = append(s.open, peer)
	return peer
}

func subscribe(peer Peer, name string, qos byte) byte {
	return must(peer.Subscribe(at(name), qos, SubscribeOptions{}))
}

func (s *steps) send(name, payload string, qos byte) {
	must(s.sender.Publish(Message{Topic: at(name), Payload: []byte(payload), QoS: qos}))
}

func (s *steps) sendRetained(name, payload string) {
	must(s.sender.Publish(Message{Topic: at(name), Payload: []byte(payload), QoS: 1, Retain: true}))
}

// wait is what the peer received, once there is as much.
func wait(peer Peer, count int) []Message {
	err := Until(fmt.Sprintf("%d messages", count), func() bool { return len(peer.Received()) >= count })
	must(0, err)
	return peer.Received()
}

func payloads(messages []Message) []string {
	found := []string{}
	for _, message := range messages {
		found = append(found, string(message.Payload))
	}
	return found
}

func topics(messages []Message) []string {
	found := []string{}
	for _, message := range messages {
		found = append(found, strings.TrimPrefix(message.Topic, at("")))
	}
	slices.Sort(found)
	return found
}

func (s *steps) connect() (Result, error) {
	return Result{"sessionPresent": s.peer(Options{}).SessionPresent()}, nil
}

func (s *steps) mqtt31() (Result, error) {
	peer := s.peer(Options{Is31: true, ClientID: "old-" + Argument(2)[max(0, len(Argument(2))-8):]})
	subscribe(peer, "old", 1)
	must(peer.Publish(Message{Topic: at("old"), Payload: []byte("x"), QoS: 1}))
	return Result{"received": len(wait(peer, 1))}, nil
}

func (s *steps) qos(qos byte) (Result, error) {
	peer, name := s.peer(Options{}), fmt.Sprintf("qos/%d", qos)
	subscribe(peer, name, qos)
	for n := range 100 {
		s.send(name, strconv.Itoa(n), qos)
	}
	return summary(wait(peer, 100)), nil
}

// Numbers rise within a QoS: clients may show one of QoS 2 when it is released.
func summary(messages []Message) Result {
	last, rises := map[byte]int{}, true
	levels := []int{}
	for _, message := range messages {
		n := must(strconv.Atoi(string(message.Payload)))
		if before, found := last[message.QoS]; !found {
			levels = append(levels, int(message.QoS))
		} else if n <= before {
			rises = false
		}
		last[message.QoS] = n
	}
	slices.Sort(levels)
	return Result{"received": len(messages), "inOrder": rises, "qos": levels}
}

func (s *steps) lowerQos() (Result, error) {
	peer := s.peer(Options{})
	granted := []int{int(subscribe(peer, "lower/0", 0)), int(subscribe(peer, "lower/1", 1))}
	s.send("lower/0", "x", 2)
	s.send("lower/1", "x", 2)
	received := []int{}
	for _, message := range wait(peer, 2) {
		received = append(received, int(message.QoS))
	}
	slices.Sort(received)
	return Result{"granted": granted, "received": received}, nil
}

func (s *steps) largePayload() (Result, error) {
	peer := s.peer(Options{})
	subscribe(peer, "large", 1)
	must(s.sender.Publish(Message{Topic: at("large"), Payload: Large, QoS: 1}))
	found := wait(peer, 1)[0].Payload
	return Result{"bytes": len(found), "same": bytes.Equal(found, Large)}, nil
}

func (s *steps) topicNames() (Result, error) {
	peer := s.peer(Options{})
	names := []string{"ä b/日本", "a.b/c", "/lead//"}
	for _, name := range names {
		subscribe(peer, name, 1)
	}
	for _, name := range names {
		s.send(name, "x", 1)
	}
	return Result{"received": topics(wait(peer, 3))}, nil
}

func (s *steps) wildcards() (Result, error) {
	peer := s.peer(Options{})
	subscribe(peer, "+/temp", 1)
	subscribe(peer, "deep/#", 1)
	for _, name := range []string{"x/temp", "x/y/temp", "deep", "deep/a/b", "deeper"} {
		s.send(name, "x", 1)
	}
	return Result{"received": topics(wait(peer, 3))}, nil
}

func (s *steps) unsubscribe() (Result, error) {
	peer := s.peer(Options{})
	subscribe(peer, "left", 1)
	must(peer.Publish(Message{Topic: at("left"), Payload: []byte("before"), QoS: 1}))
	must(0, peer.Unsubscribe(at("left")))
	must(peer.Publish(Message{Topic: at("left"), Payload: []byte("after"), QoS: 1}))
	return Result{"received": payloads(wait(peer, 1))}, nil
}

func (s *steps) retained() (Result, error) {
	live, late, last := s.peer(Options{}), s.peer(Options{}), s.peer(Options{})
	subscribe(live, "retained", 1)
	s.sendRetained("retained", "kept")
	seen := wait(live, 1)[0]
	subscribe(late, "retained", 1)
	stored := wait(late, 1)[0]
	s.sendRetained("retained", "")
	subscribe(last, "retained", 1)
	s.send("retained", "end", 1)
	cleared := len(wait(last, 1)) - 1
	return Result{"live": seen.Retain, "stored": stored.Retain, "qos": stored.QoS, "cleared": cleared}, nil
}

func (s *steps) retainedByWildcard() (Result, error) {
	peer, names := s.peer(Options{}), []string{"room/1", "room/2", "hall/1"}
	for _, name := range names {
		s.sendRetained(name, "x")
	}
	subscribe(peer, "room/+", 1)
	found := topics(wait(peer, 2))
	for _, name := range names {
		s.sendRetained(name, "")
	}
	return Result{"received": found}, nil
}

func (s *steps) will() (Result, error) {
	peer := s.peer(Options{})
	subscribe(peer, "will", 1)
	must(s.dial(Options{WillTopic: at("will"), WillPayload: "gone"})).Cut()
	found := wait(peer, 1)[0]
	return Result{"payload": string(found.Payload), "qos": found.QoS, "retain": found.Retain}, nil
}

func (s *steps) noWill() (Result, error) {
	peer := s.peer(Options{})
	subscribe(peer, "will", 1)
	must(s.dial(Options{WillTopic: at("will"), WillPayload: "gone"})).End(0)
	s.send("will", "end", 1)
	return Result{"received": payloads(wait(peer, 1))}, nil
}

func lasting(name string) Options {
	return Options{ClientID: Name(name), Lasting: true, Expiry: 600}
}

func (s *steps) offline() (Result, error) {
	before := must(s.dial(lasting("offline")))
	subscribe(before, "offline", 2)
	before.End(0)
	for n := range 20 {
		s.send("offline", strconv.Itoa(n), byte(1+n%2))
	}
	again := s.peer(lasting("offline"))
	result := summary(wait(again, 20))
	result["sessionPresent"] = again.SessionPresent()
	return result, nil
}

func (s *steps) cleanSession() (Result, error) {
	before := must(s.dial(lasting("cleaned")))
	subscribe(before, "cleaned", 1)
	before.End(0)
	s.send("cleaned", "old", 1)
	clean := s.peer(Options{ClientID: Name("cleaned")})
	subscribe(clean, "cleaned", 1)
	s.send("cleaned", "new", 1)
	found := payloads(wait(clean, 1))
	return Result{"sessionPresent": clean.SessionPresent(), "received": found}, nil
}

func (s *steps) takeOver() (Result, error) {
	first := s.peer(Options{ClientID: Name("twin")})
	s.peer(Options{ClientID: Name("twin")})
	err := Until("closed", first.IsClosed)
	return Result{"closed": first.IsClosed()}, err
}

func (s *steps) shared() (Result, error) {
	members := []Peer{s.peer(Options{}), s.peer(Options{})}
	for _, member := range members {
		subscribe(member, "$share/group/"+at("shared"), 1)
	}
	for n := range 40 {
		s.send("shared", strconv.Itoa(n), 1)
	}
	all := func() []string { return append(payloads(members[0].Received()), payloads(members[1].Received())...) }
	if err := Until("40 messages", func() bool { return len(all()) >= 40 }); err != nil {
		return nil, err
	}
	active := 0
	for _, member := range members {
		active += min(1, len(member.Received()))
	}
	found := all()
	slices.Sort(found)
	again := len(found) - len(slices.Compact(slices.Clone(found)))
	return Result{"received": len(found), "again": again, "members": active}, nil
}

func (s *steps) refused() (Result, error) {
	_, err := s.dial(Options{WrongPassword: true})
	refused, found := err.(Refused)
	return Result{"refused": found && slices.Contains([]byte{4, 5, 134, 135}, refused.Code)}, nil
}
