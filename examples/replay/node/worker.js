// Writes invoices. Usage: node worker.js PERCENT, which is the tax.

import amqp from 'amqplib'
import { declare, queue } from './invoices.js'

const url = process.env.AMQP_URL ?? 'amqp://guest:guest@localhost:5672'
const percent = Number(process.argv[2])

const connection = await amqp.connect(url)
const channel = await connection.createChannel()
await declare(channel)
await channel.prefetch(10)

/** Closing the channel first sends the last acks. */
async function stop() {
  await channel.close()
  await connection.close()
}

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void stop())

await channel.consume(queue, (message) => {
  const { id, cents } = JSON.parse(message.content.toString())
  const total = Math.round(cents * (1 + percent / 100))
  // A new invoice takes the place of the old one: a replay does the work once more.
  console.log(`invoice ${id} is ${(total / 100).toFixed(2)}`)
  channel.ack(message)
})
console.log('waiting for sales')
