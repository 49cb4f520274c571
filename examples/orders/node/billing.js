// Billing: charges every order. Start several: they are members of one group and share the partitions.

import kafkajs from 'kafkajs'

const { Kafka, logLevel } = kafkajs
const brokers = (process.env.KAFKA_BROKERS ?? 'localhost:9092').split(',')
const kafka = new Kafka({ clientId: 'billing', brokers, logLevel: logLevel.NOTHING })

// A member that dies is missed after the session timeout; then the others get its partitions.
const consumer = kafka.consumer({
  groupId: 'billing',
  sessionTimeout: 6000,
  heartbeatInterval: 1000,
  maxWaitTimeInMs: 500,
})
consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
  const partitions = payload.memberAssignment.orders ?? []
  console.log(`has partitions ${partitions.toSorted((a, b) => a - b).join(' ')}`)
})

function charge({ id, user, cents }) {
  console.log(`billed ${id} of ${user}: ${(cents / 100).toFixed(2)}`)
}

await consumer.connect()
await consumer.subscribe({ topic: 'orders', fromBeginning: true })
await consumer.run({
  // Committed after each order: a member that takes over bills at most one order again.
  autoCommitThreshold: 1,
  eachMessage: async ({ message }) => charge(JSON.parse(message.value.toString())),
})

/** Leaves the group at once, so that its partitions need not wait for the session timeout. */
async function leave() {
  await consumer.disconnect()
  process.exit()
}

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void leave())
