// A work queue: its messages (a backlog) and who gets them (dispatch).
import type { Turn } from '../../lib/turn.ts'
import type { LogCursor } from '../../log/log-cursor.ts'
import type { LogStore } from '../../log/log-store.ts'
import type { Log } from '../../log/log.ts'
import type { QueueRow } from '../../meta/topology-change.ts'
import { encodeAddress } from '../../record/message/address.ts'
import { type FieldTable } from '../../record/message/field-table.ts'
import type { RecordSource } from '../../record/message/record-source.ts'
import type { RecordView } from '../../record/message/record-view.ts'
import { queueInExclusiveUse } from '../broker-error.ts'
import { QueueCounters } from '../counters/queue-counters.ts'
import type { QueueLike } from '../exchange/binding.ts'
import type { QueueType } from '../queue-arguments.ts'
import type { SettleReason } from '../unacked-deliveries.ts'
import { Backlog, type BacklogOwner, type TakeResult } from './backlog.ts'
import { Consumer, type ConsumerOptions, type DeliverySink } from './consumer.ts'
import { Dispatch } from './dispatch.ts'
import { WaitingTakers } from './waiting-takers.ts'

/** Identity of the connection that owns an exclusive queue. */
export type ConnectionToken = object

export interface QueueOptions {
  readonly vhost: string
  readonly name: string
  readonly type: QueueType
  /** As declared; an exclusive queue is never durable whatever was asked. */
  readonly isDurable: boolean
  readonly isAutoDelete: boolean
  readonly owner: ConnectionToken | undefined
  readonly arguments: FieldTable
  /** Where the queue is in its log. */
  readonly cursor: LogCursor
}

export interface QueueContext {
  readonly store: LogStore
  readonly turn: Turn
  /** The last consumer of an auto-delete queue is gone. */
  onUnused(queue: Queue): void
  /** Records that cannot be read any more were skipped. */
  onDamaged(queue: Queue, offset: number, error: Error): void
}

export class Queue implements QueueLike, BacklogOwner {
  readonly kind = 'queue'
  /** It has one log, so no message needs a key. */
  readonly needsKey = false
  readonly vhost: string
  readonly name: string
  readonly id: number
  readonly type: QueueType
  readonly isDurable: boolean
  readonly isAutoDelete: boolean
  readonly owner: ConnectionToken | undefined
  readonly arguments: FieldTable
  readonly log: Log
  isDeleted = false

  readonly #context: QueueContext
  readonly #backlog: Backlog
  readonly #dispatch: Dispatch
  /** Made when it is needed, as most of many queues are quiet. */
  #counters: QueueCounters | undefined
  /** Made when it is needed. */
  #waitingTakers: WaitingTakers | undefined

  /** The queue that a row of the topology stands for; such queues are durable and not exclusive. */
  static fromRow(row: QueueRow, cursor: LogCursor, context: QueueContext): Queue {
    const { vhost, name, autoDelete: isAutoDelete, arguments: args } = row
    const type = row.type as QueueType
    const fixed = { isDurable: true, owner: undefined }
    return new Queue(
      { vhost, name, type, isAutoDelete, arguments: args, cursor, ...fixed },
      context,
    )
  }

  constructor(options: QueueOptions, context: QueueContext) {
    this.vhost = options.vhost
    this.name = options.name
    this.id = options.cursor.log.id
    this.type = options.type
    this.isDurable = options.isDurable
    this.isAutoDelete = options.isAutoDelete
    this.owner = options.owner
    this.arguments = options.arguments
    this.log = options.cursor.log
    this.#context = context
    this.#backlog = new Backlog(options.cursor, context.store, this)
    this.#dispatch = new Dispatch(this.#backlog, context.turn, this)
    this.log.homeAddress = encodeAddress('', options.name)
  }

  get isVolatile(): boolean {
    return this.log.isVolatile
  }

  get isExclusive(): boolean {
    return this.owner !== undefined
  }

  /** Ready and unacked messages. */
  get messageCount(): number {
    return this.#backlog.messageCount
  }

  get unackedCount(): number {
    return this.#backlog.unackedCount
  }

  get readyCount(): number {
    return this.#backlog.readyCount
  }

  get consumerCount(): number {
    return this.#dispatch.consumerCount
  }

  get consumers(): ReadonlySet<Consumer> {
    return this.#dispatch.consumers
  }

  get counters(): QueueCounters {
    this.#counters ??= new QueueCounters()
    return this.#counters
  }

  /** Whether the last message taken may have been delivered before. */
  get isRedelivered(): boolean {
    return this.#backlog.isRedelivered
  }

