// Analytics: adds up what was sold per day. Usage: node analytics.js [--since DAYS]
// --since 7 rewinds the group to a week ago and reads on from there; without, it goes on where it was.

import kafkajs from 'kafkajs'

const { Kafka, logLevel } = kafkajs
const day = 24 * 60 * 60 * 1000
const brokers = (process.env.KAFKA_BROKERS ?? 'localhost:9092').split(',')
const kafka = new Kafka({ clientId: 'analytics', brokers, logLevel: logLevel.NOTHING })

/** Sets the group's offsets to the first orders that are not older than `time`. */
async function rewind(time) {
  const admin = kafka.admin()
  await admin.connect()
  const partitions = await admin.fetchTopicOffsetsByTimestamp('orders', time)
  await admin.setOffsets({ groupId: 'analytics', topic: 'orders', partitions })
  await admin.disconnect()
  console.log(`rewound to ${new Date(time).toISOString()}`)
}

const sold = new Map()

function count({ id, user, cents, time }) {
  const date = new Date(time).toISOString().slice(0, 10)
  sold.set(date, (sold.get(date) ?? 0) + cents)
  console.log(`counted ${id} of ${user}: ${date} is at ${(sold.get(date) / 100).toFixed(2)}`)
}

const [option, days] = process.argv.slice(2)
if (option === '--since') await rewind(Date.now() - Number(days) * day)

const consumer = kafka.consumer({ groupId: 'analytics', maxWaitTimeInMs: 500 })
await consumer.connect()
await consumer.subscribe({ topic: 'orders', fromBeginning: true })
await consumer.run({ eachMessage: async ({ message }) => count(JSON.parse(message.value)) })

/** Leaves the group at once, so that its partitions need not wait for the session timeout. */
async function leave() {
  await consumer.disconnect()
  process.exit()
}

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void leave())
