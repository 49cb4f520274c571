// amqp091-go against an AMQP broker: amqp091 HOST:PORT PREFIX
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand"
	"time"

	. "pabal.dev/interop/report"

	amqp "github.com/rabbitmq/amqp091-go"
)

var (
	ctx        = context.Background()
	queue      = Name("main")
	connection = Must(amqp.Dial("amqp://guest:guest@" + Argument(1)))
	channel    = Must(connection.Channel())
)

// publish waits until the broker has the message.
func publish(exchange, key string, message amqp.Publishing) error {
	message.DeliveryMode = amqp.Persistent
	confirm, err := channel.PublishWithDeferredConfirm(exchange, key, false, false, message)
	if err != nil {
		return err
	}
	limited, stop := context.WithTimeout(ctx, 20*time.Second)
	defer stop()
	if acked, err := confirm.WaitContext(limited); err != nil || !acked {
		return fmt.Errorf("not confirmed: %w", err)
	}
	return nil
}

func publishBody(body string) error {
	return publish("", queue, amqp.Publishing{Body: []byte(body)})
}

func get(autoAck bool) (amqp.Delivery, error) {
	delivery, found, err := channel.Get(queue, autoAck)
	if err == nil && !found {
		err = errors.New("the queue is empty")
	}
	return delivery, err
}

func left() (int, error) {
	found, err := channel.QueueDeclarePassive(queue, true, false, false, false, nil)
	return found.Messages, err
}

func declare() (Result, error) {
	found, err := channel.QueueDeclare(queue, true, false, false, false, nil)
	return Result{"messages": found.Messages, "consumers": found.Consumers}, err
}

func publishConfirmed() (Result, error) {
	for n := range 100 {
		if err := publishBody(fmt.Sprintf("m%d", n)); err != nil {
			return nil, err
		}
	}
	messages, err := left()
	return Result{"confirmed": 100, "messages": messages}, err
}

func consumeAndAck() (Result, error) {
	deliveries, err := channel.Consume(queue, "taker", false, false, false, false, nil)
	if err != nil {
		return nil, err
	}
	inOrder := true
	for n := range 100 {
		select {
		case delivery := <-deliveries:
			inOrder = inOrder && string(delivery.Body) == fmt.Sprintf("m%d", n)
			delivery.Ack(false)
		case <-time.After(20 * time.Second):
			return nil, fmt.Errorf("%d of 100 messages", n)
		}
	}
	if err := channel.Cancel("taker", false); err != nil {
		return nil, err
	}
	messages, err := left()
	return Result{"received": 100, "inOrder": inOrder, "left": messages}, err
}

func nackAndRequeue() (Result, error) {
	if err := publishBody("again"); err != nil {
		return nil, err
	}
	first, err := get(false)
	if err != nil {
		return nil, err
	}
	if err := first.Nack(false, true); err != nil {
		return nil, err
	}
	again, err := get(true)
	return Result{"first": first.Redelivered, "again": again.Redelivered}, err
}

func reject() (Result, error) {
	if err := publishBody("unwanted"); err != nil {
		return nil, err
	}
	delivery, err := get(false)
	if err != nil {
		return nil, err
	}
	if err := delivery.Reject(false); err != nil {
		return nil, err
	}
	messages, err := left()
	return Result{"left": messages}, err
}

func headers() (Result, error) {
	table := amqp.Table{"text": "ä", "long": int64(5_000_000_000), "flag": true,
		"list": []any{int32(1), "b"}, "table": amqp.Table{"inner": "x"}}
	if err := publish("", queue, amqp.Publishing{Headers: table}); err != nil {
		return nil, err
	}
	delivery, err := get(true)
	return Result(delivery.Headers), err
}

