// tx.*: what a channel has published and settled since tx.select or the last commit. A commit is one
// atom: after a crash all of it is there or none.
import { preconditionFailed } from '../../broker/broker-error.ts'
import type { ClientCounters } from '../../broker/counters/client-counters.ts'
import type { Route } from '../../broker/route-cache.ts'
import type {
  DeliveryHolder,
  Settle,
  SettleReason,
  UnackedDeliveries,
} from '../../broker/unacked-deliveries.ts'
import { type AmqpMethod, TX_COMMIT_OK } from '../../codec/amqp/methods.gen.ts'
import { largePages } from '../../lib/large-pages.ts'
import { amqpLimits } from '../../limits/amqp.ts'
import { brokerLimits } from '../../limits/broker.ts'
import type { Ticket } from '../../log/ticket.ts'
import { type ChannelPublisher, type KeptMessage, setKey, sizeOf } from './channel-publisher.ts'
import type { ConnectionSession } from './connection-session.ts'
import type { DeliveryRoom } from './delivery-room.ts'
import { requeue, settlers } from './settle.ts'

/** The channel whose work is kept until a commit. */
export interface TransactedChannel {
  readonly connection: ConnectionSession
  readonly publisher: ChannelPublisher
  readonly unacked: UnackedDeliveries
  readonly room: DeliveryRoom
  readonly counters: ClientCounters
  /** Takes deliveries out of what is unacked. Throws for an unknown tag. */
  settle(tag: number, isMultiple: boolean, settle: Settle): void
  /** Lets the channel wait with `action` until the client has read more of what it was sent. */
  waitForRoom(action: () => void): void
  /** Answers once `ticket` says that it may. */
  replyWhenDurable(ticket: Ticket | undefined, method: AmqpMethod): void
}

interface Settled {
  readonly tag: number
  readonly holder: DeliveryHolder
  readonly offset: number
  readonly reason: SettleReason
}

export class ChannelTransaction {
  readonly #channel: TransactedChannel
  #publishes: KeptMessage[] = []
  #settled: Settled[] = []
  #size = 0

  constructor(channel: TransactedChannel) {
    this.#channel = channel
  }

  /** Keeps a message for the commit. Throws `precondition_failed` when the transaction is too large. */
  addPublish(message: KeptMessage): void {
    // A missing exchange is an error now, not at the commit.
    this.#channel.publisher.route(message.source)
    this.#publishes.push(message)
    this.#grow(sizeOf(message.source))
  }

  /** Takes deliveries out of the channel until commit or rollback. Throws for an unknown tag. */
  addSettled(tag: number, isMultiple: boolean, reason: SettleReason): void {
    let size = 0
    this.#channel.settle(tag, isMultiple, (holder, offset, settledTag) => {
      this.#settled.push({ tag: settledTag, holder, offset, reason })
      size += amqpLimits.keptMessageSize
    })
    this.#grow(size)
  }

  /** Publishes and settles everything as one atom and answers commit-ok when it is durable. */
  commit(): void {
    const { connection, publisher } = this.#channel
    if (connection.isBlocked && this.#publishes.length > 0) {
      publisher.whenUnblocked(() => this.commit())
      return
    }
    // Its messages may come back as returns.
    if (!connection.outputRoom.hasRoom) {
      this.#channel.waitForRoom(() => this.commit())
      return
    }
    // Before anything happens: an exchange may have gone since.
    const routed = this.#publishes.map((message) => ({ message, route: this.#prepare(message) }))
    const settled = this.#settled
    this.#forget()
    const { store } = connection.context.broker
    store.beginAtom()
    for (const { message, route } of routed) {
      publisher.publisher.publishWithinAtom(route, message.source)
    }
    for (const { tag, holder, offset, reason } of settled) {
      settlers[reason](holder, offset, tag)
      if (reason === 'ack') this.#channel.counters.acked++
    }
    const ticket = store.endAtom()
    for (const { message, route } of routed) {
      publisher.onPublished(route, message.source, message.isMandatory)
    }
    letGoBodies(routed.map(({ message }) => message))
    this.#channel.room.tellRefused()
    this.#channel.replyWhenDurable(ticket, { id: TX_COMMIT_OK })
  }

  /** Forgets the publishes; the deliveries are unacked again, not requeued. */
  rollback(): void {
    const settled = this.#settled
    this.#clear()
    for (const { tag, holder, offset } of settled)
      this.#channel.unacked.restore(tag, holder, offset)
  }

  /** The channel is gone: what it settled and did not commit goes back to the queues. */
  release(): void {
    for (const { holder, offset } of this.#settled) requeue(holder, offset)
    this.#clear()
  }

  /** Finds where a message goes, and takes out of it what only that is for. */
  #prepare({ source }: KeptMessage): Route {
    const { publisher } = this.#channel
    const route = publisher.route(source)
    publisher.hideBlindCopies(source)
    setKey(route, source)
    return route
  }

  #grow(size: number): void {
    this.#size += size
    this.#channel.connection.held.changeInput(size)
    if (this.#size <= brokerLimits.transactionSizeMax) return
    throw preconditionFailed(
      `transaction of more than ${brokerLimits.transactionSizeMax} bytes: commit more often`,
    )
  }

  #clear(): void {
    letGoBodies(this.#publishes)
    this.#forget()
  }

  #forget(): void {
    this.#channel.connection.held.changeInput(-this.#size)
    this.#publishes = []
    this.#settled = []
    this.#size = 0
  }
}

/** The store has what it needs of them. */
function letGoBodies(messages: readonly KeptMessage[]): void {
  for (const { source } of messages) largePages.letGo(source.body)
}
