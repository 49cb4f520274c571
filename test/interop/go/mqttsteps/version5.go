package mqttsteps

import (
	"encoding/hex"
	"fmt"
	"strconv"

	. "pabal.dev/interop/report"
)

func (s *steps) runVersion5() {
	s.step("properties", s.properties)
	s.step("subscription id", s.subscriptionID)
	s.step("no local", s.noLocal)
	s.step("retain as published", s.retainAsPublished)
	s.step("retain handling", s.retainHandling)
	s.step("no matching subscribers", s.nobody)
	s.step("assigned client id", s.assigned)
	s.step("topic alias", s.alias)
	s.step("session expiry", s.expiry)
	s.step("will after disconnect", s.willAfterDisconnect)
}

func (s *steps) properties() (Result, error) {
	peer := s.peer(Options{})
	subscribe(peer, "properties", 1)
	must(s.sender.Publish(Message{
		Topic: at("properties"), Payload: []byte("text"), QoS: 1,
		Properties: &Properties{
			ContentType: "text/plain", ResponseTopic: "answers/here", Correlation: []byte{0, 255, 128},
			User: [][]string{{"b", "1"}, {"b", "3"}, {"a", "2"}}, Format: 1, Expiry: 60,
		},
	}))
	found := wait(peer, 1)[0].Properties
	return Result{
		"contentType": found.ContentType, "responseTopic": found.ResponseTopic,
		"correlation": hex.EncodeToString(found.Correlation), "user": found.User,
		"format": found.Format, "expires": found.Expiry > 50 && found.Expiry <= 60,
	}, nil
}

func (s *steps) subscriptionID() (Result, error) {
	peer := s.peer(Options{})
	must(peer.Subscribe(at("id"), 1, SubscribeOptions{ID: 7}))
	s.send("id", "x", 1)
	return Result{"ids": wait(peer, 1)[0].Properties.IDs}, nil
}

func (s *steps) noLocal() (Result, error) {
	peer := s.peer(Options{})
	must(peer.Subscribe(at("local"), 1, SubscribeOptions{NoLocal: true}))
	must(peer.Publish(Message{Topic: at("local"), Payload: []byte("own"), QoS: 1}))
	s.send("local", "other", 1)
	return Result{"received": payloads(wait(peer, 1))}, nil
}

func (s *steps) retainAsPublished() (Result, error) {
	peer := s.peer(Options{})
	must(peer.Subscribe(at("as-published"), 1, SubscribeOptions{RetainAsPublished: true}))
	s.sendRetained("as-published", "x")
	found := wait(peer, 1)[0]
	s.sendRetained("as-published", "")
	return Result{"live": found.Retain}, nil
}

func (s *steps) retainHandling() (Result, error) {
	peer := s.peer(Options{})
	s.sendRetained("handling", "kept")
	must(peer.Subscribe(at("handling"), 1, SubscribeOptions{RetainHandling: 2}))
	s.send("handling", "end", 1)
	found := payloads(wait(peer, 1))
	s.sendRetained("handling", "")
	return Result{"received": found}, nil
}

func (s *steps) nobody() (Result, error) {
	code, err := s.sender.Publish(Message{Topic: at("nobody"), Payload: []byte("x"), QoS: 1})
	return Result{"code": code}, err
}

func (s *steps) assigned() (Result, error) {
	return Result{"assigned": s.peer(Options{}).AssignedID() != ""}, nil
}

func (s *steps) alias() (Result, error) {
	peer, aliasing := s.peer(Options{}), s.peer(Options{})
	subscribe(peer, "aliased", 1)
	for n := range 3 {
		topic := ""
		if n == 0 {
			topic = at("aliased")
		}
		message := Message{Topic: topic, Payload: []byte(strconv.Itoa(n + 1)), QoS: 1, Properties: &Properties{Alias: 1}}
		must(aliasing.Publish(message))
	}
	return Result{"received": payloads(wait(peer, 3))}, nil
}

func (s *steps) expiry() (Result, error) {
	present := func(expiry uint32) bool {
		options := Options{ClientID: Name(fmt.Sprintf("expiry-%d", expiry)), Lasting: true, Expiry: expiry}
		must(s.dial(options)).End(0)
		options.Expiry = 0
		return s.peer(options).SessionPresent()
	}
	return Result{"kept": present(600), "ended": present(0)}, nil
}

func (s *steps) willAfterDisconnect() (Result, error) {
	peer := s.peer(Options{})
	subscribe(peer, "left", 1)
	must(s.dial(Options{WillTopic: at("left"), WillPayload: "left"})).End(4)
	return Result{"received": payloads(wait(peer, 1))}, nil
}
