// One message that a client has published, and the queues that it may be in.
import type { Deed } from './deed.ts'
import type { Entry } from './entry.ts'

export interface MessagePlan {
  readonly origin: 'amqp' | 'kafka'
  /** Names the message in its properties and fills its body. */
  readonly id: string
  /** Of a Kafka record always the default exchange. */
  readonly exchange: string
  /** Of a Kafka record the name of its topic. */
  readonly routingKey: string
  /** Of a Kafka record, which is meant for one. */
  readonly partition?: number
  readonly size: number
  readonly isPersistent: boolean
  readonly priority?: number | undefined
}

export class Message {
  readonly plan: MessagePlan
  /** A publish of its own, or the transaction that it is part of. */
  readonly deed: Deed
  /** Whoever published it in an order that queues must keep: one for each channel. */
  readonly publisher: string
  /** Its place in that order. */
  readonly place: number
  readonly entries: Set<Entry> = new Set()
  /** The broker has sent it back: it is in no queue. */
  isReturned = false

  constructor(
    plan: MessagePlan,
    deed: Deed,
    order: { readonly publisher: string; readonly place: number },
  ) {
    this.plan = plan
    this.deed = deed
    this.publisher = order.publisher
    this.place = order.place
  }

  get id(): string {
    return this.plan.id
  }

  toString(): string {
    return `message ${this.id} (${this.publisher} ${this.place}, ${this.deed.fate})`
  }
}

/** The name in a body, for messages that say it nowhere else. */
export function nameIn(body: Buffer): string {
  return body.toString('latin1', 0, Math.max(0, body.indexOf(' ')))
}

/** Names end with a space in a body that is to tell them. */
export function sizeWithName(id: string, size: number): number {
  return Math.max(size, id.length + 1)
}

/** What is in the body of a message: its name, again and again. */
export function bodyOf({ id, size }: Pick<MessagePlan, 'id' | 'size'>): Buffer {
  return Buffer.alloc(size, `${id} `)
}
