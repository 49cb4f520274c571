// Clients that make messages move while the broker is killed, and the look at where they are afterwards.

import type { Channel, ConfirmChannel, ConsumeMessage } from 'amqplib'
import type { Random } from '../../../src/lib/random.ts'
import type { AmqpSession } from '../../support/amqp-session.ts'
import { waitFor } from '../../support/wait-for.ts'
import type { Ledger } from '../ledger.ts'
import type { ActorSession } from '../load.ts'
import { declareMovingQueues, markQueue, returningQueue, ways } from './moving-queues.ts'
import { type Death, type Sighting, Whereabouts } from './whereabouts.ts'

const window = 30
/** Each round adds at most so many: all are read after each crash. */
const perRoundMax = 500
const expirationMsMax = 300
const bodySizeMax = 3000
const heldMax = 12
const notesPerMark = 12

/** A client's name, and the choices that its seed makes. */
interface Own {
  readonly name: string
  readonly random: Random
}

interface Held {
  readonly message: ConsumeMessage
  readonly sighting: Sighting
}

export class MovingBook {
  readonly #ledger: Ledger
  readonly #messages: Whereabouts
  #checks = 0

  constructor(ledger: Ledger) {
    this.#ledger = ledger
    this.#messages = new Whereabouts((...violation) => ledger.violate(...violation))
  }

  async declare(channel: Channel): Promise<void> {
    await declareMovingQueues(channel)
  }

  async publishUntilKilled(actor: ActorSession, { name, random }: Own): Promise<void> {
    const channel = await actor.session.confirmChannel()
    for (let count = 1; count <= perRoundMax && !actor.isClosed(); count++) {
      this.#publish(channel, random, `${name}-${count}`)
      if (count % window === 0) await channel.waitForConfirms()
    }
    await actor.closed
  }

  /** Takes from most of the queues and settles in every manner. */
  async settleUntilKilled(actor: ActorSession, { name, random }: Own): Promise<void> {
    for (const queue of ways.flat()) {
      if (random.below(3) === 0) continue
      const channel = await actor.session.confirmChannel()
      const held = random.below(heldMax)
      const settler = new Settler(channel, { random, held }, this.#messages)
      // What is held leaves room for another one, so that the queue goes on.
      await channel.prefetch(held + 1 + random.below(heldMax))
      await channel.consume(queue, (message) => {
        if (message === null) return
        const sighting = sightingOf(queue, message)
        settler.take({ message, sighting }, this.#see(name, message, sighting))
      })
    }
    await actor.closed
  }

  /** Adds what is wrong to the ledger's violations, and acks some of what is there. */
  async check(session: AmqpSession, random: Random): Promise<void> {
    const name = `check-${++this.#checks}`
    const channel = await session.confirmChannel()
    const look = new Look(channel, name)
    await look.takeAll(this.#messages.expected)
    for (const { sighting } of look.found) this.#note(name, 'finds', sighting)
    this.#messages.judgeRecovery(look.found.map(({ sighting }) => sighting))
    const settler = new Settler(channel, { random, held: 0 }, this.#messages)
    await settler.ackSome(look.found)
    await channel.close()
  }

  #publish(channel: ConfirmChannel, random: Random, messageId: string): void {
    const way = ways[random.below(ways.length)]!
    const hasExpiration = random.below(3) === 0
    const expiration = String(1 + random.below(expirationMsMax))
    this.#messages.sent(messageId, way, hasExpiration)
    this.#ledger.history.note(messageId, 'is sent', way[0], messageId)
    const options = {
      messageId,
      persistent: true,
      priority: random.below(10),
      ...(hasExpiration ? { expiration } : {}),
    }
    channel.publish('', way[0]!, bodyOf(messageId), options, (error) => {
      if (error === null || error === undefined) this.#messages.confirmed(messageId)
    })
  }

  #see(actor: string, { content }: ConsumeMessage, sighting: Sighting): () => void {
    this.#note(actor, 'gets', sighting)
    const { queue, id } = sighting
    if (!content.equals(bodyOf(id))) this.#ledger.violate(queue, id, 'has another body')
    return this.#messages.received(sighting)
  }

  #note(actor: string, what: string, { queue, id }: Sighting): void {
    this.#ledger.history.note(actor, what, queue, id)
  }
}

/** Settles what one channel gets, and learns from confirms which of that is on disk. */
class Settler {
  readonly #channel: ConfirmChannel
  readonly #random: Random
  readonly #messages: Whereabouts
  readonly #held: Held[] = []
  readonly #heldMax: number
  #unmarked: (() => void)[] = []

