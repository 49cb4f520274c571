// A client that publishes with confirms, up to a window of unconfirmed messages.

import { once } from 'node:events'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { ConfirmChannel } from 'amqplib'
import type { Random } from '../../src/lib/random.ts'
import type { Ledger, Message, PublishRecord, Stream } from './ledger.ts'
import type { ActorSession, Load } from './load.ts'
import { planMessage, type SizeRange } from './message-plan.ts'
import { chooseRoute, type Route } from './stable-topology.ts'

export interface PublisherOptions {
  readonly sizes: SizeRange
  readonly window: number
}

/** A confirm channel whose publishes are recorded. */
export class RecordedChannel {
  readonly channel: ConfirmChannel
  readonly stream: Stream
  unconfirmed = 0
  /** Called when the broker refuses a message, which it has no reason to. */
  onNack: (error: Error) => void = () => {}
  readonly #ledger: Ledger
  #wake: (() => void) | undefined

  constructor(channel: ConfirmChannel, ledger: Ledger, name: string) {
    this.channel = channel
    this.#ledger = ledger
    this.stream = ledger.openStream(name)
  }

  /** Publishes and resolves with the message; `isWritable` says whether the socket takes more. */
  publish(route: Route, seed: number, sizes: SizeRange): { message: Message; isWritable: boolean } {
    const queues = route.queues.map((name) => this.#ledger.queue(name))
    return this.send({ ...route, queues, seed, sizes }, {})
  }

  send(
    record: PublishRecord,
    options: { readonly mandatory?: boolean },
  ): { message: Message; isWritable: boolean } {
    const message = this.#ledger.publish(this.stream, record)
    const plan = planMessage(message.id, message.seed, message.sizes)
    this.unconfirmed++
    const { exchange, routingKey } = record
    const all = { ...plan.options, ...options }
    const isWritable = this.channel.publish(exchange, routingKey, plan.body, all, (error) => {
      this.unconfirmed--
      if (error instanceof Error) this.onNack(error)
      else this.#ledger.confirmed(message)
      this.#wake?.()
    })
    return { message, isWritable }
  }

  /** Resolves with the next confirm. */
  async confirm(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve
    })
  }
}

export async function publishUntilKilled(
  load: Load,
  actor: ActorSession,
  { name, random, options }: { name: string; random: Random; options: PublisherOptions },
): Promise<void> {
  const { channel: amqp } = { channel: await actor.session.confirmChannel() }
  const channel = new RecordedChannel(amqp, load.ledger, name)
  const nacked = new Promise<never>((_resolve, reject) => {
    channel.onNack = reject
  })
  nacked.catch(() => {})
  while (!actor.isClosed()) {
    let isWritable = true
    for (let left = 1 + random.below(50); left > 0 && !actor.isClosed(); left--) {
      isWritable = channel.publish(
        chooseRoute(random),
        random.below(0x1_0000_0000),
        options.sizes,
      ).isWritable
      if (!isWritable || channel.unconfirmed >= options.window) break
    }
    if (!isWritable) await Promise.race([once(amqp, 'drain'), actor.closed, nacked])
    while (channel.unconfirmed >= options.window && !actor.isClosed()) {
      await Promise.race([channel.confirm(), actor.closed, nacked])
    }
    await nextTurn()
  }
}
