// The messages of a queue: a cursor in a log, and who may have which of the records it has not acked. Requeued offsets come
// first, then everything from `#next` on, less what is acked. Nothing here grows with the number of
// waiting messages.
//
// Counts: messageCount = ready + unacked; a message leaves the count when it is removed.
import { assert } from '../../lib/assert.ts'
import type { LogCursor } from '../../log/log-cursor.ts'
import type { LogStore } from '../../log/log-store.ts'
import type { Log } from '../../log/log.ts'
import type { Absence } from '../../log/reading.ts'
import type { RecordSource } from '../../record/message/record-source.ts'
import type { RecordView } from '../../record/message/record-view.ts'
import { DeliveredMark } from './delivered-mark.ts'
import { NumberHeap } from './number-heap.ts'
import type { ReadySizes } from './ready-sizes.ts'

/** What `Backlog.take` found. On 'wait' try again when `BacklogOwner.onReadable` was called. */
export type TakeResult = 'record' | 'empty' | 'wait'

export interface BacklogOwner {
  /** A `take` that had to wait is worth another try. */
  onReadable(): void
  /** The record at `offset` cannot be read any more and was skipped. */
  onDamaged(offset: number, error: Error): void
}

export class Backlog {
  readonly cursor: LogCursor
  readonly log: Log
  /** Ready, unacked and delayed messages. */
  messageCount: number
  unackedCount = 0
  /** Those that came back and wait for their next try. */
  delayedCount = 0
  /** A `take` waits for the disk. */
  isWaiting = false
  /** Whether the message taken last may have been delivered before. */
  isRedelivered = false
  /** Kept only where a limit asks for it. */
  sizes: ReadySizes | undefined

  readonly #store: LogStore
  readonly #owner: BacklogOwner
  readonly #mark: DeliveredMark
  readonly #requeued = new NumberHeap()
  /** Next offset that was never delivered in this process. */
  #next: number
  /** Offsets from `#next` up to here may be acked already. */
  readonly #ackedAheadEnd: number
  /** Delayed messages that `#next` has not come to: an earlier process delayed them. */
  #heldBack: Set<number> | undefined
  #isClosed = false

  constructor(cursor: LogCursor, store: LogStore, owner: BacklogOwner) {
    const { log } = cursor
    this.cursor = cursor
    this.log = log
    this.#store = store
    this.#owner = owner
    this.#mark = new DeliveredMark(cursor)
    this.#next = cursor.floor
    this.#ackedAheadEnd = log.endOffset
    this.messageCount = cursor.unackedCount
  }

  /** Bytes of the bodies of ready messages, where that is counted. */
  get readySize(): number {
    return this.sizes?.readySize ?? 0
  }

  get readyCount(): number {
    return this.messageCount - this.unackedCount - this.delayedCount
  }

  /** Ready and delayed messages: what length limits count. */
  get waitingCount(): number {
    return this.messageCount - this.unackedCount
  }

  /** Appends one message, which consumers wait for or not. Within an atom. */
  append(source: RecordSource, sharedPosition: number, isAwaited: boolean): void {
    const offset = this.log.append(source, sharedPosition)
    this.messageCount++
    if (this.sizes !== undefined) this.sizes.readySize += source.bodyEnd - source.bodyStart
    if (isAwaited) this.#mark.onAppended(offset, offset, this.#next)
  }

  /** A batch of messages was appended to the log. Within an atom. */
  onBatchAppended(recordCount: number, isAwaited: boolean): void {
    this.messageCount += recordCount
    const { endOffset } = this.log
    if (isAwaited) this.#mark.onAppended(endOffset - recordCount, endOffset - 1, this.#next)
  }

  /** Takes the next ready message into `view`: it is unacked until it is removed or requeued. */
  take(view: RecordView): TakeResult {
    const result = this.#find(view, true)
    if (result !== 'record') return result
    this.isRedelivered = this.#advancePast(view.offset)
    this.#mark.onDelivered(view.offset)
    this.unackedCount++
    this.sizes?.onTaken(view)
    return 'record'
  }

  /** Reads the next ready message into `view` and leaves it where it is. */
  peek(view: RecordView): TakeResult {
    return this.#find(view, false)
  }

  /** An unacked message is done with. */
  remove(offset: number): void {
    this.detach(offset)
    this.cursor.ack(offset)
  }

  /** An unacked message is ready again at its original place. */
  requeue(offset: number): void {
    this.unackedCount--
    this.#requeued.push(offset)
    this.sizes?.onRequeued(offset)
  }

  /** An unacked message came back and waits until `wake`, or until it is dropped. */
  delay(offset: number): void {
    this.unackedCount--
    this.delayedCount++
    this.sizes?.onRequeued(offset)
  }

  /** The same for a ready message, which an earlier process delayed. */
  holdBack(offset: number): void {
    this.delayedCount++
    this.#heldBack ??= new Set()
    this.#heldBack.add(offset)
  }

