// Work of AMQP that was handed over to a transaction (see docs/exactly-once.md): messages that were published,
// and deliveries that were acked. It is durable before the hand-over is answered, and happens in the atom that
// ends the transaction, or not at all. Until then an acked message is neither ready nor acked.
import { transactionLimits } from '../../limits/transaction.ts'
import type { LogStore } from '../../log/log-store.ts'
import type { RecordSource } from '../../record/message/record-source.ts'
import { BrokerError, preconditionFailed, queueFull } from '../broker-error.ts'
import type { Destination } from '../destination.ts'
import type { Committed, WorkHolder } from '../publish/intake.ts'
import { MessageRouter, prepareFor } from '../publish/message-router.ts'
import { type Publish, Publisher } from '../publish/publisher.ts'
import { QueueRoom } from '../publish/queue-room.ts'
import type { Settlement } from '../publish/settlement.ts'
import { logIndexIn, offsetIn } from '../queue/message-place.ts'
import type { BacklogPart } from '../queue/queue-backlog.ts'
import type { RouteCache } from '../route-cache.ts'
import type { MessageWatch } from '../trace/message-watch.ts'
import type { VHost } from '../vhost.ts'
import {
  decodeHeld,
  encodeHeld,
  type HeldAck,
  heldKey,
  type HeldRow,
  parseHeldKey,
} from './held-rows.ts'
import type { TransactionMember } from './transaction-cell.ts'
import type { TransactionCoordinator, TransactionEnd } from './transaction-coordinator.ts'
import { TransactionError } from './transaction-error.ts'
import type { TransactionJoin } from './transaction-join.ts'

export interface HeldWorkContext {
  readonly store: LogStore
  readonly watch: MessageWatch
  findVHost(name: string): VHost<Destination> | undefined
  routesOf(vhost: VHost<Destination>): RouteCache
}

/** What one tx.commit handed over. */
interface HeldPart {
  readonly number: number
  readonly row: HeldRow
  readonly size: number
  /** Ends its deliveries. */
  readonly settle: (isCommit: boolean) => void
}

export interface HeldCounts {
  readonly acks: number
  readonly publishes: number
}

export class HeldWork implements TransactionMember, WorkHolder {
  readonly #context: HeldWorkContext
  readonly #coordinator: () => TransactionCoordinator
  readonly #publisher: Publisher
  /** By producer id. */
  readonly #parts = new Map<number, HeldPart[]>()
  #size = 0

  constructor(context: HeldWorkContext, coordinator: () => TransactionCoordinator) {
    this.#context = context
    this.#coordinator = coordinator
    this.#publisher = new Publisher(context)
  }

  /** Bytes that are held. */
  get size(): number {
    return this.#size
  }

  /** What the open transaction of a producer holds: so many acks, and so many messages. */
  heldBy(producerId: number): HeldCounts {
    const parts = this.#parts.get(producerId) ?? []
    return {
      acks: parts.reduce((sum, { row }) => sum + row.acks.length, 0),
      publishes: parts.reduce((sum, { row }) => sum + row.messages.length, 0),
    }
  }

  /** Binds whoever asks to the id as it is now. Throws `precondition_failed` when no producer has it. */
  join(transactionalId: string): TransactionJoin {
    return asBrokerError(() => {
      const { generation } = this.#coordinator().describe(transactionalId)
      return { transactionalId, generation }
    })
  }

