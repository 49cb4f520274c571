// npm install kafkajs
import { Kafka } from 'kafkajs'

const kafka = new Kafka({ brokers: ['localhost:9092'] })
const producer = kafka.producer()
await producer.connect()
await producer.send({ topic: 'greetings', messages: [{ value: 'Hello, Pabal' }] })
await producer.disconnect()

const consumer = kafka.consumer({ groupId: 'greeters-js' })
await consumer.connect()
await consumer.subscribe({ topics: ['greetings'], fromBeginning: true })
await consumer.run({
  eachMessage: async ({ message }) => console.log(message.value.toString()),
})
