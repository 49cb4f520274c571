// tx.*: what a channel has published and settled since tx.select or the last commit. A commit is one
// atom: after a crash all of it is there or none.
import { preconditionFailed } from '../../broker/broker-error.ts'
import type { ClientCounters } from '../../broker/counters/client-counters.ts'
import type { Committed, Intake } from '../../broker/publish/intake.ts'
import type { KeptMessage } from '../../broker/publish/kept-message.ts'
import type { Settlement } from '../../broker/publish/settlement.ts'
import { fail } from '../../broker/settle.ts'
import type { Settle, SettleReason, UnackedDeliveries } from '../../broker/unacked-deliveries.ts'
import { type AmqpMethod, TX_COMMIT_OK } from '../../codec/amqp/methods.gen.ts'
import { brokerLimits } from '../../limits/broker.ts'
import type { Ticket } from '../../log/ticket.ts'
import type { DeliveryRoom } from '../delivery-room.ts'
import type { ConnectionSession } from './connection-session.ts'

/** The channel whose work is kept until a commit. */
export interface TransactedChannel {
  readonly connection: ConnectionSession
  readonly publisher: { readonly intake: Intake }
  readonly unacked: UnackedDeliveries
  readonly room: DeliveryRoom
  readonly counters: ClientCounters
  /** Takes deliveries out of what is unacked. Throws for an unknown tag. */
  settle(tag: number, isMultiple: boolean, settle: Settle): void
  /** Lets the channel wait with `action` until the client has read more of what it was sent. */
  waitForRoom(action: () => void): void
  send(method: AmqpMethod): void
  /** Does `action` once `ticket` says that it may; what it throws closes the channel. */
  doWhenDurable(ticket: Ticket | undefined, action: () => void): void
}

interface TaggedSettlement extends Settlement {
  readonly tag: number
}

export class ChannelTransaction {
  readonly #channel: TransactedChannel
  #publishes: KeptMessage[] = []
  #settlements: TaggedSettlement[] = []
  #size = 0

  constructor(channel: TransactedChannel) {
    this.#channel = channel
  }

  /** Messages that wait for the commit. */
  get publishCount(): number {
    return this.#publishes.length
  }

  /** Deliveries whose settlement does. */
  get settlementCount(): number {
    return this.#settlements.length
  }

  /** Keeps a message for the commit. Throws `precondition_failed` when the transaction is too large. */
  addPublish(message: KeptMessage): void {
    this.#publishes.push(message)
    this.#grow(message.size)
  }

  /** Takes deliveries out of the channel until commit or rollback. Throws for an unknown tag. */
  addSettled(tag: number, isMultiple: boolean, reason: SettleReason): void {
    let size = 0
    this.#channel.settle(tag, isMultiple, (holder, offset, settledTag) => {
      this.#settlements.push({ tag: settledTag, holder, offset, reason })
      size += brokerLimits.keptMessageSize
    })
    this.#grow(size)
  }

  /**
   * Publishes and settles everything as one atom and answers commit-ok when it is durable. When a full
   * queue refuses a message of it, the channel is closed instead, as RabbitMQ does.
   */
  commit(): void {
    const { outputRoom, joins } = this.#channel.connection
    // Its messages may come back as returns.
    if (!outputRoom.hasRoom) {
      this.#channel.waitForRoom(() => this.commit())
      return
    }
    this.#channel.publisher.intake.commit({
      publishes: this.#publishes,
      settlements: this.#settlements,
      into: joins,
      onCommitted: (committed) => this.#onCommitted(committed),
    })
  }

  /** Forgets the publishes; the deliveries are unacked again, not requeued. */
  rollback(): void {
    for (const { tag, holder, offset } of this.#settlements)
      this.#channel.unacked.restore(tag, holder, offset)
    this.#releasePublishes()
    this.#clear()
  }

  /** The channel is gone: what it settled and did not commit goes back to the queues. */
  release(): void {
    for (const { holder, offset } of this.#settlements) fail(holder, offset)
    this.#releasePublishes()
    this.#clear()
  }

  #onCommitted({ ticket, isRefused }: Committed): void {
    for (const { reason } of this.#settlements) if (reason === 'ack') this.#channel.counters.acked++
    this.#clear()
    this.#channel.room.tellRefused()
    this.#channel.doWhenDurable(ticket, () => {
      if (isRefused) throw preconditionFailed('partial tx completion')
      this.#channel.send({ id: TX_COMMIT_OK })
    })
  }

  #grow(size: number): void {
    this.#size += size
    this.#channel.connection.held.change('input', size)
    if (this.#size <= brokerLimits.transactionSizeMax) return
    throw preconditionFailed(
      `transaction of more than ${brokerLimits.transactionSizeMax} bytes: commit more often`,
    )
  }

  #releasePublishes(): void {
    for (const message of this.#publishes) message.release()
  }

  #clear(): void {
    this.#channel.connection.held.change('input', -this.#size)
    this.#publishes = []
    this.#settlements = []
    this.#size = 0
  }
}
