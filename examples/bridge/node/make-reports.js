// Makes reports, speaks AMQP: takes work from a classic queue and acks it when it is done. Start
// several to share the work.

import amqp from 'amqplib'

const url = process.env.AMQP_URL ?? 'amqp://guest:guest@localhost:5672'
const queue = 'reports'

const connection = await amqp.connect(url)
const channel = await connection.createChannel()
await channel.assertQueue(queue, { durable: true })
await channel.prefetch(1)
await channel.consume(queue, (message) => {
  const { id, month } = JSON.parse(message.content.toString())
  console.log(`made ${id} for ${month} (${message.properties.contentType})`)
  channel.ack(message)
})
console.log('waiting for orders')
