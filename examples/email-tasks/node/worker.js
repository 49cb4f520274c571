// E-mail worker: takes tasks one at a time and sends the e-mail.

import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import amqp from 'amqplib'

const url = process.env.AMQP_URL ?? 'amqp://guest:guest@localhost:5672'
const queue = 'email_task_queue'

function sendEmail(task) {
  if (!task.email.includes('@')) throw new Error(`not an address: ${task.email}`)
  console.log(`sent ${task.id} to ${task.email}`)
}

async function work() {
  const connection = await amqp.connect(url)
  connection.on('error', () => {})
  const closed = once(connection, 'close')
  const channel = await connection.createChannel()
  channel.on('error', () => {})
  await channel.assertQueue(queue, { durable: true })
  await channel.prefetch(1)
  await channel.consume(queue, (message) => {
    try {
      sendEmail(JSON.parse(message.content.toString()))
      channel.ack(message)
    } catch (error) {
      console.log(`failed ${message.content.toString()}: ${error.message}`)
      channel.nack(message, false, false)
    }
  })
  console.log('waiting for tasks')
  await closed
}

for (;;) {
  await work().catch(() => {})
  console.error('broker is away, trying again')
  await delay(200)
}
