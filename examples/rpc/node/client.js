// Asks for prices, all at once. Usage: node client.js ITEM...

import { randomUUID } from 'node:crypto'
import amqp from 'amqplib'

const url = process.env.AMQP_URL ?? 'amqp://guest:guest@localhost:5672'
const timeoutMs = Number(process.env.TIMEOUT_MS ?? 5000)
const queue = 'price_requests'
/** Stands for this channel: the broker brings replies to it, and no queue is declared for them. */
const replyTo = 'amq.rabbitmq.reply-to'

const connection = await amqp.connect(url)
const channel = await connection.createChannel()
await channel.assertQueue(queue, { durable: true })

/** What to call with the reply, by correlation id. */
const waiting = new Map()
// Direct replies are never acked, and must be consumed before the first request.
const onReply = ({ properties, content }) => {
  waiting.get(properties.correlationId)?.(JSON.parse(content.toString()))
}
await channel.consume(replyTo, onReply, { noAck: true })

/** Resolves with the reply. @throws Error when there is none in time. */
function request(body) {
  const correlationId = randomUUID()
  const { promise, resolve, reject } = Promise.withResolvers()
  waiting.set(correlationId, resolve)
  const timer = setTimeout(() => reject(new Error('no answer in time')), timeoutMs)
  channel.sendToQueue(queue, Buffer.from(JSON.stringify(body)), {
    replyTo,
    correlationId,
    // No server needs to work on a request that nobody waits for any more.
    expiration: timeoutMs,
  })
  return promise.finally(() => {
    clearTimeout(timer)
    waiting.delete(correlationId)
  })
}

const print = async (item) => {
  const { price, error } = await request({ item }).catch(({ message }) => ({ error: message }))
  console.log(error === undefined ? `${item} costs ${price}` : `${item}: ${error}`)
}
await Promise.all(process.argv.slice(2).map(print))
await connection.close()
