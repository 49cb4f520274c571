// The messages of a queue, or of one of its levels: a cursor in a log, and who may have which of the records
// it has not acked. Requeued offsets come first, then everything from `#next` on, less what is acked.
// Nothing here grows with the number of waiting messages.
//
// Counts: messageCount = ready + unacked; a message leaves the count when it is removed.
import { assert } from '../../lib/assert.ts'
import type { CursorNote } from '../../log/cursor-notes.ts'
import type { LogCursor } from '../../log/log-cursor.ts'
import type { LogStore } from '../../log/log-store.ts'
import type { Log } from '../../log/log.ts'
import type { Absence } from '../../log/reading.ts'
import type { RecordSource } from '../../record/message/record-source.ts'
import type { RecordView } from '../../record/message/record-view.ts'
import { DeliveredMark } from './delivered-mark.ts'
import { heldAfterRewind, rangesNotHeld } from './held-offsets.ts'
import type { Incoming } from './incoming.ts'
import type { MessageState } from './message-state.ts'
import { messageStates } from './message-states.ts'
import { NumberHeap } from './number-heap.ts'
import type {
  BacklogOwner,
  BacklogPart,
  CountedLog,
  LevelCursor,
  NotedMessage,
  QueueBacklog,
  ReadyMessage,
  TakeResult,
} from './queue-backlog.ts'
import { ReadySizes } from './ready-sizes.ts'

