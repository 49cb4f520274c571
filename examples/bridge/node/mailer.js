// E-mail service, speaks AMQP: works off the queue, one task at a time. Start several to share it.

import amqp from 'amqplib'

const url = process.env.AMQP_URL ?? 'amqp://guest:guest@localhost:5672'
const queue = 'welcome_mails'

const connection = await amqp.connect(url)
const channel = await connection.createChannel()
await channel.assertQueue(queue, { durable: true })
await channel.prefetch(1)
await channel.consume(queue, (message) => {
  const { id, email } = JSON.parse(message.content.toString())
  console.log(`mailed ${id} to ${email}`)
  channel.ack(message)
})
console.log('waiting for users')
