// eclipse/paho.golang, MQTT 5, against an MQTT broker: paho-mqtt5 HOST:PORT PREFIX
package main

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"time"

	. "pabal.dev/interop/mqttsteps"
	. "pabal.dev/interop/report"

	"github.com/eclipse/paho.golang/packets"
	"github.com/eclipse/paho.golang/paho"
)

const patience = 20 * time.Second

type peer struct {
	client   *paho.Client
	socket   net.Conn
	connack  *paho.Connack
	isClosed atomic.Bool
	mutex    sync.Mutex
	received []Message
}

func limited() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), patience)
}

func dial(options Options) (Peer, error) {
	socket, err := net.Dial("tcp", Argument(1))
	if err != nil {
		return nil, err
	}
	found := &peer{socket: socket}
	found.client = paho.NewClient(paho.ClientConfig{
		Conn: packets.NewThreadSafeConn(socket),
		OnPublishReceived: []func(paho.PublishReceived) (bool, error){
			func(received paho.PublishReceived) (bool, error) {
				found.take(received.Packet)
				return true, nil
			},
		},
		OnServerDisconnect: func(*paho.Disconnect) { found.isClosed.Store(true) },
		OnClientError:      func(error) { found.isClosed.Store(true) },
		PacketTimeout:      patience,
	})
	wait, stop := limited()
	defer stop()
	found.connack, err = found.client.Connect(wait, connectOf(options))
	if found.connack != nil && found.connack.ReasonCode != 0 {
		return nil, Refused{Code: found.connack.ReasonCode}
	}
	return found, err
}

func connectOf(options Options) *paho.Connect {
	connect := &paho.Connect{
		ClientID: options.ClientID, CleanStart: !options.Lasting, KeepAlive: 30,
		Username: "guest", UsernameFlag: true, Password: []byte("guest"), PasswordFlag: true,
		Properties: &paho.ConnectProperties{SessionExpiryInterval: &options.Expiry},
	}
	if options.WrongPassword {
		connect.Password = []byte("wrong")
	}
	if options.WillTopic != "" {
		connect.WillMessage = &paho.WillMessage{
			Topic: options.WillTopic, Payload: []byte(options.WillPayload), QoS: 1,
		}
	}
	return connect
}

func (p *peer) take(packet *paho.Publish) {
	found := Properties{
		ContentType: packet.Properties.ContentType, ResponseTopic: packet.Properties.ResponseTopic,
		Correlation: packet.Properties.CorrelationData,
	}
	for _, each := range packet.Properties.User {
		found.User = append(found.User, []string{each.Key, each.Value})
	}
	if format := packet.Properties.PayloadFormat; format != nil {
		found.Format = *format
	}
	if expiry := packet.Properties.MessageExpiry; expiry != nil {
		found.Expiry = *expiry
	}
	if id := packet.Properties.SubscriptionIdentifier; id != nil {
		found.IDs = append(found.IDs, *id)
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.received = append(p.received, Message{
		Topic: packet.Topic, Payload: packet.Payload, QoS: packet.QoS, Retain: packet.Retain, Properties: &found,
	})
}

func (p *peer) SessionPresent() bool { return p.connack.SessionPresent }

func (p *peer) AssignedID() string {
	if p.connack.Properties == nil {
		return ""
	}
	return p.connack.Properties.AssignedClientID
}

func (p *peer) Subscribe(filter string, qos byte, options SubscribeOptions) (byte, error) {
	wait, stop := limited()
	defer stop()
	subscribe := &paho.Subscribe{Subscriptions: []paho.SubscribeOptions{{
		Topic: filter, QoS: qos, NoLocal: options.NoLocal, RetainAsPublished: options.RetainAsPublished,
		RetainHandling: options.RetainHandling,
	}}}
	if options.ID != 0 {
		subscribe.Properties = &paho.SubscribeProperties{SubscriptionIdentifier: &options.ID}
	}
	suback, err := p.client.Subscribe(wait, subscribe)
	if err != nil {
		return 0, err
	}
	return suback.Reasons[0], nil
}

func (p *peer) Unsubscribe(filter string) error {
	wait, stop := limited()
	defer stop()
	_, err := p.client.Unsubscribe(wait, &paho.Unsubscribe{Topics: []string{filter}})
	return err
}

func (p *peer) Publish(message Message) (byte, error) {
	wait, stop := limited()
	defer stop()
	publish := &paho.Publish{
		Topic: message.Topic, Payload: message.Payload, QoS: message.QoS, Retain: message.Retain,
	}
	if message.Properties != nil {
		publish.Properties = propertiesOf(message.Properties)
	}
	response, err := p.client.Publish(wait, publish)
	if response == nil {
		return 0, err
	}
	return response.ReasonCode, err
}

func propertiesOf(wanted *Properties) *paho.PublishProperties {
	properties := &paho.PublishProperties{
		ContentType: wanted.ContentType, ResponseTopic: wanted.ResponseTopic, CorrelationData: wanted.Correlation,
	}
	if wanted.Alias != 0 {
		properties.TopicAlias = &wanted.Alias
	}
	if wanted.Expiry != 0 {
		properties.MessageExpiry, properties.PayloadFormat = &wanted.Expiry, &wanted.Format
	}
	for _, pair := range wanted.User {
		properties.User.Add(pair[0], pair[1])
	}
	return properties
}

func (p *peer) Received() []Message {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return append([]Message{}, p.received...)
}

func (p *peer) IsClosed() bool { return p.isClosed.Load() }

func (p *peer) End(code byte) {
	p.isClosed.Store(true)
	p.client.Disconnect(&paho.Disconnect{ReasonCode: code})
}

func (p *peer) Cut() { p.socket.Close() }

func main() { Run(dial, true) }
