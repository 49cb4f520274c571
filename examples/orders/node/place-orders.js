// The shop: places orders. Usage: node place-orders.js [COUNT [FIRST_ID [DAYS]]]
// With DAYS the orders are dated evenly over the last so many days; without, now.

import kafkajs from 'kafkajs'

const { Kafka, Partitioners, logLevel } = kafkajs
const day = 24 * 60 * 60 * 1000
const users = 10

const brokers = (process.env.KAFKA_BROKERS ?? 'localhost:9092').split(',')
const kafka = new Kafka({ clientId: 'shop', brokers, logLevel: logLevel.ERROR })
const count = Number(process.argv[2] ?? 1)
const first = Number(process.argv[3] ?? 1)
const days = Number(process.argv[4] ?? 0)

const admin = kafka.admin()
await admin.connect()
await admin.createTopics({ topics: [{ topic: 'orders', numPartitions: 6 }] })
await admin.disconnect()

const start = Date.now() - days * day
const orders = Array.from({ length: count }, (_, n) => ({
  id: first + n,
  user: `user-${(first + n) % users}`,
  cents: 500 + (((first + n) * 37) % 9500),
  time: Math.round(start + (n * days * day) / count),
}))

// The key decides the partition: all orders of a user are in one, in their order.
const producer = kafka.producer({
  idempotent: true,
  createPartitioner: Partitioners.DefaultPartitioner,
})
await producer.connect()
for (const order of orders) {
  const [{ partition }] = await producer.send({
    topic: 'orders',
    messages: [{ key: order.user, value: JSON.stringify(order), timestamp: String(order.time) }],
  })
  console.log(`placed ${order.id} of ${order.user} in partition ${partition}`)
}
await producer.disconnect()
