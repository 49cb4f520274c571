// Reads everything that a restarted broker has, without settling it, and then acks some of it so that
// queues stay short and have holes.

import { once } from 'node:events'
import type { ConsumeMessage } from 'amqplib'
import type { Random } from '../../src/lib/random.ts'
import type { AmqpSession } from '../support/amqp-session.ts'
import { settled } from '../support/inbox.ts'
import { within } from '../support/wait-for.ts'
import type { Found } from './judge-recovery.ts'
import type { Copy, Ledger, QueueBook } from './ledger.ts'
import { RecordedChannel } from './publisher.ts'
import { directTo, onwardQueue } from './stable-topology.ts'

interface Drained {
  readonly queue: QueueBook
  readonly channel: RecordedChannel
  /** In the order of delivery; `messages[i]` is of `copies[i]`. */
  readonly copies: Copy[]
  readonly messages: ConsumeMessage[]
}

const drainMs = 20_000
const keptMax = 400

export class Drain {
  readonly #session: AmqpSession
  readonly #ledger: Ledger
  readonly #name: string
  readonly #drained: Drained[] = []
  readonly #taken = new Set<Copy>()

  constructor(session: AmqpSession, ledger: Ledger, name: string) {
    this.#session = session
    this.#ledger = ledger
    this.#name = name
  }

  get found(): Found {
    return new Map(this.#drained.map(({ queue, copies }) => [queue, copies]))
  }

  /** Takes all messages of a queue; the broker must have exactly as many as it says. */
  async take(queue: QueueBook): Promise<void> {
    const amqp = await this.#session.confirmChannel()
    const channel = new RecordedChannel(amqp, this.#ledger, `${this.#name}.${queue.name}`)
    const drained: Drained = { queue, channel, copies: [], messages: [] }
    this.#drained.push(drained)
    const { messageCount } = await amqp.checkQueue(queue.name)
    let count = 0
    const onMessage = (message: ConsumeMessage | null): void => {
      if (message === null) return
      this.#add(drained, message)
      if (++count >= messageCount) amqp.emit('drained')
    }
    const all = messageCount > 0 ? once(amqp, 'drained') : Promise.resolve([])
    const { consumerTag } = await amqp.consume(queue.name, onMessage)
    // What did not arrive is told below, with the rest of what is wrong.
    await within(`${messageCount} messages of ${queue.name} arrive`, all, drainMs).catch(() => {})
    await settled(amqp, queue.name)
    await amqp.cancel(consumerTag)
    if (count === messageCount) return
    this.#ledger.violate(queue.name, '', `said to have ${messageCount} messages, gave ${count}`)
  }

  /** Acks much of what was taken, in several patterns, so that it is gone for certain. */
  async trim(random: Random): Promise<void> {
    for (const { queue, channel, copies, messages } of this.#drained) {
      const acked = chooseAcked(random, copies.length)
      if (acked.length === 0) continue
      const why = `${channel.stream.name} acked it after a restart`
      for (const index of acked) {
        channel.channel.ack(messages[index] as ConsumeMessage)
        queue.forget(copies[index] as Copy, why)
      }
      channel.publish(directTo(onwardQueue), random.below(0x1_0000_0000), 'small')
      await channel.confirm()
    }
  }

  #add({ queue, channel, copies, messages }: Drained, message: ConsumeMessage): void {
    const copy = this.#ledger.received(channel.stream.name, queue, message)
    if (copy === undefined) return
    if (this.#taken.has(copy)) {
      this.#ledger.violate(queue.name, copy.message.id, 'is there twice')
      return
    }
    this.#taken.add(copy)
    copies.push(copy)
    // The bodies are compared already.
    messages.push({ ...message, content: Buffer.alloc(0) })
  }
}

/** Indexes of `count` messages: none, all, the oldest, or scattered ones. */
function chooseAcked(random: Random, count: number): number[] {
  const all = Array.from({ length: count }, (_, index) => index)
  const kind = random.below(6)
  if (kind === 0 && count < keptMax * 4) return []
  if (kind === 1) return all
  if (kind === 2) return all.slice(0, Math.max(0, count - random.below(keptMax)))
  const keep = Math.min(0.5, keptMax / Math.max(1, count))
  return all.filter(() => random.next() >= keep)
}