  /** A delayed message is ready again at its original place. */
  wake(offset: number): void {
    this.delayedCount--
    this.#requeued.push(offset)
  }

  /** A delayed message is done with. */
  dropDelayed(offset: number): void {
    this.delayedCount--
    this.messageCount--
    this.cursor.ack(offset)
  }

  /** An unacked message counts no more; it is in the log until `ackDetached`. */
  detach(offset: number): void {
    this.unackedCount--
    this.messageCount--
    this.sizes?.onSettled(offset)
  }

  /** The same for the message that `peek` has just read. */
  detachHead(view: RecordView): void {
    this.#advancePast(view.offset)
    this.messageCount--
    this.sizes?.onHeadLeft(view)
  }

  /** Reads a detached message; after 'wait' it can be read when `onReadable` is called. */
  readDetached(offset: number, view: RecordView, onReadable: () => void): TakeResult {
    const reading = this.log.read(offset, view)
    if (reading === 'record') return view.offset === offset ? 'record' : 'empty'
    if (reading === 'end') return 'empty'
    this.#store.load(this.log, reading, (error) => {
      if (error !== undefined && !this.#isClosed) {
        this.#owner.onDamaged(offset, error)
        this.cursor.ack(offset)
      }
      onReadable()
    })
    return 'wait'
  }

  ackDetached(offset: number): void {
    this.cursor.ack(offset)
  }

  /** Drops every ready message and returns how many there were. Within an atom. */
  purge(): number {
    const count = this.readyCount
    for (let offset = this.#requeued.pop(); offset >= 0; offset = this.#requeued.pop()) {
      this.cursor.ack(offset)
    }
    this.cursor.ackRange(this.#next, this.log.endOffset - 1)
    this.#next = this.log.endOffset
    this.messageCount = this.unackedCount + this.delayedCount
    this.sizes?.onEmpty()
    return count
  }

  /** The log is gone with all messages. */
  close(): void {
    this.#isClosed = true
    this.messageCount = 0
    this.unackedCount = 0
    this.delayedCount = 0
  }

  /** The broker stops in good order: the next one need not guess what was delivered. */
  settleDeliveredMark(): void {
    this.#mark.settle(this.#next)
  }

  /** The offset to deliver next, or -1. */
  #nextOffset(): number {
    if (this.#requeued.size > 0) return this.#requeued.peek()
    if (this.#next < this.#ackedAheadEnd) this.#passKnown()
    return this.#next < this.log.endOffset ? this.#next : -1
  }

  /** Moves on to what is neither acked nor held back. */
  #passKnown(): void {
    const { acked } = this.cursor
    this.#next = acked.nextUnacked(this.#next)
    // It comes back through `wake`.
    while (this.#heldBack?.delete(this.#next) === true) {
      this.#next = acked.nextUnacked(this.#next + 1)
    }
  }

  #find(view: RecordView, isForDelivery: boolean): TakeResult {
    for (;;) {
      const offset = this.#nextOffset()
      if (offset < 0) return 'empty'
      if (this.isWaiting) return 'wait'
      if (isForDelivery && !this.#mark.allows(offset)) {
        this.isWaiting = true
        this.#mark.whenDurable(() => this.#stopWaiting())
        return 'wait'
      }
      const result = this.#read(offset, view)
      if (result !== 'gap') return result
    }
  }

  #read(offset: number, view: RecordView): TakeResult | 'gap' {
    const reading = this.log.read(offset, view)
    if (typeof reading === 'object') {
      this.#load(offset, reading)
      return 'wait'
    }
    if (reading === 'record' && view.offset === offset) return 'record'
    // Cleaning or damage left a gap where a message was expected.
    this.#skip(offset, reading === 'record' ? view.offset : this.log.endOffset)
    return 'gap'
  }

  /** Notes that the record at `offset` is out; true when an earlier delivery of it may have been. */
  #advancePast(offset: number): boolean {
    if (this.#requeued.size > 0) {
      assert(this.#requeued.pop() === offset, 'the requeued message was the one read')
      return true
    }
    this.#next = offset + 1
    return offset < this.#mark.redeliveredBelow
  }

  #skip(offset: number, end: number): void {
    if (this.#requeued.peek() === offset) {
      this.#requeued.pop()
      this.messageCount -= this.cursor.skipRange(offset, offset)
      return
    }
    this.messageCount -= this.cursor.skipRange(offset, end - 1)
    // A purge may have moved on meanwhile.
    this.#next = Math.max(this.#next, end)
  }

  #load(offset: number, absence: Absence): void {
    this.isWaiting = true
    this.#store.load(this.log, absence, (error) => {
      if (error !== undefined && !this.#isClosed) {
        this.#owner.onDamaged(offset, error)
        this.#skip(offset, offset + 1)
      }
      this.#stopWaiting()
    })
  }

  #stopWaiting(): void {
    this.isWaiting = false
    if (!this.#isClosed) this.#owner.onReadable()
  }
}
