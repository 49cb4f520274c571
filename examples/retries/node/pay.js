// Queues a payment. Usage: node pay.js ID CARD

import amqp from 'amqplib'
import { declare, queue } from './payments.js'

const url = process.env.AMQP_URL ?? 'amqp://guest:guest@localhost:5672'
const [id, card] = process.argv.slice(2)

const connection = await amqp.connect(url)
const channel = await connection.createConfirmChannel()
await declare(channel)
channel.sendToQueue(queue, Buffer.from(JSON.stringify({ id, card })), { persistent: true })
await channel.waitForConfirms()
console.log(`queued ${id}`)
await connection.close()
