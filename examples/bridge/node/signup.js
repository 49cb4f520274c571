// Sign-up service, speaks AMQP: one publish reaches a queue and a topic at once.
// Usage: node signup.js [FIRST_ID [COUNT]]

import amqp from 'amqplib'

const url = process.env.AMQP_URL ?? 'amqp://guest:guest@localhost:5672'
const exchange = 'user_events'
const first = Number(process.argv[2] ?? 1)
const count = Number(process.argv[3] ?? 1)

const connection = await amqp.connect(url)
const channel = await connection.createConfirmChannel()
await channel.assertExchange(exchange, 'topic', { durable: true })

// The work of the e-mail service, and the topic that Kafka's consumers read.
await channel.assertQueue('welcome_mails', { durable: true })
await channel.assertQueue('user.created', {
  durable: true,
  arguments: { 'x-queue-type': 'stream', 'x-partitions': 3 },
})
for (const name of ['welcome_mails', 'user.created'])
  await channel.bindQueue(name, exchange, 'user.created')

for (let id = first; id < first + count; id += 1) {
  const event = { id, email: `user${id}@example.com` }
  channel.publish(exchange, 'user.created', Buffer.from(JSON.stringify(event)), {
    persistent: true,
    contentType: 'application/json',
    // The key of the record: it decides the partition, as with a Kafka producer.
    headers: { 'x-key': `user-${id}` },
  })
  await channel.waitForConfirms()
  console.log(`created ${id}`)
}
await connection.close()
