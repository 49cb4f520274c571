// Sends parcels.

import amqp from 'amqplib'
import { declare, queue } from './parcels.js'

const url = process.env.AMQP_URL ?? 'amqp://guest:guest@localhost:5672'

const connection = await amqp.connect(url)
const channel = await connection.createChannel()
await declare(channel)
await channel.prefetch(10)
await channel.consume(queue, (message) => {
  const { id } = JSON.parse(message.content.toString())
  console.log(`sent ${id}`)
  channel.ack(message)
})
console.log('waiting for parcels')
