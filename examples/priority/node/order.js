// Orders a report. Usage: node order.js PRIORITY NAME

import amqp from 'amqplib'
import { declare, queue } from './reports.js'

const url = process.env.AMQP_URL ?? 'amqp://guest:guest@localhost:5672'
const [priority, name] = process.argv.slice(2)

const connection = await amqp.connect(url)
const channel = await connection.createConfirmChannel()
await declare(channel)
channel.sendToQueue(queue, Buffer.from(name), { persistent: true, priority: Number(priority) })
await channel.waitForConfirms()
console.log(`ordered ${name}`)
await connection.close()
