// Messages to an exchange that delays. Its queue is never consumed, so after each crash everything that
// was ever confirmed waits there, or at the exchange; once the longest delay has passed, all is in the
// delayedQueue, each message once.

import type { Channel, ConfirmChannel } from 'amqplib'
import type { Random } from '../../src/lib/random.ts'
import type { AmqpSession } from '../support/amqp-session.ts'
import { waitFor } from '../support/wait-for.ts'
import type { Ledger } from './ledger.ts'
import type { ActorSession } from './load.ts'

const exchange = 'delayed'
export const delayedQueue = 'delayed.out'
/** One of some seconds goes through wider buckets when the broker is down for longer. */
const delayMsMax = 1000
const window = 30
/** Each round adds at most so many: all are read after each crash. */
const perRoundMax = 400
const bodySizeMax = 5000

export class DelayedBook {
  readonly #sent = new Set<string>()
  readonly #confirmed = new Set<string>()
  #checks = 0

  async declare(channel: Channel): Promise<void> {
    const args = { 'x-delayed-type': 'direct' }
    await channel.assertExchange(exchange, 'x-delayed-message', { arguments: args })
    await channel.assertQueue(delayedQueue)
    await channel.bindQueue(delayedQueue, exchange, '')
  }

  async publishUntilKilled(
    actor: ActorSession,
    { name, random }: { name: string; random: Random },
  ): Promise<void> {
    const channel = await actor.session.confirmChannel()
    for (let count = 0; count < perRoundMax && !actor.isClosed(); count++) {
      this.#publish(channel, `${name}-${count}`, 1 + random.below(delayMsMax))
      if (count % window === 0) await channel.waitForConfirms()
    }
    await actor.closed
  }

  /** Sends what comes after all that was sent before. To be called some time before `check`, which waits for it. */
  async mark(session: AmqpSession): Promise<void> {
    const channel = await session.confirmChannel()
    await this.declare(channel)
    this.#publish(channel, `check-${++this.#checks}`, delayMsMax)
    await channel.waitForConfirms()
    await channel.close()
  }

  /** Adds what is wrong to the ledger's violations. */
  async check(session: AmqpSession, ledger: Ledger): Promise<void> {
    const channel = await session.channel()
    const found = await readThrough(channel, `check-${this.#checks}`)
    await channel.close()
    const seen = new Set<string>()
    for (const id of found) {
      if (seen.has(id)) ledger.violate(delayedQueue, id, 'is there twice')
      if (!this.#sent.has(id)) ledger.violate(delayedQueue, id, 'was never sent here')
      seen.add(id)
    }
    for (const id of this.#confirmed) {
      if (!seen.has(id)) ledger.violate(delayedQueue, id, 'is lost although it was confirmed')
    }
    // What is not there now never will be, and what is there may not be lost any more.
    this.#sent.clear()
    for (const id of seen) {
      this.#sent.add(id)
      this.#confirmed.add(id)
    }
  }

  #publish(channel: ConfirmChannel, messageId: string, delayMs: number): void {
    this.#sent.add(messageId)
    const headers = { 'x-delay': delayMs }
    const body = Buffer.alloc((delayMs * 37) % bodySizeMax, 1)
    channel.publish(exchange, '', body, { messageId, headers }, (error) => {
      if (error === null || error === undefined) this.#confirmed.add(messageId)
    })
  }
}

/** Everything up to the message that was sent last with the longest delay, and so comes last. */
async function readThrough(channel: Channel, last: string): Promise<string[]> {
  const ids: string[] = []
  await channel.consume(delayedQueue, (message) => {
    if (message !== null) ids.push(String(message.properties.messageId))
  })
  await waitFor(`${last} is due`, () => ids.includes(last))
  return ids
}