  /** @param own its choices, and how many deliveries it holds at most. */
  constructor(
    channel: ConfirmChannel,
    { random, held }: { readonly random: Random; readonly held: number },
    messages: Whereabouts,
  ) {
    this.#channel = channel
    this.#random = random
    this.#messages = messages
    this.#heldMax = held
  }

  /** @param onDisk to call when something that is sent from now on is on disk. */
  take(held: Held, onDisk: () => void): void {
    this.#held.push(held)
    this.#unmarked.push(onDisk)
    const random = this.#random
    if (this.#held.length > this.#heldMax || random.below(4) === 0) {
      this.#settle(this.#held.splice(random.below(this.#held.length), 1)[0]!)
    }
  }

  /** Settles much of it for certain; the rest is requeued when the channel is closed. */
  async ackSome(found: readonly Held[]): Promise<void> {
    for (const held of found) if (this.#random.below(2) === 0) this.#ack(held)
    this.#mark()
    await this.#channel.waitForConfirms()
  }

  #settle(held: Held): void {
    const random = this.#random
    const isLast = ways.some((way) => way.at(-1) === held.sighting.queue)
    const choice = random.below(5)
    if (choice === 0) this.#channel.nack(held.message, false, true)
    else if (choice < 3 && !isLast) this.#reject(held)
    else this.#ack(held)
    if (this.#unmarked.length >= notesPerMark) this.#mark()
  }

  #ack({ message, sighting }: Held): void {
    this.#unmarked.push(this.#messages.acked(sighting.id))
    this.#channel.ack(message)
  }

  #reject({ message, sighting }: Held): void {
    this.#messages.rejected(sighting.id, sighting.queue)
    this.#channel.nack(message, false, false)
  }

  /** What this channel settled before is on disk when a publish to a durable queue is confirmed. */
  #mark(): void {
    const onDisk = this.#unmarked
    this.#unmarked = []
    this.#channel.sendToQueue(markQueue, Buffer.from('mark'), { persistent: true }, (error) => {
      if (error === null || error === undefined) for (const note of onDisk) note()
    })
  }
}

/** Takes all that there is from all queues, without settling it. */
class Look {
  readonly found: Held[] = []
  readonly #channel: ConfirmChannel
  readonly #name: string
  readonly #seen = new Set<string>()

  constructor(channel: ConfirmChannel, name: string) {
    this.#channel = channel
    this.#name = name
  }

  /**
   * Resolves when each of `expected` was seen and all that was on its way has arrived: a last message of
   * each way is rejected in each queue and so comes to its end behind all that moved before. What is
   * missing then is lost.
   */
  async takeAll(expected: readonly string[]): Promise<void> {
    for (const queue of ways.flat()) {
      await this.#channel.consume(queue, (message) => {
        if (message !== null) this.#take(queue, message)
      })
    }
    for (const way of ways) {
      const messageId = `${this.#name}.${way[0]}`
      this.#channel.sendToQueue(way[0]!, Buffer.alloc(0), { messageId, persistent: true })
    }
    const isThere = (): boolean => {
      const ends = ways.map((way) => `${this.#name}.${way[0]} ${way.at(-1)}`)
      return ends.every((end) => this.#seen.has(end))
    }
    await waitFor('the last message of each way is at its end', isThere)
    const areFound = (): boolean => expected.every((id) => this.#seen.has(id))
    // What did not arrive is judged with the rest.
    await waitFor('all messages are found', areFound).catch(() => {})
  }

  #take(queue: string, message: ConsumeMessage): void {
    const { messageId } = message.properties
    const id = String(messageId)
    if (!id.startsWith('check-')) {
      this.#seen.add(id)
      this.found.push({ message, sighting: sightingOf(queue, message) })
      return
    }
    this.#seen.add(`${id} ${queue}`)
    if (ways.some((way) => way.at(-1) === queue)) this.#channel.ack(message)
    else {
      // Returned ones wait before their next try: this one is behind them all when it is back.
      const isFirst = queue === returningQueue && !message.fields.redelivered
      this.#channel.nack(message, false, isFirst)
    }
  }
}

function sightingOf(queue: string, { properties }: ConsumeMessage): Sighting {
  const deaths = (properties.headers?.['x-death'] ?? []) as unknown as readonly Death[]
  return { id: String(properties.messageId), queue, deaths }
}

function bodyOf(id: string): Buffer {
  const number = Number(id.slice(id.lastIndexOf('-') + 1))
  return Buffer.alloc((number * 37) % bodySizeMax, number)
}
