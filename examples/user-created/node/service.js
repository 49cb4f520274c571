// One of the services that care about new users.
// Usage: node service.js email|coupon|log

import amqp from 'amqplib'

const url = process.env.AMQP_URL ?? 'amqp://guest:guest@localhost:5672'
const exchange = 'user_events'

const services = {
  email: { routingKey: 'user.created', work: (user) => `welcome mail to ${user.email}` },
  coupon: { routingKey: 'user.created', work: (user) => `coupon WELCOME-${user.id}` },
  log: { routingKey: 'user.#', work: (user) => `user ${user.id} was created` },
}

const name = process.argv[2]
const { routingKey, work } = services[name]
const queue = `user_created.${name}`

const connection = await amqp.connect(url)
const channel = await connection.createChannel()
await channel.assertExchange(exchange, 'topic', { durable: true })
await channel.assertQueue(queue, { durable: true })
await channel.bindQueue(queue, exchange, routingKey)
await channel.prefetch(10)
await channel.consume(queue, (message) => {
  console.log(work(JSON.parse(message.content.toString())))
  channel.ack(message)
})
console.log('listening')