func properties() (Result, error) {
	sent := amqp.Publishing{ContentType: "text/plain", CorrelationId: "c-1", MessageId: "m-1", Priority: 3}
	if err := publish("", queue, sent); err != nil {
		return nil, err
	}
	found, err := get(true)
	return Result{"contentType": found.ContentType, "correlationId": found.CorrelationId,
		"messageId": found.MessageId, "priority": found.Priority}, err
}

func mandatoryReturn() (Result, error) {
	returns := channel.NotifyReturn(make(chan amqp.Return, 1))
	if err := channel.Publish("", Name("nowhere"), true, false, amqp.Publishing{}); err != nil {
		return nil, err
	}
	select {
	case returned := <-returns:
		return Result{"code": returned.ReplyCode, "text": returned.ReplyText}, nil
	case <-time.After(20 * time.Second):
		return nil, errors.New("nothing was returned")
	}
}

func largeBody() (Result, error) {
	body := make([]byte, 4_194_304)
	rand.New(rand.NewSource(1)).Read(body)
	if err := publish("", queue, amqp.Publishing{Body: body}); err != nil {
		return nil, err
	}
	found, err := get(true)
	return Result{"bytes": len(found.Body), "same": bytes.Equal(found.Body, body)}, err
}

func topicExchange() (Result, error) {
	exchange := Name("events")
	if err := channel.ExchangeDeclare(exchange, "topic", true, false, false, false, nil); err != nil {
		return nil, err
	}
	if err := channel.QueueBind(queue, "order.*", exchange, false, nil); err != nil {
		return nil, err
	}
	for _, key := range []string{"order.created", "user.created", "order.paid"} {
		if err := publish(exchange, key, amqp.Publishing{}); err != nil {
			return nil, err
		}
	}
	var received []string
	for delivery, err := get(true); err == nil; delivery, err = get(true) {
		received = append(received, delivery.RoutingKey)
	}
	return Result{"received": received}, channel.ExchangeDelete(exchange, false, false)
}

func prefetch() (Result, error) {
	for n := range 5 {
		if err := publishBody(fmt.Sprintf("p%d", n)); err != nil {
			return nil, err
		}
	}
	limited, err := connection.Channel()
	if err != nil {
		return nil, err
	}
	if err := limited.Qos(3, 0, false); err != nil {
		return nil, err
	}
	deliveries, err := limited.Consume(queue, "", false, false, false, false, nil)
	if err != nil {
		return nil, err
	}
	unacked := 0
	err = Until("two are left", func() bool {
		select {
		case <-deliveries:
			unacked++
		default:
		}
		messages, err := left()
		return err == nil && unacked == 3 && messages == 2
	})
	limited.Close()
	_, purged := channel.QueuePurge(queue, false)
	return Result{"unacked": unacked}, errors.Join(err, purged)
}

func missingQueue() (Result, error) {
	other, err := connection.Channel()
	if err != nil {
		return nil, err
	}
	_, err = other.QueueDeclarePassive(Name("nowhere"), true, false, false, false, nil)
	var known *amqp.Error
	if !errors.As(err, &known) {
		return nil, fmt.Errorf("no error of the broker's: %w", err)
	}
	return Result{"code": known.Code}, nil
}

func deleteQueue() (Result, error) {
	if err := errors.Join(publishBody("1"), publishBody("2")); err != nil {
		return nil, err
	}
	messages, err := channel.QueueDelete(queue, false, false, false)
	return Result{"messages": messages}, err
}

func main() {
	if err := channel.Confirm(false); err != nil {
		panic(err)
	}
	Step("declare", declare)
	Step("publish confirmed", publishConfirmed)
	Step("consume and ack", consumeAndAck)
	Step("nack and requeue", nackAndRequeue)
	Step("reject", reject)
	Step("headers", headers)
	Step("properties", properties)
	Step("mandatory return", mandatoryReturn)
	Step("large body", largeBody)
	Step("topic exchange", topicExchange)
	Step("prefetch", prefetch)
	Step("missing queue", missingQueue)
	Step("delete queue", deleteQueue)
	connection.Close()
}
