// What a client has sent and settled between BEGIN and COMMIT (STOMP 1.2 "BEGIN"). A commit is one atom: after a crash
// all of it is there or none. In RabbitMQ it is a number of frames that are handled one after the other.
import type { Committed } from '../../broker/publish/intake.ts'
import type { KeptMessage } from '../../broker/publish/kept-message.ts'
import type { Settlement } from '../../broker/publish/settlement.ts'
import { fail } from '../../broker/settle.ts'
import type { Settle, SettleReason, UnackedDeliveries } from '../../broker/unacked-deliveries.ts'
import { brokerLimits } from '../../limits/broker.ts'
import { stompLimits } from '../../limits/stomp.ts'
import type { DeliveryRoom } from '../delivery-room.ts'
import type { StompPublisher } from './publisher.ts'
import type { SessionConnection } from './session-connection.ts'
import { StompError } from './stomp-error.ts'

/** The session whose work is kept until a commit. */
export interface TransactedSession {
  readonly connection: SessionConnection
  readonly publisher: StompPublisher
  readonly unacked: UnackedDeliveries
  readonly room: DeliveryRoom
  readonly counters: { acked: number }
}

interface TaggedSettlement extends Settlement {
  readonly tag: number
}

export class StompTransaction {
  readonly #session: TransactedSession
  #publishes: KeptMessage[] = []
  #settlements: TaggedSettlement[] = []
  #actions = 0
  #size = 0

  constructor(session: TransactedSession) {
    this.#session = session
  }

  get publishCount(): number {
    return this.#publishes.length
  }

  get settlementCount(): number {
    return this.#settlements.length
  }

  /** To be called before each frame of it. Throws StompError for one too many. */
  expectRoom(): void {
    if (this.#actions >= stompLimits.transactionActionsMax) {
      throw tooLarge(`Too many actions in transaction (limit ${stompLimits.transactionActionsMax})`)
    }
    if (this.#size >= brokerLimits.transactionSizeMax) {
      throw tooLarge(`More than ${brokerLimits.transactionSizeMax} bytes in transaction`)
    }
  }

  /** Keeps a message for the commit. */
  addPublish(message: KeptMessage): void {
    this.#publishes.push(message)
    this.#grow(message.size)
  }

  /** Takes deliveries out of what is unacked until the commit; `settleEach` says which. */
  addSettled(reason: SettleReason, settleEach: (settle: Settle) => void): void {
    let size = 0
    settleEach((holder, offset, tag) => {
      this.#settlements.push({ tag, holder, offset, reason })
      size += brokerLimits.keptMessageSize
    })
    this.#grow(size)
  }

  /** Publishes and settles everything as one atom, then calls back. Throws what `Intake.commit` throws. */
  commit(onCommitted: (committed: Committed) => void): void {
    this.#session.publisher.intake.commit({
      publishes: this.#publishes,
      settlements: this.#settlements,
      onCommitted: (committed) => {
        for (const { reason } of this.#settlements) {
          if (reason === 'ack') this.#session.counters.acked++
        }
        this.#clear()
        this.#session.room.tellRefused()
        onCommitted(committed)
      },
    })
  }

  /** Forgets the messages; the deliveries are unacked again, not requeued. */
  abort(): void {
    const { unacked } = this.#session
    for (const { tag, holder, offset } of this.#settlements) unacked.restore(tag, holder, offset)
    this.#drop()
  }

  /** The session is over: what it settled and did not commit goes back to the queues. */
  release(): void {
    for (const { holder, offset } of this.#settlements) fail(holder, offset)
    this.#drop()
  }

  #grow(size: number): void {
    this.#actions++
    this.#size += size
    this.#session.connection.held.change('input', size)
  }

  #drop(): void {
    for (const message of this.#publishes) this.#session.publisher.drop(message)
    this.#clear()
  }

  #clear(): void {
    this.#session.connection.held.change('input', -this.#size)
    this.#publishes = []
    this.#settlements = []
    this.#actions = 0
    this.#size = 0
  }
}

function tooLarge(detail: string): StompError {
  return new StompError('Transaction too large', detail)
}
