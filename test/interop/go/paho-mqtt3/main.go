// paho.mqtt.golang against an MQTT broker: paho-mqtt3 HOST:PORT PREFIX
package main

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	. "pabal.dev/interop/mqttsteps"
	. "pabal.dev/interop/report"

	mqtt "github.com/eclipse/paho.mqtt.golang"
	"github.com/eclipse/paho.mqtt.golang/packets"
)

const patience = 20 * time.Second

type peer struct {
	client   mqtt.Client
	socket   net.Conn
	present  bool
	isClosed atomic.Bool
	mutex    sync.Mutex
	received []Message
}

func dial(options Options) (Peer, error) {
	found := &peer{}
	settings := mqtt.NewClientOptions().AddBroker("tcp://" + Argument(1)).SetUsername("guest").
		SetPassword("guest").SetClientID(options.ClientID).SetCleanSession(!options.Lasting).
		SetAutoReconnect(false).SetConnectRetry(false).SetProtocolVersion(4)
	if options.Is31 {
		settings.SetProtocolVersion(3)
	}
	if options.WrongPassword {
		settings.SetPassword("wrong")
	}
	if options.WillTopic != "" {
		settings.SetWill(options.WillTopic, options.WillPayload, 1, false)
	}
	settings.SetDefaultPublishHandler(func(_ mqtt.Client, message mqtt.Message) { found.take(message) })
	settings.SetConnectionLostHandler(func(mqtt.Client, error) { found.isClosed.Store(true) })
	settings.SetCustomOpenConnectionFn(func(uri *url.URL, _ mqtt.ClientOptions) (net.Conn, error) {
		socket, err := net.Dial("tcp", uri.Host)
		found.socket = socket
		return socket, err
	})
	found.client = mqtt.NewClient(settings)
	token := found.client.Connect().(*mqtt.ConnectToken)
	if !token.WaitTimeout(patience) {
		return nil, errors.New("not connected in time")
	}
	found.present = token.SessionPresent()
	if code := token.ReturnCode(); code != packets.Accepted && code < packets.ErrNetworkError {
		return nil, Refused{Code: code}
	}
	return found, token.Error()
}

func (p *peer) take(message mqtt.Message) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.received = append(p.received, Message{
		Topic: message.Topic(), Payload: message.Payload(), QoS: message.Qos(), Retain: message.Retained(),
	})
}

func (p *peer) SessionPresent() bool { return p.present }
func (p *peer) AssignedID() string   { return "" }

func (p *peer) Subscribe(filter string, qos byte, _ SubscribeOptions) (byte, error) {
	token := p.client.Subscribe(filter, qos, nil).(*mqtt.SubscribeToken)
	if !token.WaitTimeout(patience) {
		return 0, errors.New("not subscribed in time")
	}
	granted := token.Result()[filter]
	if granted > 2 && token.Error() == nil {
		return granted, fmt.Errorf("refused with %d", granted)
	}
	return granted, token.Error()
}

func (p *peer) Unsubscribe(filter string) error { return done(p.client.Unsubscribe(filter)) }

func (p *peer) Publish(message Message) (byte, error) {
	return 0, done(p.client.Publish(message.Topic, message.QoS, message.Retain, message.Payload))
}

func done(token mqtt.Token) error {
	if !token.WaitTimeout(patience) {
		return errors.New("not acknowledged in time")
	}
	return token.Error()
}

func (p *peer) Received() []Message {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return append([]Message{}, p.received...)
}

func (p *peer) IsClosed() bool { return p.isClosed.Load() }
func (p *peer) End(byte)       { p.client.Disconnect(100) }
func (p *peer) Cut()           { p.socket.Close() }

func main() { Run(dial, false) }
