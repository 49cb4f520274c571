// Reads the topic of page views as a stream, speaks AMQP. Reading takes nothing away.
// Usage: node replay-views.js [MINUTES]
// With MINUTES it begins with the views of the last so many minutes; without, with the first view.

import amqp from 'amqplib'

const url = process.env.AMQP_URL ?? 'amqp://guest:guest@localhost:5672'
const minutes = process.argv[2]

function startOf() {
  if (minutes === undefined) return 'first'
  const seconds = Math.floor(Date.now() / 1000) - Number(minutes) * 60
  return { '!': 'timestamp', value: seconds }
}

const connection = await amqp.connect(url)
const channel = await connection.createChannel()
// Whoever comes first makes the topic; the other finds it as it wants it.
await channel.assertQueue('page_views', {
  durable: true,
  arguments: { 'x-queue-type': 'stream', 'x-partitions': 3 },
})
await channel.prefetch(100)

function replay(message) {
  const { id, user } = JSON.parse(message.content.toString())
  const { 'x-stream-partition': partition, 'x-stream-offset': offset } = message.properties.headers
  console.log(`read ${id} of ${user} at partition ${partition} offset ${offset}`)
  // Makes room for the next delivery.
  channel.ack(message)
}

await channel.consume('page_views', replay, { arguments: { 'x-stream-offset': startOf() } })
console.log('reading')
