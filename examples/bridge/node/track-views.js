// Web site, speaks Kafka: writes page views to a topic with 3 partitions.
// Usage: node track-views.js [COUNT [FIRST_ID [MINUTES]]]
// With MINUTES the views are dated evenly over the last so many minutes; without, now.

import kafkajs from 'kafkajs'

const { Kafka, Partitioners, logLevel } = kafkajs
const minute = 60 * 1000
const users = 10

const brokers = (process.env.KAFKA_BROKERS ?? 'localhost:9092').split(',')
const kafka = new Kafka({ clientId: 'site', brokers, logLevel: logLevel.ERROR })
const count = Number(process.argv[2] ?? 1)
const first = Number(process.argv[3] ?? 1)
const minutes = Number(process.argv[4] ?? 0)

const admin = kafka.admin()
await admin.connect()
await admin.createTopics({ topics: [{ topic: 'page_views', numPartitions: 3 }] })
await admin.disconnect()

const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner })
await producer.connect()
const start = Date.now() - minutes * minute
for (let n = 0; n < count; n += 1) {
  const view = { id: first + n, user: `user-${(first + n) % users}`, page: `/products/${n}` }
  const timestamp = String(Math.round(start + (n * minutes * minute) / count))
  const message = { key: view.user, value: JSON.stringify(view), timestamp }
  const [{ partition }] = await producer.send({ topic: 'page_views', messages: [message] })
  console.log(`tracked ${view.id} of ${view.user} in partition ${partition}`)
}
await producer.disconnect()
