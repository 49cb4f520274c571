// All parcels of a run of crashes, and what queues owe: each that was confirmed once, in each subscription, and
// again when it was acked before a rewind.
import type { Channel, ConsumeMessage, GetMessage } from 'amqplib'
import { argumentsOf, onceArguments, onceExchange } from '../../simulation/parcels/parcel-plan.ts'
import type { ParcelEntry, ParcelQueue } from '../../simulation/parcels/parcel-plan.ts'
import { Parcel, type Stay } from '../../simulation/parcels/parcel.ts'

const entryOf = (routingKey: string): ParcelEntry => ({ exchange: '', routingKey })

/** One of each kind; a subscription has its stream before it. */
export const parcelQueues: readonly ParcelQueue[] = [
  {
    name: 'parcels-once',
    type: 'classic',
    entry: { exchange: onceExchange, routingKey: '' },
    isOnce: true,
  },
  { name: 'parcels-present', type: 'quorum', entry: entryOf('parcels-present'), isOnce: true },
  {
    name: 'parcels-kept',
    type: 'classic',
    entry: entryOf('parcels-kept'),
    isKept: true,
    isConsumed: true,
    rate: 2000,
  },
  { name: 'parcels-stream', type: 'stream', entry: entryOf('parcels-stream') },
  { name: 'parcels-first', type: 'classic', source: 'parcels-stream', isConsumed: true },
  { name: 'parcels-second', type: 'quorum', source: 'parcels-stream', isConsumed: true },
]

/** An ack, and which of its stay. */
export interface SentAck {
  readonly stay: Stay
  readonly count: number
}

export class ParcelBook {
  readonly #parcels = new Map<string, Parcel>()

  async declare(channel: Channel): Promise<void> {
    for (const queue of parcelQueues) {
      await channel.assertQueue(queue.name, { arguments: argumentsOf(queue) })
    }
    const type = 'x-message-deduplication'
    await channel.assertExchange(onceExchange, type, { arguments: onceArguments })
    await channel.bindQueue('parcels-once', onceExchange, '')
  }

  add(queue: ParcelQueue): Parcel {
    const parcel = new Parcel(`p${this.#parcels.size + 1}`, { queue, size: 0, order: undefined })
    this.#parcels.set(parcel.id, parcel)
    return parcel
  }

  /** All that were published to a queue, or to its source. */
  of({ name, source }: ParcelQueue): readonly Parcel[] {
    return [...this.#parcels.values()].filter(({ queue }) => queue.name === (source ?? name))
  }

  get confirmedCount(): number {
    return [...this.#parcels.values()].filter(({ isConfirmed }) => isConfirmed).length
  }

  /** The parcel that came out of a queue. */
  take(queue: ParcelQueue, message: ConsumeMessage | GetMessage): Parcel {
    const parcel = this.#parcels.get(message.content.toString())
    if (parcel?.queue.name === (queue.source ?? queue.name)) return parcel
    throw new Error(`${queue.name} has parcel '${message.content.toString()}' of nobody`)
  }

  onAck(parcel: Parcel, queue: ParcelQueue): SentAck {
    const stay = parcel.stayIn(queue)
    stay.ack = 'sent'
    return { stay, count: ++stay.ackCount }
  }

  /** Acks that the broker has taken. */
  onTaken(acks: readonly SentAck[]): void {
    for (const { stay, count } of acks) if (stay.ackCount === count) stay.ack = 'done'
  }

  /** Acks that a rewind to the beginning undoes, when it is asked for now. */
  ackedIn(queue: ParcelQueue): readonly SentAck[] {
    const stays = this.of(queue).map((parcel) => parcel.stayIn(queue))
    return stays.filter(({ ack }) => ack === 'done').map((stay) => ({ stay, count: stay.ackCount }))
  }

  onRewound(acks: readonly SentAck[]): void {
    for (const { stay, count } of acks) if (stay.ackCount === count) stay.ack = 'none'
  }

  /** Takes all out of a queue; throws for what is missing or there twice. */
  async empty(channel: Channel, queue: ParcelQueue): Promise<void> {
    const owed = this.of(queue).filter((parcel) => parcel.isOwedBy(queue))
    const found = new Set<Parcel>()
    for (;;) {
      const message = await channel.get(queue.name)
      if (message === false) break
      const parcel = this.take(queue, message)
      if (found.has(parcel)) throw new Error(`${String(parcel)} is in ${queue.name} twice`)
      found.add(parcel)
      channel.ack(message)
      this.onTaken([this.onAck(parcel, queue)])
    }
    // By when the acks are done.
    await channel.checkQueue(queue.name)
    const lost = owed.find((parcel) => !found.has(parcel))
    if (lost !== undefined) throw new Error(`${String(lost)} is not in ${queue.name}`)
  }
}
