// Charges cards. Tries again what may work later, gives up what never will.

import amqp from 'amqplib'
import { declare, queue } from './payments.js'

const url = process.env.AMQP_URL ?? 'amqp://guest:guest@localhost:5672'

/** The bank may take it later. */
class BankIsBusy extends Error {}

/** Stands for a call to a bank. */
function charge(card, tries) {
  if (card === 'down' || (card === 'busy' && tries < 3)) throw new BankIsBusy('the bank is busy')
  if (card === 'expired') throw new Error('the card has expired')
}

const connection = await amqp.connect(url)
const channel = await connection.createChannel()
await declare(channel)
await channel.prefetch(10)
await channel.consume(queue, (message) => {
  const text = message.content.toString()
  const tries = 1 + (message.properties.headers?.['x-delivery-count'] ?? 0)
  try {
    const { id, card } = JSON.parse(text)
    charge(card, tries)
    console.log(`paid ${id} at try ${tries}`)
    channel.ack(message)
  } catch (error) {
    // With requeue the message comes back later; without, or too often, it goes to the dead letters.
    const requeue = error instanceof BankIsBusy
    console.log(`failed ${text} at try ${tries}: ${error.message}`)
    channel.nack(message, false, requeue)
  }
})
console.log('waiting for payments')
