// Sign-up service: tells everyone who listens that a user was created.
// Usage: node signup.js [FIRST_ID [COUNT]]

import amqp from 'amqplib'

const url = process.env.AMQP_URL ?? 'amqp://guest:guest@localhost:5672'
const exchange = 'user_events'
const first = Number(process.argv[2] ?? 1)
const count = Number(process.argv[3] ?? 1)

const connection = await amqp.connect(url)
const channel = await connection.createConfirmChannel()
await channel.assertExchange(exchange, 'topic', { durable: true })
for (let id = first; id < first + count; id += 1) {
  const event = { id, email: `user${id}@example.com` }
  const options = { persistent: true, contentType: 'application/json' }
  channel.publish(exchange, 'user.created', Buffer.from(JSON.stringify(event)), options)
  await channel.waitForConfirms()
  console.log(`created ${id}`)
}
await connection.close()
