// Adds up the topic from its beginning, speaks Kafka.

import { randomUUID } from 'node:crypto'
import kafkajs from 'kafkajs'
import { topic } from './queues.js'

const { Kafka, logLevel } = kafkajs
const brokers = (process.env.KAFKA_BROKERS ?? 'localhost:9092').split(',')
const kafka = new Kafka({ clientId: 'audit', brokers, logLevel: logLevel.NOTHING })

// A group of its own reads everything again at each start.
const consumer = kafka.consumer({
  groupId: `audit-${randomUUID()}`,
  maxWaitTimeInMs: 500,
  // Who asks for a topic that is not there makes it, with one partition. The others come with the workers.
  metadataMaxAge: 1000,
})
await consumer.connect()
await consumer.subscribe({ topic, fromBeginning: true })
let total = 0
await consumer.run({
  eachMessage: async ({ message }) => {
    const { id, cents } = JSON.parse(message.value.toString())
    total += cents
    console.log(`counted ${id}: ${(total / 100).toFixed(2)} in all`)
  },
})
console.log(`waiting for ${topic}`)

/** Leaves the group at once, so that the broker need not wait for its session timeout. */
async function leave() {
  await consumer.disconnect()
  process.exit()
}

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void leave())
