// Asks for an invoice of each sale. Usage: node sell.js FIRST_ID COUNT

import amqp from 'amqplib'
import { declare, queue } from './invoices.js'

const url = process.env.AMQP_URL ?? 'amqp://guest:guest@localhost:5672'
const [first, count] = process.argv.slice(2).map(Number)

const connection = await amqp.connect(url)
const channel = await connection.createConfirmChannel()
await declare(channel)
const since = new Date().toISOString()
for (let id = first; id < first + count; id += 1) {
  const sale = { id, cents: id * 100 }
  channel.sendToQueue(queue, Buffer.from(JSON.stringify(sale)), { persistent: true })
}
await channel.waitForConfirms()
console.log(`sold ${count} since ${since}`)
await connection.close()
