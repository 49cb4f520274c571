// Takes messages of one queue or topic, and makes of each a message of another, exactly once.

import { AMQPClient } from '@cloudamqp/amqp-client'
import { declare } from './queues.js'

const url = process.env.AMQP_URL ?? 'amqp://guest:guest@localhost:5672'
const prefetch = 100

/** `convert` gets what an order says and returns what the next one is to know of it. */
export async function handOver({ from, to, convert }) {
  const connection = await new AMQPClient(url).connect()
  const channel = await connection.channel()
  await declare(channel)
  await channel.txSelect()
  await channel.basicQos(prefetch)

  const waiting = []
  let isBusy = false

  /** What comes during a commit is for the next one. */
  async function work() {
    if (isBusy) return
    isBusy = true
    while (waiting.length > 0) {
      const batch = waiting.splice(0)
      const ids = []
      for (const message of batch) {
        const order = convert(JSON.parse(message.bodyString()))
        await channel.basicPublish('', to, JSON.stringify(order), {
          deliveryMode: 2,
          // In a topic the key decides the partition: the orders of a customer stay in their order.
          headers: { 'x-key': order.customer },
        })
        await message.ack()
        ids.push(order.id)
      }
      // The new messages are there and the old ones are acked, or neither, whatever dies meanwhile.
      await channel.txCommit()
      for (const id of ids) console.log(`handed over ${id}`)
    }
    isBusy = false
  }

  await channel.basicConsume(from, { noAck: false }, (message) => {
    waiting.push(message)
    void work()
  })
  console.log(`waiting for ${from}`)
}
