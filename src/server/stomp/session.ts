// What a client has once it is logged in: a virtual host, subscriptions, deliveries that it has not settled,
// transactions. It ends with its connection.
import type { Rights } from '../../auth/rights.ts'
import { ackTimedOut } from '../../broker/broker-error.ts'
import { ClientCounters } from '../../broker/counters/client-counters.ts'
import type { Destination } from '../../broker/destination.ts'
import { fail } from '../../broker/settle.ts'
import { UnackedDeliveries } from '../../broker/unacked-deliveries.ts'
import type { VHost } from '../../broker/vhost.ts'
import type { StompVersion } from '../../codec/stomp/stomp-version.ts'
import type { Ticket } from '../../log/ticket.ts'
import { AckDeadline } from '../ack-deadline.ts'
import { DeliveryRoom } from '../delivery-room.ts'
import { parseDestination, type StompDestination } from './destination.ts'
import { StompPublisher } from './publisher.ts'
import { quoted } from './read-header.ts'
import { Receipts } from './receipts.ts'
import type { SessionConnection } from './session-connection.ts'
import type { StompFrame } from './stomp-frame.ts'
import type { SubscribedSession } from './subscribed-session.ts'
import type { Subscription } from './subscription.ts'
import { StompTransaction } from './transaction.ts'

export interface SessionParts {
  /** `session` of CONNECTED. */
  readonly id: string
  readonly version: StompVersion
  readonly vhost: VHost<Destination>
  readonly rights: Rights
}

/** STOMP has no channels: lists show one, as RabbitMQ's. */
const channelNumber = 1

export class StompSession implements SubscribedSession {
  readonly id: string
  readonly version: StompVersion
  readonly vhost: VHost<Destination>
  readonly rights: Rights
  readonly connection: SessionConnection
  readonly counters: ClientCounters = new ClientCounters()
  readonly unacked: UnackedDeliveries = new UnackedDeliveries()
  readonly room: DeliveryRoom
  readonly receipts: Receipts
  readonly publisher: StompPublisher
  /** By their tags. */
  readonly subscriptions: Map<string, Subscription> = new Map()
  /** By the ids that the client has given them. */
  readonly transactions: Map<string, StompTransaction> = new Map()
  /** Queues that the client has declared with arguments: it says them with each SEND. */
  readonly declaredQueues: Set<string> = new Set()
  /** What `/temp-queue/…` in reply-to stands for. */
  readonly replyQueues: Map<string, string> = new Map()
  readonly #ackDeadline = new AckDeadline()
  #lastDeliveryTag = 0
  #lastDestination: StompDestination | undefined
  #lastDestinationText = ''
  #isOver = false

  constructor(connection: SessionConnection, { id, version, vhost, rights }: SessionParts) {
    this.id = id
    this.version = version
    this.vhost = vhost
    this.rights = rights
    this.connection = connection
    this.room = new DeliveryRoom(this.unacked, connection.context.memory)
    this.receipts = new Receipts(connection, this.counters)
    this.publisher = new StompPublisher(this)
    this.counters.channels++
  }

  nextDeliveryTag(): number {
    return ++this.#lastDeliveryTag
  }

  /** A client mostly goes on with the destination that it had. Throws StompError. */
  destinationOf(text: string): StompDestination {
    if (text !== this.#lastDestinationText || this.#lastDestination === undefined) {
      this.#lastDestination = parseDestination(text)
      this.#lastDestinationText = text
    }
    return this.#lastDestination
  }

  /** Sends the receipt that a frame asks for, once what it did is durable. */
  acknowledge({ headers }: StompFrame, ticket: Ticket | undefined): void {
    const receipt = headers.get('receipt')
    if (receipt === undefined) return
    this.receipts.hold(receipt)
    this.receipts.add(receipt, ticket)
  }

  /** One that begins and is committed in one go needs no id. */
  createTransaction(): StompTransaction {
    return new StompTransaction(this)
  }

  onSubscriptionEnded(tag: string): void {
    const subscription = this.subscriptions.get(tag)
    if (subscription === undefined || this.#isOver) return
    this.subscriptions.delete(tag)
    const { id, description } = subscription.asked
    this.connection.send({
      command: 'ERROR',
      headers: {
        message: 'Server cancelled subscription',
        ...(id !== undefined && { subscription: id }),
        'content-type': 'text/plain',
        version: '1.0,1.1,1.2',
      },
      body:
        'The server has canceled a subscription.\n' +
        `No more messages will be delivered for ${quoted(description)}.\n`,
    })
  }

  /** When the oldest unacked delivery was there at the latest, by the monotonic clock; see `checkAcks`. */
  get unackedSince(): number | undefined {
    return this.unacked.count === 0 ? undefined : this.#ackDeadline.oldest
  }

  /**
   * Ends the connection when a delivery has been unacked for too long; returns the memory that unacked ones take. To
   * be called now and then.
   */
  checkAcks(now: number): number {
    const timeoutMs = this.#ackDeadline.look(this.unacked, this.#lastDeliveryTag, now)
    if (timeoutMs !== undefined) this.connection.onError(ackTimedOut(channelNumber, timeoutMs))
    return this.unacked.memorySize
  }

  /** Gives back everything: subscriptions end, unacked deliveries are requeued, transactions are aborted. */
  release(): void {
    if (this.#isOver) return
    this.#isOver = true
    for (const subscription of this.subscriptions.values()) subscription.cancel()
    this.subscriptions.clear()
    for (const transaction of this.transactions.values()) transaction.release()
    this.transactions.clear()
    this.unacked.settleAll(fail)
    this.publisher.release()
  }
}
