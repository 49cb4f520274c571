// A queue is a log plus who may have which of its records: requeued offsets first, then everything
// from `#next` on, less what is acked. Nothing here grows with the number of waiting messages.
//
// Counts: messageCount = ready + unacked; a message leaves the count when it is acked.
import { assert } from '../../lib/assert.ts'
import { type Turn, turnPhase, type TurnTask } from '../../lib/turn.ts'
import { brokerLimits } from '../../limits/broker.ts'
import type { CommitGroup } from '../../log/commit-group.ts'
import type { LogStore } from '../../log/log-store.ts'
import type { Log, LogOwner } from '../../log/log.ts'
import { type RecordSource, RecordView } from '../../log/record.ts'
import { encodeAddress } from '../address.ts'
import type { Arguments } from '../arguments.ts'
import { queueInExclusiveUse } from '../broker-error.ts'
import type { QueueLike } from '../exchange/binding.ts'
import { isLate } from '../is-late.ts'
import type { QueueType } from '../queue-arguments.ts'
import { ConsumerLine } from './consumer-line.ts'
import { Consumer, type ConsumerOptions, type DeliverySink } from './consumer.ts'
import { OffsetHeap } from './offset-heap.ts'

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
  readonly arguments: Arguments
  readonly log: Log
}

export interface QueueContext {
  readonly store: LogStore
  readonly turn: Turn
  /** The last consumer of an auto-delete queue is gone. */
  onUnused(queue: Queue): void
  /** Records that cannot be read any more were skipped. */
  onDamaged(queue: Queue, offset: number, error: Error): void
}

/** What `Queue.take` found. On 'wait' try again when `Queue.whenReadable` calls back. */
export type TakeResult = 'record' | 'empty' | 'wait'

const noConsumers: ReadonlySet<Consumer> = new Set()

/** For all queues: a view is valid only until the next read. */
const sharedView = new RecordView()

export class Queue implements QueueLike, TurnTask, LogOwner {
  readonly vhost: string
  readonly name: string
  readonly id: number
  readonly type: QueueType
  readonly isDurable: boolean
  readonly isAutoDelete: boolean
  readonly owner: ConnectionToken | undefined
  readonly arguments: Arguments
  readonly log: Log
  isDeleted = false
  /** Ready and unacked messages. */
  messageCount = 0
  unackedCount = 0

  readonly #context: QueueContext
  readonly #requeued = new OffsetHeap()
  /** Made when it is needed, as most of many queues have none. */
  #consumers: Set<Consumer> | undefined
  readonly #line = new ConsumerLine()
  #exclusiveConsumer: Consumer | undefined
  /** Next offset that was never delivered in this process. */
  #next: number
  /** Offsets from `#next` up to here may be acked already. */
  #ackedAheadEnd: number
  /** Messages below this may have been delivered by an earlier process. */
  readonly #redeliveredBelow: number
  /** At or above this, the delivered mark was raised no later than the message was appended. */
  #markCoversFrom = Number.POSITIVE_INFINITY
  /** How far the mark runs ahead of deliveries: further, the longer it takes to become durable. */
  #markAhead: number = brokerLimits.deliveredMarkAhead
  /** The group that makes the current mark durable. */
  #markGroup: CommitGroup | undefined
  #isScheduled = false
  #isWaiting = false
  #readableCallbacks: (() => void)[] | undefined

  constructor(options: QueueOptions, context: QueueContext) {
    this.vhost = options.vhost
    this.name = options.name
    this.id = options.log.id
    this.type = options.type
    this.isDurable = options.isDurable
    this.isAutoDelete = options.isAutoDelete
    this.owner = options.owner
    this.arguments = options.arguments
    this.log = options.log
    this.#context = context
    const { cursor, endOffset, deliveredMark } = options.log
    this.messageCount = cursor.unackedIn(cursor.floor, endOffset - 1)
    this.#next = cursor.floor
    this.#ackedAheadEnd = endOffset
    this.#redeliveredBelow = Math.min(deliveredMark, endOffset)
    options.log.owner = this
    options.log.homeAddress = encodeAddress('', options.name)
  }

  get isVolatile(): boolean {
    return this.log.isVolatile
  }

  get isExclusive(): boolean {
    return this.owner !== undefined
  }

  get readyCount(): number {
    return this.messageCount - this.unackedCount
  }

  get consumerCount(): number {
    return this.#consumers?.size ?? 0
  }

  get consumers(): ReadonlySet<Consumer> {
    return this.#consumers ?? noConsumers
  }

