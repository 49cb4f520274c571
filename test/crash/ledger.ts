// What the broker has promised, recorded while clients talk to it.
//
// A *stream* is all that one channel sends, in order. Publishes and transactions of a stream are its
// *atoms*, numbered from 1. A *copy* is a message in one queue. A copy ends by a *removal*: an ack, a
// purge, a delivery without ack.
//
// A removal is certainly flushed when
// - a durable operation (a publish to a durable queue, a commit, a declaration that changed
//   something) that was sent later on the same channel has been confirmed: a channel's operations
//   reach the log in order; or
// - the broker is known to have handled it, because a synchronous method sent after it on the same
//   channel was answered, and a durable operation that any channel sent after that answer has been
//   confirmed.

import type { ConsumeMessage, GetMessage } from 'amqplib'
import type { History, Time } from './history.ts'
import { findDifference, planMessage, type SizeRange } from './message-plan.ts'

/** What a consumer or a basic.get received. */
export type Received = ConsumeMessage | GetMessage

export interface Stream {
  readonly name: string
  atoms: number
  messages: number
  /** The last sending time of a durable operation that is known to be on disk. */
  durableThrough: Time
  /** Synchronous methods that were answered, in order. */
  readonly replies: { readonly sentAt: Time; readonly repliedAt: Time }[]
  /** The last atom that was found after a crash. */
  lastSurvivor: number
}

/** An AMQP transaction: nothing of it is there, or, once its commit is sent, maybe all. */
export interface Transaction {
  readonly stream: Stream
  readonly atom: number
  readonly messages: Message[]
  removed: Copy[]
  state: 'open' | 'committing' | 'committed' | 'aborted'
  commitSentAt: Time
}

export interface Message {
  readonly id: string
  readonly seed: number
  readonly sizes: SizeRange
  readonly exchange: string
  readonly routingKey: string
  readonly stream: Stream
  readonly atom: number
  /** Place among the messages of its stream. */
  readonly position: number
  readonly transaction: Transaction | undefined
  readonly sentAt: Time
  /** Confirmed, or found after a crash: it may not be lost any more. */
  isDurable: boolean
  /** The earliest time at which it is known to have been in its queues. */
  seenAt: Time
  readonly copies: Copy[]
}

export interface Removal {
  readonly why: string
  readonly stream: Stream
  readonly sentAt: Time
  /** When the broker is known to have handled it, as far as that is known without a reply. */
  readonly handledAt: Time
  readonly transaction: Transaction | undefined
  isCertain: boolean
}

export interface Copy {
  readonly message: Message
  readonly queue: QueueBook
  isReceived: boolean
  removal: Removal | undefined
  /** Place in the order that was found after the last crash; -1 when it is newer. */
  place: number
}

/** One queue: what should be in it and what has left it for good. */
export class QueueBook {
  readonly name: string
  readonly copies: Map<string, Copy> = new Map()
  /** Id → why it may not be seen again. */
  readonly gone: Map<string, string> = new Map()
  /** Deliveries without ack that may be on their way: so many messages may be lost in a crash. */
  lossesAllowed = 0
  /** The highest priority that messages have here; 0 in a queue without priorities. */
  levelMax = 0

  constructor(name: string) {
    this.name = name
  }

  /** Messages of a higher level come first. */
  levelOf({ id, seed, sizes }: Message): number {
    if (this.levelMax === 0) return 0
    return Math.min(planMessage(id, seed, sizes).options.priority ?? 0, this.levelMax)
  }

  forget(copy: Copy, why: string): void {
    this.copies.delete(copy.message.id)
    this.gone.set(copy.message.id, why)
  }

  forgetAll(why: string): void {
    for (const copy of this.copies.values()) this.forget(copy, why)
  }
}

export interface Violation {
  readonly text: string
  readonly queue: string
  readonly id: string
}

export interface PublishRecord {
  readonly exchange: string
  readonly routingKey: string
  readonly queues: readonly QueueBook[]
  readonly seed: number
  readonly sizes: SizeRange
  readonly transaction?: Transaction
}

export class Ledger {
  readonly history: History
  readonly queues: Map<string, QueueBook> = new Map()
  readonly violations: Violation[] = []
  /** The last sending time of a durable operation of any channel that is known to be on disk. */
  durableThrough: Time = 0
  /** A restarted broker is being read: an ack that was sent may not have been flushed. */
  isRecovering = false
  /** Transactions of this round that a crash may have cut. */
  transactions: Transaction[] = []
  readonly counts = { published: 0, confirmed: 0, received: 0, removed: 0 }

  constructor(history: History) {
    this.history = history
  }

  queue(name: string): QueueBook {
    let book = this.queues.get(name)
    if (book === undefined) {
      book = new QueueBook(name)
      this.queues.set(name, book)
    }
    return book
  }

  openStream(name: string): Stream {
    return { name, atoms: 0, messages: 0, durableThrough: 0, replies: [], lastSurvivor: 0 }
  }

  /** A message is about to be sent. */
  publish(stream: Stream, record: PublishRecord): Message {
    const { exchange, routingKey, queues, seed, sizes, transaction } = record
    const position = ++stream.messages
    const id = `${stream.name}-${position}`
    const target = exchange === '' ? routingKey : `${exchange}/${routingKey}`
    const message: Message = {
      id,
      seed,
      sizes,
      exchange,
      routingKey,
      stream,
      atom: transaction?.atom ?? ++stream.atoms,
      position,
      transaction,
      sentAt: this.history.note(stream.name, 'publishes', target, id),
      isDurable: false,
      seenAt: Number.POSITIVE_INFINITY,
      copies: [],
    }
    for (const queue of queues) this.addCopy(message, queue)
    transaction?.messages.push(message)
    this.counts.published++
    return message
  }