  /**
   * Takes over what a client commits. Throws, having done nothing, `precondition_failed` when a newer producer has
   * the id or its transaction is being ended, or for too much; `resource_exhausted` for a full queue.
   */
  hold(
    join: TransactionJoin,
    publishes: readonly Publish[],
    settlements: readonly Settlement[],
    vhost: string,
  ): Committed {
    const room = new QueueRoom()
    for (const { route, source } of publishes) {
      const [full] = room.admit(route, source)
      if (full !== undefined) throw queueFull(full.vhost, full.name)
    }
    const value = encodeHeld({
      vhost,
      acks: settlements.flatMap(ackOf),
      messages: publishes.map(({ source }) => source),
    })
    this.#checkSize(value.length)
    const producerId = asBrokerError(() => this.#coordinator().enlist(join))
    const parts = this.#parts.get(producerId) ?? []
    const number = (parts.at(-1)?.number ?? -1) + 1
    const { store } = this.#context
    store.beginAtom()
    const isKept = store.putState(heldKey(producerId, number), value)
    const ticket = store.endAtom()
    if (!isKept) throw preconditionFailed('there is no room for more work in open transactions')
    const settle = (isCommit: boolean): void => {
      for (const { holder, offset, reason } of settlements) {
        holder.settle(offset, isCommit ? reason : 'requeue')
      }
    }
    this.#add(producerId, { number, row: decodeHeld(value), size: value.length, settle })
    return { ticket, isRefused: false }
  }

  /** What an earlier process held is held again. All queues are there, and nothing is delivered yet. */
  restore(state: ReadonlyMap<string, Buffer>): void {
    const found = [...state].flatMap(([key, value]) => {
      const parsed = parseHeldKey(key)
      return parsed === undefined ? [] : [{ ...parsed, value }]
    })
    for (const { producerId, number, value } of found.toSorted((a, b) => a.number - b.number)) {
      const row = decodeHeld(value)
      for (const ack of row.acks) this.#partOf(row.vhost, ack)?.holdBack(offsetIn(ack.place))
      const settle = (isCommit: boolean): void => this.#settleRestored(row, isCommit)
      this.#add(producerId, { number, row, size: value.length, settle })
    }
  }

  onTransactionEnd({ producerId, isCommit }: TransactionEnd): undefined {
    const { store } = this.#context
    for (const { number, row, size, settle } of this.#parts.get(producerId) ?? []) {
      settle(isCommit)
      if (isCommit) for (const message of row.messages) this.#publish(row.vhost, message)
      store.putState(heldKey(producerId, number), undefined)
      this.#size -= size
    }
    this.#parts.delete(producerId)
  }

  #checkSize(size: number): void {
    const { heldSizeMax, heldSumMax } = transactionLimits
    if (size > heldSizeMax) {
      throw preconditionFailed(
        `${size} bytes are more than the ${heldSizeMax} that a tx.commit may hand over to a transaction`,
      )
    }
    if (this.#size + size <= heldSumMax) return
    throw preconditionFailed('open transactions hold too much: end some of them')
  }

  #add(producerId: number, part: HeldPart): void {
    const parts = this.#parts.get(producerId)
    if (parts === undefined) this.#parts.set(producerId, [part])
    else parts.push(part)
    this.#size += part.size
  }

  /** It goes where its exchange leads by now, whatever limits its queues have. Within an atom. */
  #publish(vhostName: string, source: RecordSource): void {
    const vhost = this.#context.findVHost(vhostName)
    if (vhost === undefined) return
    try {
      const route = new MessageRouter(vhost, this.#context.routesOf(vhost)).route(source)
      prepareFor(route, source)
      this.#publisher.publishWithinAtom(route, source, { kind: 'transaction', vhost: vhostName })
    } catch (error) {
      // Its exchange is gone: then it goes nowhere, as it would if it came now.
      if (!(error instanceof BrokerError)) throw error
    }
  }

  #settleRestored(row: HeldRow, isCommit: boolean): void {
    for (const ack of row.acks) {
      const part = this.#partOf(row.vhost, ack)
      if (isCommit) part?.dropDelayed(offsetIn(ack.place))
      else part?.wake(offsetIn(ack.place))
    }
    const names = new Set(row.acks.map(({ queue }) => queue))
    for (const name of names) {
      const queue = this.#context.findVHost(row.vhost)?.findQueue(name)
      if (queue?.kind === 'queue') queue.onReadable()
    }
  }

  #partOf(vhost: string, { queue: name, queueId, place }: HeldAck): BacklogPart | undefined {
    const queue = this.#context.findVHost(vhost)?.findQueue(name)
    if (queue?.kind !== 'queue' || queue.id !== queueId) return undefined
    return queue.parts[logIndexIn(place)]
  }
}

/** Of what is acked: what is given back or rejected comes back to its queue when the process ends meanwhile. */
function ackOf({ holder, offset, reason }: Settlement): HeldAck[] {
  const { from } = holder
  if (from === undefined || reason !== 'ack') return []
  return [{ queue: from.name, queueId: from.id, place: offset }]
}

function asBrokerError<T>(action: () => T): T {
  try {
    return action()
  } catch (error) {
    if (error instanceof TransactionError) throw preconditionFailed(error.message)
    throw error
  }
}
