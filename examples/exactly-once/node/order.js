// Queues orders. Usage: node order.js FIRST_ID COUNT

import { AMQPClient } from '@cloudamqp/amqp-client'
import { declare, orders } from './queues.js'

const url = process.env.AMQP_URL ?? 'amqp://guest:guest@localhost:5672'
const [first, count] = process.argv.slice(2).map(Number)
const customerCount = 7

const connection = await new AMQPClient(url).connect()
const channel = await connection.channel()
await declare(channel)
await channel.confirmSelect()
const published = Array.from({ length: count }, (_, n) => {
  const id = first + n
  const order = { id, customer: `customer-${id % customerCount}`, pieces: 1 + (id % 3) }
  return channel.basicPublish('', orders, JSON.stringify(order), { deliveryMode: 2 })
})
await Promise.all(published)
console.log(`ordered ${count}`)
await connection.close()
