// Shows the dead letters; with --retry puts them back into the queue that they come from.

import amqp from 'amqplib'
import { deadQueue, declare } from './payments.js'

const url = process.env.AMQP_URL ?? 'amqp://guest:guest@localhost:5672'
const isRetry = process.argv[2] === '--retry'

const connection = await amqp.connect(url)
const channel = await connection.createConfirmChannel()
await declare(channel)
// As many as there are now: what dies again meanwhile is left for the next time.
const { messageCount } = await channel.checkQueue(deadQueue)
for (let n = 0; n < messageCount; n += 1) {
  const message = await channel.get(deadQueue)
  if (message === false) break
  // The newest death stands first.
  const [{ reason, queue }] = message.properties.headers['x-death']
  console.log(`${reason} in ${queue}: ${message.content.toString()}`)
  if (!isRetry) continue
  channel.sendToQueue(queue, message.content, { persistent: true })
  // Ack only when the copy is on disk: a crash in between makes two, never none.
  await channel.waitForConfirms()
  channel.ack(message)
}
// Closing the channel first sends the last ack. What was not acked goes back into the queue.
await channel.close()
await connection.close()
