// Audit, speaks Kafka: a consumer group that reads every user.created event. Start several to share
// the partitions.

import kafkajs from 'kafkajs'

const { Kafka, logLevel } = kafkajs
const brokers = (process.env.KAFKA_BROKERS ?? 'localhost:9092').split(',')
const kafka = new Kafka({ clientId: 'audit', brokers, logLevel: logLevel.NOTHING })

const consumer = kafka.consumer({
  groupId: 'audit',
  maxWaitTimeInMs: 500,
  // Finds partitions that are added within a second. Without this kafkajs looks every five minutes.
  metadataMaxAge: 1000,
})
consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
  const partitions = payload.memberAssignment['user.created'] ?? []
  console.log(`has partitions ${partitions.toSorted((a, b) => a - b).join(' ')}`)
})

function audit({ key, value, headers }, partition) {
  const { id } = JSON.parse(value.toString())
  const type = headers['amqp.content-type']
  console.log(`audited ${id} with key ${key}, ${type}, from partition ${partition}`)
}

await consumer.connect()
await consumer.subscribe({ topic: 'user.created', fromBeginning: true })
await consumer.run({ eachMessage: async ({ message, partition }) => audit(message, partition) })

/** Leaves the group at once, so that its partitions need not wait for the session timeout. */
async function leave() {
  await consumer.disconnect()
  process.exit()
}

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void leave())