export class Backlog implements QueueBacklog {
  /** Another one once the queue was rewound. */
  cursor: LogCursor
  readonly log: Log
  messageCount: number
  unackedCount = 0
  delayedCount = 0
  isWaiting = false
  isRedelivered = false
  readonly #store: LogStore
  readonly #owner: BacklogOwner
  readonly #mark: DeliveredMark
  readonly #requeued = new NumberHeap()
  /** Next offset that was never delivered in this process. */
  #next: number
  /** Offsets from `#next` up to here may be acked already. */
  #ackedAheadEnd: number
  /** Messages below are here: the end of the log, or with `seesOnlyDurable` what was durable last. */
  #end: number
  /**
   * What `#next` has not come to and somebody has already: messages that an earlier process delayed, and
   * those that were out when the queue was rewound.
   */
  #heldBack: Set<number> | undefined
  /** What was looked at ahead of its delivery, and is ready. */
  #ahead: Set<number> | undefined
  /** What was put back, from then until it is taken again: nobody has seen it. */
  #unseen: Set<number> | undefined
  /** Kept only where a limit asks for it. */
  #sizes: ReadySizes | undefined
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
    this.#end = log.endOffset
    this.messageCount = cursor.unackedCount
    this.#endAt(Math.max(cursor.floor, this.#visibleEnd))
  }

  get levels(): readonly LevelCursor[] {
    return [{ level: 0, cursor: this.cursor }]
  }

  get levelCount(): number {
    return 1
  }

  get parts(): readonly BacklogPart[] {
    return [this]
  }

  get ends(): readonly number[] {
    return [this.#end]
  }

  get readySize(): number {
    return this.#sizes?.readySize ?? 0
  }

  get readyCount(): number {
    return this.messageCount - this.unackedCount - this.delayedCount
  }

  get waitingCount(): number {
    return this.messageCount - this.unackedCount
  }

  get hiddenCount(): number {
    if (this.log.unstableFrom === Infinity || this.#owner.seesOnlyDurable === true) return 0
    return this.cursor.acked.unackedIn(this.#end, this.log.endOffset - 1)
  }

  countSizes(): readonly CountedLog[] {
    const returned = this.#requeued.values()
    const sizes = (this.#sizes ??= new ReadySizes(this.#next, this.#end, returned))
    return [{ cursor: this.cursor, sizes }]
  }

  forgetSizes(): void {
    this.#sizes = undefined
  }

  append(source: RecordSource, sharedPosition: number, isAwaited: boolean): void {
    const offset = this.log.append(source, sharedPosition)
    if (this.#sizes !== undefined) this.#sizes.readySize += source.bodyEnd - source.bodyStart
    if (this.log.unstableFrom !== Infinity) return
    this.#end = offset + 1
    this.messageCount++
    if (isAwaited) this.#mark.onAppended(offset, offset, this.#next)
  }

  onBatchAppended({ count, size }: Incoming, isAwaited: boolean): void {
    if (this.#sizes !== undefined) this.#sizes.readySize += size
    if (this.log.unstableFrom !== Infinity) return
    const { endOffset } = this.log
    this.messageCount += count
    this.#end = endOffset
    if (isAwaited) this.#mark.onAppended(endOffset - count, endOffset - 1, this.#next)
  }

  /**
   * Takes in what may be seen since: what is durable, or has been committed. False when that is nothing.
   * Offsets without a record count until they are passed, unless they are acked.
   */
  showMore(): boolean {
    const end = this.#visibleEnd
    const before = this.#end
    if (end <= before) {
      this.#endAt(end)
      return false
    }
    const count = this.cursor.acked.unackedIn(before, end - 1)
    // What was aborted is acked.
    if (count < end - before) this.#ackedAheadEnd = Math.max(this.#ackedAheadEnd, end)
    this.messageCount += count
    this.#end = end
    return true
  }

  onTransactionEnded(_index: number, abortedSize: number): void {
    if (this.#sizes !== undefined) {
      this.#sizes.readySize = Math.max(0, this.#sizes.readySize - abortedSize)
    }
    this.showMore()
  }

  take(view: RecordView): TakeResult {
    const result = this.#find(view, true)
    if (result !== 'record') return result
    this.isRedelivered = this.#advancePast(view.offset)
    this.#mark.onDelivered(view.offset)
    this.unackedCount++
    this.#sizes?.onTaken(view)
    return 'record'
  }

  peek(view: RecordView): TakeResult {
    return this.#find(view, false)
  }

  remove(offset: number): void {
    this.detach(offset)
    this.cursor.ack(offset)
  }

  requeue(offset: number): void {
    this.unackedCount--
    this.#requeued.push(offset)
    this.#sizes?.onRequeued(offset)
  }

  delay(offset: number): void {
    this.unackedCount--
    this.delayedCount++
    this.#sizes?.onRequeued(offset)
  }

  putBack(offset: number): void {
    this.delay(offset)
    this.#unseen ??= new Set()
    this.#unseen.add(offset)
  }

  /** A message that was just taken is ready again; it is taken by its offset only. */
  setAhead(offset: number): void {
    this.unackedCount--
    this.#ahead ??= new Set()
    this.#ahead.add(offset)
    if (this.isRedelivered) return
    this.#unseen ??= new Set()
    this.#unseen.add(offset)
  }

  /** Takes such a message; 'empty' when it is there no more. */
  takeAhead(offset: number, view: RecordView): TakeResult {
    if (this.#ahead?.has(offset) !== true) return 'empty'
    if (this.isWaiting) return 'wait'
    const reading = this.log.read(offset, view)
    if (typeof reading === 'object') {
      this.#load(offset, reading)
      return 'wait'
    }
    this.#ahead.delete(offset)
    this.isRedelivered = this.#unseen?.delete(offset) !== true
    if (reading !== 'record' || view.offset !== offset) {
      this.messageCount -= this.cursor.skipRange(offset, offset)
      return 'empty'
    }
    this.unackedCount++
    return 'record'
  }

  holdBack(offset: number): void {
    this.delayedCount++
    ;(this.#heldBack ??= new Set()).add(offset)
  }

  holdUnacked(offset: number): void {
    this.unackedCount++
    ;(this.#heldBack ??= new Set()).add(offset)
  }

  wake(offset: number): void {
    this.delayedCount--
    this.#requeued.push(offset)
    this.#sizes?.onWoken(offset)
  }

  dropDelayed(offset: number): void {
    this.delayedCount--
    this.messageCount--
    this.#unseen?.delete(offset)
    this.cursor.ack(offset)
  }

  get hasNotes(): boolean {
    return this.cursor.notes !== undefined
  }

  *notes(): Generator<NotedMessage> {
    const { notes } = this.cursor
    for (const offset of notes?.offsets() ?? []) yield { offset, ...notes!.get(offset) }
  }

  note(offset: number, note: CursorNote): void {
    this.cursor.note(offset, note)
  }

  returnCountOf(offset: number): number {
    return this.cursor.notes?.countOf(offset) ?? 0
  }

  readyAtOf(offset: number): number {
    return this.cursor.notes?.get(offset).readyAt ?? 0
  }

  isAcked(offset: number): boolean {
    return this.cursor.acked.isAcked(offset)
  }

  detach(offset: number): void {
    this.unackedCount--
    this.messageCount--
    this.#sizes?.onSettled(offset)
  }

  detachHead(view: RecordView): void {
    this.#advancePast(view.offset)
    this.messageCount--
    this.#sizes?.onHeadLeft(view)
  }

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

  purge(): number {
    const count = this.readyCount
    for (let offset = this.#requeued.pop(); offset >= 0; offset = this.#requeued.pop()) {
      this.#unseen?.delete(offset)
      this.cursor.ack(offset)
    }
    for (const offset of this.#ahead ?? []) {
      this.#unseen?.delete(offset)
      this.cursor.ack(offset)
    }
    this.#ahead?.clear()
    this.#ackRest()
    this.#next = Math.max(this.#next, this.#end)
    this.messageCount = this.unackedCount + this.delayedCount
    this.#sizes?.onEmpty()
    return count
  }

  rewind(_index: number, cursor: LogCursor, target: number): number {
    const before = this.cursor
    const next = this.#next
    this.#next = Math.min(next, target)
    this.#holdWhatIsOut(next, target)
    this.#ackedAheadEnd = Math.max(this.#ackedAheadEnd, next)
    this.#mark.moveTo(cursor, next)
    this.#sizes?.onRewound(this.log.endOffset)
    this.cursor = cursor
    // Dead letters that are on their way are unacked in both and counted in neither.
    const count = cursor.unackedCount - before.unackedCount
    this.messageCount += count
    return count
  }

  statesIn(first: number, last: number, now: number): (offset: number) => MessageState {
    const known = {
      cursor: this.cursor,
      returned: this.#requeued.values(),
      next: this.#next,
      heldBack: this.#heldBack,
      ahead: this.#ahead,
      unseen: this.#unseen,
    }
    return messageStates(known, { first, last, now })
  }

  removeReady(messages: readonly ReadyMessage[]): void {
    if (this.#requeued.size > 0) {
      this.#requeued.removeAll(new Set(messages.map(({ offset }) => offset)))
    }
    for (const { offset, size } of messages) {
      this.messageCount--
      this.#ahead?.delete(offset)
      this.#unseen?.delete(offset)
      this.cursor.ack(offset)
      this.#sizes?.onRemoved(offset, size)
      this.#ackedAheadEnd = Math.max(this.#ackedAheadEnd, offset + 1)
    }
  }

  close(): void {
    this.#isClosed = true
    this.messageCount = 0
    this.unackedCount = 0
    this.delayedCount = 0
  }

  settleDeliveredMark(): void {
    this.#mark.settle(this.#next)
  }

  get #visibleEnd(): number {
    const { log } = this
    if (this.#owner.seesOnlyDurable === true) return log.stableEnd
    return Math.min(log.endOffset, log.unstableFrom)
  }

  /** An earlier process left a transaction open: what comes after its beginning is not to be seen. */
  #endAt(end: number): void {
    if (end >= this.#end) return
    this.messageCount -= this.cursor.acked.unackedIn(end, this.#end - 1)
    this.#end = end
  }

  /** The offset to deliver next, or -1. */
  #nextOffset(): number {
    if (this.#requeued.size > 0) return this.#requeued.peek()
    if (this.#next < this.#ackedAheadEnd) this.#passKnown()
    return this.#next < this.#end ? this.#next : -1
  }

  /** Acks what is ready from `#next` on: who holds something back has it still. */
  #ackRest(): void {
    for (const { first, last } of rangesNotHeld(this.#next, this.#end, this.#heldBack)) {
      this.cursor.ackRange(first, last)
    }
    this.#heldBack = undefined
  }

  /**
   * What was out below `next`, which has moved back, is passed by. Of what came back, `#next` will meet
   * what lies from `target` on, and the rest stays where it is.
   */
  #holdWhatIsOut(next: number, target: number): void {
    const returned = new Set(this.#requeued.values())
    this.#heldBack = heldAfterRewind({
      acked: this.cursor.acked,
      held: this.#heldBack,
      returned,
      before: next,
      next: this.#next,
      target,
    })
    this.#requeued.clear()
    for (const offset of returned) if (offset < target) this.#requeued.push(offset)
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
    this.#skip(offset, reading === 'record' ? Math.min(view.offset, this.#end) : this.#end)
    return 'gap'
  }

  /** Notes that the record at `offset` is out; true when an earlier delivery of it may have been. */
  #advancePast(offset: number): boolean {
    if (this.#requeued.size > 0) {
      assert(this.#requeued.pop() === offset, 'the requeued message was the one read')
      return this.#unseen?.delete(offset) !== true
    }
    this.#next = offset + 1
    this.#unseen?.delete(offset)
    return offset < this.#mark.redeliveredBelow
  }

  #skip(offset: number, end: number): void {
    if (this.#requeued.peek() === offset) {
      this.#requeued.pop()
      this.#unseen?.delete(offset)
      this.messageCount -= this.cursor.skipRange(offset, offset)
      return
    }
    this.messageCount -= this.cursor.skipRange(offset, end - 1)
    // A purge may have moved on meanwhile, a rewind back.
    if (this.#next >= offset) this.#next = Math.max(this.#next, end)
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
