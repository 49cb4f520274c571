// go get github.com/rabbitmq/amqp091-go
package main

import (
	"fmt"

	amqp "github.com/rabbitmq/amqp091-go"
)

func main() {
	connection := must(amqp.Dial("amqp://guest:guest@localhost:5672"))
	defer connection.Close()
	channel := must(connection.Channel())
	must(channel.QueueDeclare("hello", true, false, false, false, nil))
	message := amqp.Publishing{DeliveryMode: amqp.Persistent, Body: []byte("Hello, Pabal")}
	must(0, channel.Publish("", "hello", false, false, message))
	messages := must(channel.Consume("hello", "", true, false, false, false, nil))
	fmt.Println(string((<-messages).Body))
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}