  /** The message turned out to have gone to `queue`. */
  addCopy(message: Message, queue: QueueBook): void {
    const copy: Copy = { message, queue, isReceived: false, removal: undefined, place: -1 }
    message.copies.push(copy)
    queue.copies.set(message.id, copy)
  }

  confirmed(message: Message): void {
    const time = this.history.note(message.stream.name, 'got the confirm', '', message.id)
    message.isDurable = true
    message.seenAt = Math.min(message.seenAt, time)
    this.counts.confirmed++
    if (message.copies.length > 0) this.durable(message.stream, message.sentAt)
  }

  /** A durable operation that `stream` sent at `sentAt` is on disk. */
  durable(stream: Stream, sentAt: Time): void {
    stream.durableThrough = Math.max(stream.durableThrough, sentAt)
    this.durableThrough = Math.max(this.durableThrough, sentAt)
  }

  /** A synchronous method that `stream` sent at `sentAt` was answered. */
  replied(stream: Stream, sentAt: Time): void {
    stream.replies.push({ sentAt, repliedAt: this.history.now })
  }

  /** `actor` got a message from `queue`: checks what can be checked at once. */
  received(actor: string, queue: QueueBook, received: Received): Copy | undefined {
    const { fields, properties } = received
    const id = String(properties.messageId)
    const flag = fields.redelivered ? 'gets (redelivered)' : 'gets'
    const time = this.history.note(actor, flag, queue.name, id)
    this.counts.received++
    const copy = queue.copies.get(id)
    if (copy === undefined) {
      const why = queue.gone.get(id)
      this.violate(queue.name, id, why === undefined ? 'was never sent here' : `is back: ${why}`)
      return undefined
    }
    this.#check(copy, received)
    copy.isReceived = true
    copy.message.seenAt = Math.min(copy.message.seenAt, time)
    return copy
  }

  /** The client has sent, at `sentAt`, what removes `copy`. */
  remove(
    copy: Copy,
    removal: Omit<Removal, 'isCertain' | 'handledAt'> & { handledAt?: Time },
  ): void {
    // A second ack of a redelivered message: the first one is the one that counts.
    if (copy.removal?.isCertain) return
    copy.removal = { handledAt: Number.POSITIVE_INFINITY, ...removal, isCertain: false }
    removal.transaction?.removed.push(copy)
    this.counts.removed++
  }

  begin(stream: Stream): Transaction {
    const transaction: Transaction = {
      stream,
      atom: ++stream.atoms,
      messages: [],
      removed: [],
      state: 'open',
      commitSentAt: 0,
    }
    this.transactions.push(transaction)
    return transaction
  }

  committed(transaction: Transaction): void {
    transaction.state = 'committed'
    const time = this.history.note(transaction.stream.name, 'got commit-ok')
    for (const message of transaction.messages) {
      message.isDurable = true
      message.seenAt = Math.min(message.seenAt, time)
    }
    for (const { removal } of transaction.removed) if (removal) removal.isCertain = true
    this.durable(transaction.stream, transaction.commitSentAt)
  }

  /** Nothing of the transaction happened: what it removed is there again. */
  aborted(transaction: Transaction): void {
    transaction.state = 'aborted'
    for (const copy of transaction.removed) {
      if (copy.removal?.transaction === transaction) copy.removal = undefined
    }
    transaction.removed = []
  }

  /** Whether a removal may not be undone by a crash any more. */
  isFlushed({ isCertain, transaction, stream, sentAt, handledAt }: Removal): boolean {
    if (isCertain) return true
    if (transaction !== undefined) return transaction.state === 'committed'
    if (sentAt < stream.durableThrough) return true
    const reply = stream.replies.find((each) => each.sentAt > sentAt)
    return Math.min(handledAt, reply?.repliedAt ?? handledAt) < this.durableThrough
  }

  violate(queue: string, id: string, text: string): void {
    this.violations.push({ queue, id, text })
  }

  #check(copy: Copy, received: Received): void {
    const { message, queue } = copy
    const { fields } = received
    const difference = findDifference(
      planMessage(message.id, message.seed, message.sizes),
      received,
    )
    if (difference !== undefined) this.violate(queue.name, message.id, difference)
    if (fields.exchange !== message.exchange || fields.routingKey !== message.routingKey) {
      const sent = `'${message.exchange}'/'${message.routingKey}'`
      const got = `'${fields.exchange}'/'${fields.routingKey}'`
      this.violate(queue.name, message.id, `address differs: sent ${sent}, received ${got}`)
    }
    if (copy.isReceived && !fields.redelivered) {
      this.violate(queue.name, message.id, 'was delivered before and is not flagged redelivered')
    }
    if (copy.removal !== undefined && !this.isRecovering) {
      const text = `was delivered although "${copy.removal.why}" had been sent for it`
      this.violate(queue.name, message.id, text)
    }
    const state = message.transaction?.state
    if (state === 'open' || state === 'aborted') {
      this.violate(queue.name, message.id, `is of a transaction that is ${state}`)
    }
  }
}
