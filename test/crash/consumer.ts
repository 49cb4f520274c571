// A client that consumes a queue and settles what it gets in one of several manners.

import type { ConsumeMessage } from 'amqplib'
import type { Random } from '../../src/lib/random.ts'
import type { Copy, QueueBook } from './ledger.ts'
import type { ActorSession, Load } from './load.ts'
import { RecordedChannel } from './publisher.ts'
import { directTo, onwardQueue } from './stable-topology.ts'

export interface ConsumerOptions {
  readonly queue: string
  readonly prefetch: number
  /** Deliveries it holds before it settles any. */
  readonly held: number
  /** `each`: the oldest; `multiple`: all up to one of them; `shuffled`: any one. */
  readonly manner: 'each' | 'multiple' | 'shuffled'
  /** Deliveries after which it opens another channel. */
  readonly channelDeliveries: number
  readonly noAck: boolean
}

export const manners: readonly ConsumerOptions['manner'][] = ['each', 'multiple', 'shuffled']

export async function consumeUntilKilled(
  load: Load,
  actor: ActorSession,
  { name, random, options }: { name: string; random: Random; options: ConsumerOptions },
): Promise<void> {
  for (let count = 0; !actor.isClosed(); count++) {
    const amqp = await actor.session.confirmChannel()
    const channel = new RecordedChannel(amqp, load.ledger, `${name}c${count}`)
    const consumer = new RecordedConsumer(load, channel, { random, options })
    await amqp.prefetch(options.prefetch)
    const { queue, noAck } = options
    await amqp.consume(queue, (message) => consumer.onMessage(message), { noAck })
    await Promise.race([consumer.done, actor.closed])
    if (!actor.isClosed()) await amqp.close()
  }
}

class RecordedConsumer {
  readonly done: Promise<void>
  readonly #load: Load
  readonly #channel: RecordedChannel
  readonly #random: Random
  readonly #options: ConsumerOptions
  readonly #queue: QueueBook
  readonly #held = new Map<number, Copy>()
  /** By the stream of messages and their level. */
  readonly #lastPositions = new Map<string, number>()
  #deliveries = 0
  #isDone = false
  #finish: () => void = () => {}

  constructor(
    load: Load,
    channel: RecordedChannel,
    { random, options }: { random: Random; options: ConsumerOptions },
  ) {
    this.#load = load
    this.#channel = channel
    this.#random = random
    this.#options = options
    this.#queue = load.ledger.queue(options.queue)
    if (options.noAck) this.#queue.lossesAllowed = Number.POSITIVE_INFINITY
    this.done = new Promise((resolve) => {
      this.#finish = resolve
    })
  }

  onMessage(message: ConsumeMessage | null): void {
    if (message === null || this.#isDone) return
    const { ledger } = this.#load
    const copy = ledger.received(this.#channel.stream.name, this.#queue, message)
    if (copy === undefined) return
    if (!message.fields.redelivered) this.#checkOrder(copy)
    if (this.#options.noAck) this.#removeByDelivery(copy)
    else {
      this.#held.set(message.fields.deliveryTag, copy)
      if (this.#held.size >= this.#options.held) this.#settle()
    }
    if (++this.#deliveries < this.#options.channelDeliveries) return
    this.#isDone = true
    this.#finish()
  }

  /** First deliveries to one channel come in the order of the queue, within each level. */
  #checkOrder({ message, queue }: Copy): void {
    const key = `${message.stream.name} ${queue.levelOf(message)}`
    const last = this.#lastPositions.get(key) ?? 0
    if (message.position < last) {
      const text = `was first delivered after number ${last} of its channel`
      this.#load.ledger.violate(queue.name, message.id, text)
    }
    this.#lastPositions.set(key, message.position)
  }

  #removeByDelivery(copy: Copy): void {
    const { ledger } = this.#load
    const { stream } = this.#channel
    const time = ledger.history.now
    const why = 'delivered without ack'
    ledger.remove(copy, {
      why,
      stream,
      sentAt: time,
      handledAt: time,
      transaction: undefined,
    })
  }

  #settle(): void {
    const { manner } = this.#options
    const tags = [...this.#held.keys()]
    const tag = tags[manner === 'each' ? 0 : this.#random.below(tags.length)] as number
    const settled = manner === 'multiple' ? tags.filter((each) => each <= tag) : [tag]
    this.#send(tag, settled)
    if (this.#random.below(30) === 0) {
      this.#channel.publish(directTo(onwardQueue), this.#random.below(0x1_0000_0000), 'small')
    }
  }

  #send(tag: number, settled: readonly number[]): void {
    const { channel, stream } = this.#channel
    const message = { fields: { deliveryTag: tag } } as ConsumeMessage
    const isMultiple = this.#options.manner === 'multiple'
    const kind = this.#random.below(20)
    const word = kind === 0 ? 'requeues' : kind === 1 ? 'rejects' : 'acks'
    const { history } = this.#load.ledger
    let time = history.now
    for (const each of settled) {
      const { id } = (this.#held.get(each) as Copy).message
      time = history.note(stream.name, word, this.#queue.name, id)
    }
    for (const each of settled) this.#release(each, kind === 0 ? undefined : word, time)
    if (kind === 0) channel.nack(message, isMultiple, true)
    else if (kind === 1) channel.nack(message, isMultiple, false)
    else channel.ack(message, isMultiple)
  }

  #release(tag: number, word: string | undefined, sentAt: number): void {
    const copy = this.#held.get(tag) as Copy
    this.#held.delete(tag)
    if (word === undefined) return
    const { stream } = this.#channel
    const why = `${stream.name} ${word} it at ${sentAt}`
    this.#load.ledger.remove(copy, { why, stream, sentAt, transaction: undefined })
  }
}
