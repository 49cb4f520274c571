// Asks for reports, speaks Kafka: what it produces is work in the queue `reports`.
// Usage: node order-reports.js [FIRST_ID [COUNT]]

import kafkajs from 'kafkajs'

const { Kafka, Partitioners, logLevel } = kafkajs
const brokers = (process.env.KAFKA_BROKERS ?? 'localhost:9092').split(',')
const kafka = new Kafka({ clientId: 'backoffice', brokers, logLevel: logLevel.ERROR })
const first = Number(process.argv[2] ?? 1)
const count = Number(process.argv[3] ?? 1)

const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner })
await producer.connect()
for (let id = first; id < first + count; id += 1) {
  const message = {
    key: `report-${id}`,
    value: JSON.stringify({ id, month: '2026-10' }),
    // A property of the message that the AMQP worker gets.
    headers: { 'amqp.content-type': 'application/json' },
  }
  await producer.send({ topic: 'reports', messages: [message] })
  console.log(`ordered ${id}`)
}
await producer.disconnect()
