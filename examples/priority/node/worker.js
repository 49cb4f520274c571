// Makes reports, the most urgent first.

import amqp from 'amqplib'
import { declare, queue } from './reports.js'

const url = process.env.AMQP_URL ?? 'amqp://guest:guest@localhost:5672'

const connection = await amqp.connect(url)
const channel = await connection.createChannel()
await declare(channel)
// What a worker has fetched cannot be overtaken any more, so it fetches one at a time.
await channel.prefetch(1)
await channel.consume(queue, (message) => {
  console.log(`made ${message.content.toString()}`)
  channel.ack(message)
})
console.log('waiting for orders')
