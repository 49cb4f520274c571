// Queues a deposit. Usage: node pay-in.js ID ACCOUNT AMOUNT

import amqp from 'amqplib'

const url = process.env.AMQP_URL ?? 'amqp://guest:guest@localhost:5672'
const queue = 'deposits'
const [messageId, account, amount] = process.argv.slice(2)

const connection = await amqp.connect(url)
const channel = await connection.createConfirmChannel()
await channel.assertQueue(queue, { durable: true })
const deposit = { account, amount: Number(amount) }
channel.sendToQueue(queue, Buffer.from(JSON.stringify(deposit)), {
  persistent: true,
  // Names the deposit, not the attempt: whoever sends it again uses the same id.
  messageId,
})
await channel.waitForConfirms()
console.log(`queued ${messageId}`)
await connection.close()
