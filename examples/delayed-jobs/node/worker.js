// Does the jobs that are due.

import amqp from 'amqplib'
import { declare, queue } from './reminders.js'

const url = process.env.AMQP_URL ?? 'amqp://guest:guest@localhost:5672'

const connection = await amqp.connect(url)
const channel = await connection.createChannel()
await declare(channel)
await channel.prefetch(10)
await channel.consume(queue, (message) => {
  console.log(`remember: ${message.content.toString()}`)
  channel.ack(message)
})
console.log('waiting for what is due')
