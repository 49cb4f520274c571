// Answers requests for a price. Start several: they share the requests.

import amqp from 'amqplib'

const url = process.env.AMQP_URL ?? 'amqp://guest:guest@localhost:5672'
const queue = 'price_requests'
const prices = { tea: 3, coffee: 4 }

/** A mistake is an answer, too: otherwise the client would wait until its time-out. */
function answer(content) {
  try {
    const { item } = JSON.parse(content.toString())
    if (!Object.hasOwn(prices, item)) return { error: `there is no ${item}` }
    return { price: prices[item] }
  } catch {
    return { error: 'not a request' }
  }
}

const connection = await amqp.connect(url)
const channel = await connection.createChannel()
await channel.assertQueue(queue, { durable: true })
await channel.prefetch(10)
await channel.consume(queue, (message) => {
  const { replyTo, correlationId } = message.properties
  const reply = Buffer.from(JSON.stringify(answer(message.content)))
  // A client that has gone gets nothing; that is no error.
  channel.sendToQueue(replyTo, reply, { correlationId })
  channel.ack(message)
  console.log(`answered ${message.content.toString()}`)
})
console.log('answering')