  /** Its place in the log. */
  get cursor(): LogCursor {
    return this.#backlog.cursor
  }

  /** As the topology keeps it. Only durable queues are kept. */
  row(): QueueRow {
    const { vhost, name, type, id: logId, cursor, isAutoDelete, arguments: args } = this
    const cursorId = cursor.id
    return { vhost, name, type, logId, cursorId, autoDelete: isAutoDelete, arguments: args }
  }

  /** Appends one message; its body may already be among the group's shared ones. Within an atom. */
  publish(source: RecordSource, sharedPosition: number): void {
    this.#backlog.append(source, sharedPosition, this.consumerCount > 0)
    this.counters.published++
    this.#dispatch.schedule()
  }

  /** A batch of messages was appended to the log. Within an atom. */
  onBatchAppended(recordCount: number): void {
    this.#backlog.onBatchAppended(recordCount, this.consumerCount > 0)
    this.counters.published += recordCount
    this.#dispatch.schedule()
  }

  /** Throws `access_refused` when the queue has, or would get, an exclusive consumer beside another. */
  addConsumer(sink: DeliverySink, options: ConsumerOptions): Consumer {
    if (!this.#dispatch.admits(options.isExclusive)) {
      throw queueInExclusiveUse(this.vhost, this.name)
    }
    const consumer = new Consumer(this, sink, options)
    this.#dispatch.add(consumer)
    return consumer
  }

  /** Ends a consumer; what it holds unacked stays so. An auto-delete queue ends with its last one. */
  removeConsumer(consumer: Consumer): void {
    if (consumer.isCancelled) return
    this.#dispatch.remove(consumer)
    if (this.isAutoDelete && this.consumerCount === 0 && !this.isDeleted) {
      this.#context.onUnused(this)
    }
  }

  /** Puts a consumer that may have room in line, behind those of its priority. */
  listConsumer(consumer: Consumer): void {
    this.#dispatch.enlist(consumer)
  }

  /**
   * Delivers what consumers with room can have by now. A message reaches a ready consumer before
   * anything else looks at the queue, so this comes before each look. Not within an atom.
   */
  deliverReady(): void {
    this.#dispatch.deliverReady()
  }

  /** Ends the delivery of the message at `offset`. */
  settle(offset: number, reason: SettleReason): void {
    if (this.isDeleted) return
    if (reason === 'requeue') {
      this.#backlog.requeue(offset)
      this.#dispatch.schedule()
    } else {
      // Without a dead-letter exchange a rejected message is dropped, which is what an ack does.
      this.#backlog.remove(offset)
      if (reason === 'ack') this.counters.acked++
    }
  }

  /**
   * Takes the next ready message into `view` for `basic.get` and its like: it is unacked until it is
   * settled, or `drop` was called for one that nobody acks. On 'wait' try again when `whenReadable`
   * calls back. Not within an atom.
   */
  take(view: RecordView, isNoAck = false): TakeResult {
    this.deliverReady()
    const result = this.#backlog.take(view)
    const { counters } = this
    if (result === 'empty') counters.gotEmpty++
    if (result !== 'record') return result
    if (isNoAck) counters.gotNoAck++
    else counters.got++
    if (this.isRedelivered) counters.redelivered++
    return result
  }

  /** Ends the delivery of a message that nobody acks. */
  drop(offset: number): void {
    if (!this.isDeleted) this.#backlog.remove(offset)
  }

  /** Calls back once, in a turn of its own, when a `take` that had to wait is worth another try. */
  whenReadable(callback: () => void): void {
    this.#waitingTakers ??= new WaitingTakers(this.#context.turn)
    this.#waitingTakers.add(callback)
    if (!this.#backlog.isWaiting) this.#waitingTakers.tell()
  }

  /** Drops every ready message and returns how many there were. Within an atom. */
  purge(): number {
    return this.#backlog.purge()
  }

  /** The broker deletes the queue: all consumers are told, nothing is delivered any more. */
  onDeleted(): void {
    this.isDeleted = true
    for (const consumer of this.#dispatch.clear()) consumer.sink.onCancelled(consumer)
    this.#backlog.close()
    this.#waitingTakers?.tell()
  }

  /** The broker stops in good order: the next one need not guess what was delivered. */
  prepareToClose(): void {
    this.#backlog.settleDeliveredMark()
  }

  onReadable(): void {
    this.#dispatch.schedule()
    this.#waitingTakers?.tell()
  }

  onDamaged(offset: number, error: Error): void {
    this.#context.onDamaged(this, offset, error)
  }
}
