// Declares a queue, binds it, publishes through the exchange and looks: what was confirmed after the binding was
// answered must be in the queue for whoever asks next, on whichever connection.
import { setTimeout as delay } from 'node:timers/promises'
import { within } from '../../support/wait-for.ts'
import { AmqpLink } from './amqp-link.ts'
import type { ClientParts } from './client-parts.ts'

export const bindExchange = 'binds'
const pauseMs = 150
const getMsMax = 60_000
const elsewhereMsMax = 10_000

export async function bind(parts: ClientParts): Promise<void> {
  let count = 0
  await parts.persist(
    () => parts.isSending,
    async () => {
      await using link = await AmqpLink.open(parts)
      const channel = await link.do(link.model.createConfirmChannel())
      channel.on('error', () => undefined)
      while (parts.isSending && !link.isEnded) {
        const name = `bound-${count++}`
        await link.do(channel.assertQueue(name, { durable: true }))
        await link.do(channel.bindQueue(name, bindExchange, name))
        channel.publish(bindExchange, name, Buffer.from(name), { persistent: true })
        await link.do(channel.waitForConfirms())
        await lookFor(parts, name)
        await delay(pauseMs)
      }
    },
  )
}

/** With as many tries as it takes: the message is not lost because nobody answers. */
async function lookFor(parts: ClientParts, name: string): Promise<void> {
  let isSeen = false
  let isDone = false
  const look = async (): Promise<void> => {
    await using link = await AmqpLink.open(parts)
    const channel = await link.do(link.model.createChannel())
    channel.on('error', (error: Error) => {
      // What became of an earlier try to delete it is not known.
      isDone = error.message.includes('NOT_FOUND')
      if (isDone && !isSeen) parts.wrong(`queue ${name} was declared and is gone`)
    })
    // Somebody whose connection is not known to be dead may have it unacked: an earlier try of ours.
    for (const end = Date.now() + elsewhereMsMax; !isSeen && Date.now() < end;) {
      isSeen = (await link.do(channel.get(name, { noAck: false }))) !== false
      if (!isSeen) await delay(pauseMs)
    }
    if (!isSeen) parts.wrong(`a message for ${name} was confirmed and is gone`)
    isSeen = true
    await link.do(channel.deleteQueue(name))
    isDone = true
  }
  const looking = parts.persist(() => !isDone && parts.isRunning, look)
  await within('it is looked for', looking, getMsMax).catch(() => undefined)
}
