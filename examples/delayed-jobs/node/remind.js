// Queues a reminder for later. Usage: node remind.js SECONDS TEXT

import amqp from 'amqplib'
import { declare, exchange, queue } from './reminders.js'

const url = process.env.AMQP_URL ?? 'amqp://guest:guest@localhost:5672'
const [seconds, text] = process.argv.slice(2)

const connection = await amqp.connect(url)
const channel = await connection.createConfirmChannel()
await declare(channel)
channel.publish(exchange, queue, Buffer.from(text), {
  persistent: true,
  // Milliseconds, 49 days at most. Without the header the message is routed at once.
  headers: { 'x-delay': Math.round(Number(seconds) * 1000) },
})
// From the confirm on the waiting message is on disk and outlives a restart of the broker.
await channel.waitForConfirms()
console.log(`reminder in ${seconds} s: ${text}`)
await connection.close()