  /** Appends one message; its body may already be among the group's shared ones. Within an atom. */
  publish(source: RecordSource, sharedPosition: number): void {
    const offset = this.log.append(source, sharedPosition)
    this.messageCount++
    if (this.consumerCount === 0) return
    // Behind a backlog the mark follows the deliveries instead.
    if (offset >= this.log.deliveredMark && offset - this.#next < brokerLimits.deliveredMarkAhead) {
      this.#markAhead = brokerLimits.deliveredMarkAhead
      this.#raiseMark(offset, offset)
    }
    if (this.#line.first !== undefined) this.#schedule()
  }

  /** A batch of messages was appended to the log. Within an atom. */
  onBatchAppended(recordCount: number): void {
    this.messageCount += recordCount
    const first = this.log.endOffset - recordCount
    if (this.consumerCount === 0) return
    if (
      first + recordCount > this.log.deliveredMark &&
      first - this.#next < brokerLimits.deliveredMarkAhead
    ) {
      this.#raiseMark(first + recordCount, first)
    }
    if (this.#line.first !== undefined) this.#schedule()
  }

  /** Throws `access_refused` when the queue has, or would get, an exclusive consumer beside another. */
  addConsumer(sink: DeliverySink, options: ConsumerOptions): Consumer {
    const isTaken = this.#exclusiveConsumer !== undefined
    if (isTaken || (options.isExclusive && this.consumerCount > 0)) {
      throw queueInExclusiveUse(this.vhost, this.name)
    }
    const consumer = new Consumer(this, sink, options)
    this.#consumers ??= new Set()
    this.#consumers.add(consumer)
    if (options.isExclusive) this.#exclusiveConsumer = consumer
    this.listConsumer(consumer)
    return consumer
  }

  /** Ends a consumer; what it holds unacked stays so. An auto-delete queue ends with its last one. */
  removeConsumer(consumer: Consumer): void {
    if (consumer.isCancelled) return
    consumer.isCancelled = true
    this.#consumers?.delete(consumer)
    if (this.consumerCount === 0) this.#consumers = undefined
    if (consumer.isListed) this.#line.leave(consumer)
    if (this.#exclusiveConsumer === consumer) this.#exclusiveConsumer = undefined
    if (this.isAutoDelete && this.consumerCount === 0 && !this.isDeleted) {
      this.#context.onUnused(this)
    }
  }

  /** Puts a consumer that may have room in line, behind those of its priority. */
  listConsumer(consumer: Consumer): void {
    this.#line.enter(consumer)
    if (this.messageCount > this.unackedCount) this.#schedule()
  }

  /** A delivery is settled: the message is done with. */
  ack(offset: number): void {
    if (this.isDeleted) return
    this.unackedCount--
    this.messageCount--
    this.log.ack(offset)
  }

  /** A delivery comes back and is ready again at its original place. */
  requeue(offset: number): void {
    if (this.isDeleted) return
    this.unackedCount--
    this.#requeued.push(offset)
    if (this.#line.first !== undefined) this.#schedule()
    this.#tellReadable()
  }

  /**
   * Takes the next ready message into `view` for `basic.get` and its like: it is unacked from now
   * on. The caller acks it at once when it needs no ack.
   */
  take(view: RecordView): { readonly result: TakeResult; readonly isRedelivered: boolean } {
    const offset = this.#nextOffset()
    const result = offset < 0 ? 'empty' : this.#readForDelivery(offset, view)
    if (result !== 'record') return { result, isRedelivered: false }
    const isRedelivered = this.#advancePast(view.offset)
    this.unackedCount++
    return { result, isRedelivered }
  }

  /** Calls back once when a `take` that had to wait is worth another try. */
  whenReadable(callback: () => void): void {
    if (!this.#isWaiting) callback()
    else if (this.#readableCallbacks === undefined) this.#readableCallbacks = [callback]
    else this.#readableCallbacks.push(callback)
  }

  /** Drops every ready message and returns how many there were. Within an atom. */
  purge(): number {
    const count = this.readyCount
    for (let offset = this.#requeued.pop(); offset >= 0; offset = this.#requeued.pop()) {
      this.log.ack(offset)
    }
    this.log.ackRange(this.#next, this.log.endOffset - 1)
    this.#next = this.log.endOffset
    this.messageCount = this.unackedCount
    return count
  }

  /** The broker deletes the queue: all consumers are told, nothing is delivered any more. */
  onDeleted(): void {
    this.isDeleted = true
    for (const consumer of this.consumers) {
      consumer.isCancelled = true
      consumer.sink.onCancelled(consumer)
    }
    this.#consumers = undefined
    this.#line.clear()
    this.messageCount = 0
    this.unackedCount = 0
    this.#tellReadable()
  }

  /** The broker stops in good order: the next one need not guess what was delivered. */
  settleDeliveredMark(): void {
    const exact = Math.max(this.#next, this.#redeliveredBelow)
    this.log.deliveredMark = Math.min(this.log.deliveredMark, exact)
  }

  onRefused(offset: number): void {
    if (this.log.cursor.isAcked(offset)) return
    // Delivered already: its ack will find nothing to do in the log.
    if (offset >= this.#next) {
      this.#ackedAheadEnd = Math.max(this.#ackedAheadEnd, offset + 1)
      this.messageCount--
      this.log.cursor.ack(offset)
    }
  }

  runTurn(): void {
    this.#isScheduled = false
    for (let count = 1; count <= brokerLimits.dispatchPerTurnMax; count++) {
      const consumer = this.#nextConsumer()
      if (consumer === undefined) return
      const result = this.#deliverNext(consumer)
      if (result !== 'record') return
      if (count % brokerLimits.dispatchBetweenLooks === 0 && isLate(this.#context.turn)) break
    }
    this.#schedule()
  }

  #deliverNext(consumer: Consumer): TakeResult {
    const offset = this.#nextOffset()
    if (offset < 0) return 'empty'
    const view = sharedView
    const result = this.#readForDelivery(offset, view)
    if (result !== 'record') return result
    const isRedelivered = this.#advancePast(view.offset)
    this.#line.rotate()
    if (consumer.isNoAck) {
      consumer.sink.deliver(consumer, view, isRedelivered)
      this.messageCount--
      this.log.ack(view.offset)
    } else {
      this.unackedCount++
      consumer.unackedCount++
      consumer.sink.deliver(consumer, view, isRedelivered)
    }
    return result
  }

  /** The consumer whose turn it is; those without room leave the line until they resume. */
  #nextConsumer(): Consumer | undefined {
    for (;;) {
      const consumer = this.#line.first
      if (consumer === undefined || consumer.hasRoom) return consumer
      this.#line.leave(consumer)
    }
  }

  /** The offset to deliver next, or -1. */
  #nextOffset(): number {
    if (this.#requeued.size > 0) return this.#requeued.peek()
    if (this.#next < this.#ackedAheadEnd) this.#next = this.log.cursor.nextUnacked(this.#next)
    return this.#next < this.log.endOffset ? this.#next : -1
  }

  #readForDelivery(offset: number, view: RecordView): TakeResult {
    if (this.#isWaiting) return 'wait'
    if (offset >= this.log.durableDeliveredMark && !this.#isCovered(offset)) {
      this.#waitForMark(offset)
      if (this.#isWaiting) return 'wait'
    }
    const result = this.log.read(offset, view)
    if (result === 'absent') {
      this.#load(offset)
      return 'wait'
    }
    if (result === 'record' && view.offset === offset) return 'record'
    // Cleaning or damage left a gap where a message was expected.
    this.#skip(offset, result === 'record' ? view.offset : this.log.endOffset)
    const next = this.#nextOffset()
    return next < 0 ? 'empty' : this.#readForDelivery(next, view)
  }

  /** Notes that the record at `offset` is out; true when an earlier delivery of it may have been. */
  #advancePast(offset: number): boolean {
    if (this.#requeued.size > 0) {
      assert(this.#requeued.pop() === offset, 'the requeued message was the one read')
      return true
    }
    this.#next = offset + 1
    const isBacklog = offset < this.#markCoversFrom && offset + 1 < this.log.endOffset
    if (isBacklog && offset + this.#markAhead / 2 >= this.log.deliveredMark) {
      this.#raiseMark(offset, this.log.endOffset)
    }
    return offset < this.#redeliveredBelow
  }

  #skip(offset: number, end: number): void {
    if (this.#requeued.size > 0) {
      this.#requeued.pop()
      this.messageCount -= this.log.ackRange(offset, offset)
      return
    }
    this.messageCount -= this.log.ackRange(offset, end - 1)
    this.#next = end
  }

  #isCovered(offset: number): boolean {
    return offset >= this.#markCoversFrom && offset < this.log.deliveredMark
  }

  /**
   * Lets deliveries go past `offset`. The mark runs ahead, so that it is written once in a while;
   * whatever is appended at or after `coversFrom` is committed no earlier than the mark.
   */
  #raiseMark(offset: number, coversFrom: number): void {
    this.#markCoversFrom = coversFrom
    this.#markGroup = this.log.raiseDeliveredMark(offset + this.#markAhead)
  }

  #waitForMark(offset: number): void {
    const { log } = this
    if (offset >= log.deliveredMark) this.#raiseMark(offset, log.endOffset)
    // It was raised in time, but its group stands behind much that publishers sent.
    else this.#markAhead = Math.min(this.#markAhead * 4, brokerLimits.deliveredMarkAheadMax)
    if (offset < log.durableDeliveredMark) return
    this.#isWaiting = true
    this.#markGroup?.addListener({ onGroupFinished: () => this.#stopWaiting() })
  }

  #load(offset: number): void {
    this.#isWaiting = true
    this.#context.store.load(this.log, offset, (error) => {
      if (error !== undefined && !this.isDeleted) {
        this.#context.onDamaged(this, offset, error)
        this.#skip(offset, offset + 1)
      }
      this.#stopWaiting()
    })
  }

  #stopWaiting(): void {
    this.#isWaiting = false
    if (this.isDeleted) return
    if (this.#line.first !== undefined) this.#schedule()
    this.#tellReadable()
  }

  #tellReadable(): void {
    const callbacks = this.#readableCallbacks
    this.#readableCallbacks = undefined
    if (callbacks !== undefined) for (const callback of callbacks) callback()
  }

  #schedule(): void {
    if (this.#isScheduled || this.#isWaiting) return
    this.#isScheduled = true
    this.#context.turn.schedule(turnPhase.dispatch, this)
  }
}
