// Direct reply-to: answers that go straight to the consumer that asked, without a queue. A requester
// consumes from the pseudo-queue and publishes with it as reply-to; the broker gives it an address
// of its own, which lives as long as the requester's channel. Source: RabbitMQ, "Direct Reply-to".
import type { Random } from '../lib/random.ts'
import type { RecordSource } from '../record/message/record-source.ts'
import { BrokerError, preconditionFailed, queueResource } from './broker-error.ts'

/** Name of the pseudo-queue, and of the reply-to that stands for one's own address. */
export const replyQueueName = 'amq.rabbitmq.reply-to'
const addressPrefix = `${replyQueueName}.`
const tokenBytes = 16

/** Whoever asks directly, as its questions need it. */
export interface ReplyAddressee {
  /** What its messages get as reply-to. */
  readonly address: string
}

/** Takes the answers. */
export interface ReplyTarget {
  deliverReply(source: RecordSource): void
}

export class ReplyRegistry {
  readonly #random: Random
  readonly #targets = new Map<string, ReplyTarget>()

  constructor(random: Random) {
    this.#random = random
  }

  /** Gives a requester its address: `amq.rabbitmq.reply-to.…`. */
  register(target: ReplyTarget): string {
    const address = `${addressPrefix}${this.#random.bytes(tokenBytes).toString('base64url')}`
    this.#targets.set(address, target)
    return address
  }

  unregister(address: string): void {
    this.#targets.delete(address)
  }

  find(address: string): ReplyTarget | undefined {
    return this.#targets.get(address)
  }

  /** How many requesters there are. */
  get size(): number {
    return this.#targets.size
  }
}

/** Whether a queue name or routing key is one of the addresses that answers go to. */
export function isReplyAddress(name: string): boolean {
  return name.startsWith(addressPrefix)
}

/** Whether the name belongs to direct reply-to at all: no queue can have it. */
export function isReplyName(name: string): boolean {
  return name === replyQueueName || isReplyAddress(name)
}

/** Throws what a second consumer, or one that wants to ack, gets. */
export function checkReplyConsumer(options: {
  readonly isNoAck: boolean
  readonly isTaken: boolean
}): void {
  if (!options.isNoAck) throw preconditionFailed('reply consumer cannot acknowledge')
  if (options.isTaken) throw preconditionFailed('reply consumer already set')
}

/** Throws `access_refused`: the pseudo-queue cannot be bound. */
export function checkBindable(vhost: string, name: string): void {
  if (!isReplyName(name)) return
  throw new BrokerError(
    'access_refused',
    `binding of ${queueResource(vhost, name)} is not allowed: it takes direct replies only`,
  )
}
