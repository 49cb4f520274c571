// The messages that one exchange delays: a calendar of buckets, each a log, and a list of those that are
// due soon. Each step is one atom, appended there and acked here: a crash loses and doubles nothing.
//
// Invariant: a message is in one bucket; it is in the list when its bucket is `listed` and is listed up
// to it. No message leaves before all of those that are due earlier are in the list or gone.
import type { Clock } from '../../lib/clock.ts'
import { type Turn, turnPhase, type TurnTask } from '../../lib/turn.ts'
import { WakeTimer } from '../../lib/wake-timer.ts'
import { brokerLimits } from '../../limits/broker.ts'
import { logLimits } from '../../limits/log.ts'
import type { LogCursor } from '../../log/log-cursor.ts'
import type { LogStore } from '../../log/log-store.ts'
import type { Ticket } from '../../log/ticket.ts'
import type { DelayRow, TopologyChange } from '../../meta/topology-change.ts'
import { findHeader } from '../../record/message/content-header.ts'
import { delayHeader, delayMsOf, readDue, withDue } from '../../record/message/delays.ts'
import { fillFromView, setHeader } from '../../record/message/fill-source.ts'
import { RecordSource } from '../../record/message/record-source.ts'
import { RecordView } from '../../record/message/record-view.ts'
import type { DelayedStretch, MessageDelay } from '../exchange/message-delay.ts'
import { isLate } from '../is-late.ts'
import type { Shortage } from '../shortage.ts'
import { bucketClassFor, usualClass, widestClass } from './bucket-classes.ts'
import type { Bucket } from './bucket.ts'
import { Calendar, type LeftLog } from './calendar.ts'
import { CursorReader } from './cursor-reader.ts'
import { DueList } from './due-list.ts'

export interface DelayContext {
  readonly store: LogStore
  readonly turn: Turn
  readonly clock: Clock
  readonly shortage: Shortage
  /** Keeps changes with the atom. */
  putTopology(changes: readonly TopologyChange[]): void
  /** Routes a message that is due and appends it to its queues, which may be none. Within an atom. */
  sendOn(delayed: DelayedMessages, record: RecordView): void
  /** Records that cannot be read any more were skipped. */
  onDamaged(delayed: DelayedMessages, offset: number, error: Error): void
  /** The exchange is deleted, and its logs are to go. */
  onClosed(delayed: DelayedMessages): void
}

export interface DelayedExchange {
  readonly vhost: string
  readonly name: string
  readonly isDurable: boolean
}

const messagesBetweenLooks = 64
const sharedView = new RecordView()

export class DelayedMessages implements MessageDelay, TurnTask {
  readonly vhost: string
  readonly name: string
  readonly isVolatile: boolean
  messageCount = 0
  readonly #context: DelayContext
  readonly #calendar: Calendar
  readonly #reader: CursorReader
  readonly #due = new DueList()
  /** Opened buckets that have not been listed or moved to their end. */
  readonly #working = new Set<Bucket>()
  readonly #source = new RecordSource()
  /** When the next closed bucket has to be opened. */
  #nextOpenAt = Infinity
  readonly #timer: WakeTimer
  #isScheduled = false
  /** The disk has to bring the next message that is due, … */
  #isSendingHeld = false
  /** … or the next one to be listed or moved. */
  #isWorkHeld = false
  /** The disk has to take what was written, or to get room. */
  #isHeld = false
  #isClosed = false
  /** The list has been full: what is in it goes first, whatever is not. */
  #isOverfull = false
  /** What this turn may still move. */
  #sizeLeft = 0

  constructor({ vhost, name, isDurable }: DelayedExchange, context: DelayContext) {
    this.vhost = vhost
    this.name = name
    this.isVolatile = !isDurable
    this.#context = context
    this.#timer = new WakeTimer(context.clock, () => this.#schedule())
    const { store } = context
    this.#calendar = new Calendar({
      store,
      vhost,
      exchange: name,
      isVolatile: this.isVolatile,
      putTopology: (changes) => context.putTopology(changes),
    })
    this.#reader = new CursorReader({
      store,
      onSkipped: (count) => (this.messageCount -= count),
      onDamaged: (offset, error) => context.onDamaged(this, offset, error),
    })
  }

  /** What the topology keeps besides the exchange. */
  rows(): Iterable<DelayRow> {
    return this.#calendar.rows()
  }

  /** A log that outlived the last process. Within an atom. */
  restore(bucketClass: number, cursor: LogCursor): void {
    const { unackedCount } = cursor
    if (unackedCount === 0) {
      this.#calendar.addSpare(bucketClass, cursor)
      return
    }
    this.messageCount += unackedCount
    this.#calendar.left.push({ bucketClass, cursor })
    this.#schedule()
  }

  publish(source: RecordSource, sharedPosition: number): void {
    const { header, headerStart: start, headerEnd: end } = source
    const delayMs = delayMsOf(findHeader(header, start, end, delayHeader))
    const dueAt = this.#context.clock.now() + delayMs
    const kept = this.#source
    kept.address = source.address
    kept.addressStart = source.addressStart
    kept.addressEnd = source.addressEnd
    setHeader(kept, withDue({ buffer: header, start, end }, delayMs, dueAt))
    kept.body = source.body
    kept.bodyStart = source.bodyStart
    kept.bodyEnd = source.bodyEnd
    kept.asideId = source.asideId
    kept.hasDeaths = source.hasDeaths
    this.messageCount++
    this.#append(dueAt, this.#bucketFor(dueAt, widestClass), sharedPosition)
  }

  *stretches(): Generator<DelayedStretch> {
    for (const { cursor } of this.#calendar.left) yield { cursor, start: -Infinity, end: Infinity }
    yield* this.#calendar.buckets
  }

  /** Its bucket stays until its time, though it may be empty: it may be listed there. */
  end(cursor: LogCursor, offset: number, record: RecordView | undefined): boolean {
    const { acked, log } = cursor
    if (log.isDeleted || offset >= log.endOffset || acked.isAcked(offset)) return false
    if (record !== undefined) this.#context.sendOn(this, record)
    cursor.ack(offset)
    this.messageCount--
    return true
  }

  close(): void {
    this.stop()
    this.messageCount = 0
    this.#context.onClosed(this)
  }

  /** Deletes all that waits, after `close`. Within an atom. */
  deleteLogs(): void {
    this.#calendar.deleteLogs()
  }

  /** Nothing leaves any more. */
  stop(): void {
    this.#isClosed = true
    this.#timer.stop()
    this.#due.clear()
    this.#working.clear()
  }

  runTurn(): void {
    this.#isScheduled = false
    if (this.#isClosed || this.#isHeld || this.#waitsForSpace()) return
    const { store } = this.#context
    this.#sizeLeft = brokerLimits.delayMovedSizePerTurn
    store.beginAtom()
    this.#openNear()
    if (!this.#isSendingHeld) this.#sendDue()
    if (!this.#isWorkHeld) this.#work()
    this.#holdFor(store.endAtom())
    this.#scheduleNext()
  }

  /** Where a message has to wait: in a bucket of `classMax` at most. Within an atom. */
  #bucketFor(dueAt: number, classMax: number): Bucket {
    const calendar = this.#calendar
    const overtaken = calendar.findOvertaken(dueAt, classMax)
    if (overtaken !== undefined) return overtaken
    const now = this.#context.clock.now()
    const bucketClass = bucketClassFor(dueAt, now, classMax)
    const bucket = this.#narrowerThan(bucketClass, dueAt) ?? calendar.find(bucketClass, dueAt)
    if (bucket !== undefined && bucket.state !== 'moved') return bucket
    return this.#createBucket(bucket === undefined ? bucketClass : bucketClass - 1, dueAt)
  }

  /** Where messages of that time went that were too many for a bucket of the usual class. */
  #narrowerThan(bucketClass: number, dueAt: number): Bucket | undefined {
    return bucketClass === usualClass ? this.#calendar.find(bucketClass - 1, dueAt) : undefined
  }

  #createBucket(bucketClass: number, dueAt: number): Bucket {
    const created = this.#calendar.create(bucketClass, dueAt)
    // Nothing is in it that would have to be read.
    if (created.openAt <= this.#context.clock.now()) created.state = 'listed'
    return created
  }

  /** Appends `#source`. */
  #append(dueAt: number, bucket: Bucket, sharedPosition: number): void {
    const offset = bucket.log.append(this.#source, sharedPosition)
    bucket.latestDueAt = Math.max(bucket.latestDueAt, dueAt)
    if (bucket.state === 'closed') {
      this.#nextOpenAt = Math.min(this.#nextOpenAt, bucket.openAt)
      this.#wakeAt(bucket.openAt)
    } else if (bucket.state === 'listed' && bucket.next === offset && !this.#due.isFull) {
      bucket.next++
      this.#due.push(bucket.leavesAsItCame ? bucket.end : dueAt, bucket, offset)
      this.#wakeAt(dueAt)
    } else {
      this.#working.add(bucket)
      this.#schedule()
    }
  }

  #openNear(): void {
    const now = this.#context.clock.now()
    if (now < this.#nextOpenAt) return
    this.#nextOpenAt = Infinity
    const near: Bucket[] = []
    for (const bucket of this.#calendar.buckets) {
      if (bucket.state !== 'closed') continue
      if (bucket.openAt <= now) near.push(bucket)
      else this.#nextOpenAt = Math.min(this.#nextOpenAt, bucket.openAt)
    }
    for (const bucket of near.toSorted((a, b) => a.start - b.start)) {
      this.#open(bucket, this.#isScattered(bucket, bucket.cursor.floor))
    }
  }

  /** What is listed leaves in the order of time, so it must be possible to read it in that order. */
  #open(bucket: Bucket, isCrowded: boolean): void {
    const { bucketClass, cursor } = bucket
    const isLong = cursor.unackedCount > brokerLimits.delayListMax / 4
    const isMoved =
      bucketClass > usualClass || (bucketClass === usualClass && (isCrowded || isLong))
    bucket.state = isMoved ? 'moved' : 'listed'
    bucket.leavesAsItCame = isCrowded && !isMoved
    this.#working.add(bucket)
  }

  /** Whether each message from `offset` on may have to be read from another place of the disk. */
  #isScattered({ log }: Bucket, offset: number): boolean {
    if (offset >= log.tailStart || log.hasWindowAt(offset)) return false
    return this.#context.store.sizeOf(log) > brokerLimits.delayListedSizeMax
  }

  /** Messages of a listed bucket have left the memory since: it is opened again, as what it is now. */
  #reopen(bucket: Bucket): void {
    this.#due.remove(bucket)
    bucket.next = bucket.cursor.floor
    this.#open(bucket, true)
  }

  /** Sends on what is due, in that order. */
  #sendDue(): void {
    const { clock, turn } = this.#context
    const due = this.#due
    const now = clock.now()
    let horizon = this.#horizon()
    for (let count = 1; due.dueAt <= now && this.#sizeLeft > 0; count++) {
      if (due.dueAt >= horizon && !this.#mayOvertake()) return
      const { bucket } = due
      if (!this.#sendNext()) return
      // It was opened again.
      if (this.#working.has(bucket)) horizon = this.#horizon()
      if (count % messagesBetweenLooks === 0 && isLate(turn)) return
    }
  }

  /** When too many are due at about one time, order within that gives way. */
  #mayOvertake(): boolean {
    if (this.#due.isFull) this.#isOverfull = true
    else if (this.#due.size < brokerLimits.delayListMax / 2) this.#isOverfull = false
    return this.#isOverfull
  }

  /** False when the disk has to bring it first. */
  #sendNext(): boolean {
    const { offset, bucket } = this.#due
    const { cursor } = bucket
    if (!bucket.leavesAsItCame && this.#isScattered(bucket, offset)) {
      this.#reopen(bucket)
      return true
    }
    const result = this.#reader.read(cursor, offset, sharedView, () => {
      this.#isSendingHeld = false
      this.#schedule()
    })
    if (result === 'wait') {
      this.#isSendingHeld = true
      return false
    }
    this.#due.pop()
    // It may have been skipped: what is there is another one then.
    if (!cursor.acked.isAcked(offset)) {
      this.#sizeLeft -= sizeOf(sharedView)
      this.#context.sendOn(this, sharedView)
      // After that, because the memory of what is acked may be used for something else.
      cursor.ack(offset)
      this.messageCount--
    }
    this.#removeEmpty(bucket)
    return true
  }

  /** When what is not listed yet may be due at the earliest. */
  #horizon(): number {
    if (this.#calendar.left.length > 0) return -Infinity
    let horizon = Infinity
    for (const { start } of this.#working) horizon = Math.min(horizon, start)
    return horizon
  }

  /** Goes on with what has been opened. */
  #work(): void {
    while (this.#calendar.left.length > 0) if (!this.#identify()) return
    for (const bucket of this.#working) {
      if (!this.#advance(bucket)) return
      this.#working.delete(bucket)
      this.#removeEmpty(bucket)
    }
  }

  /** Finds out which bucket a log is that an earlier process left. False when the disk has to say that. */
  #identify(): boolean {
    const { bucketClass, cursor } = this.#calendar.left.at(-1) as LeftLog
    const result = this.#reader.read(cursor, cursor.floor, sharedView, () => this.#onReadable())
    if (result === 'wait') {
      this.#isWorkHeld = true
      return false
    }
    this.#calendar.left.pop()
    if (result === 'end') {
      this.#calendar.addSpare(bucketClass, cursor)
      return true
    }
    const dueAt = readDue(sharedView.buffer, sharedView.headerStart)
    const { openAt } = this.#calendar.add(bucketClass, dueAt, cursor)
    this.#nextOpenAt = Math.min(this.#nextOpenAt, openAt)
    return true
  }

  /** Lists or moves messages; true when all of them are. */
  #advance(bucket: Bucket): boolean {
    const { cursor, log } = bucket
    for (let count = 1; bucket.next < log.endOffset; count++) {
      if (this.#sizeLeft <= 0) return false
      if (bucket.state === 'listed' && this.#due.isFull) return false
      const offset = cursor.acked.nextUnacked(bucket.next)
      if (offset >= log.endOffset) break
      const result = this.#reader.read(cursor, offset, sharedView, () => this.#onReadable())
      if (result === 'wait') {
        this.#isWorkHeld = true
        return false
      }
      if (result === 'end') break
      bucket.next = sharedView.offset + 1
      this.#take(bucket, sharedView)
      if (count % messagesBetweenLooks === 0 && isLate(this.#context.turn)) return false
    }
    bucket.next = log.endOffset
    return true
  }

  #take(bucket: Bucket, view: RecordView): void {
    const { offset } = view
    // It follows on one that cannot be read any more, and has left.
    if (bucket.cursor.acked.isAcked(offset)) return
    const dueAt = readDue(view.buffer, view.headerStart)
    if (bucket.state === 'listed') {
      this.#due.push(bucket.leavesAsItCame ? bucket.end : dueAt, bucket, offset)
      return
    }
    this.#sizeLeft -= sizeOf(view)
    fillFromView(this.#source, view)
    this.#append(dueAt, this.#bucketFor(dueAt, bucket.bucketClass - 1), -1)
    bucket.cursor.ack(offset)
  }

  #removeEmpty(bucket: Bucket): void {
    if (bucket.isDone && bucket.isEmpty) this.#calendar.remove(bucket)
  }

  #onReadable(): void {
    this.#isWorkHeld = false
    this.#schedule()
  }

  /** What is moved takes space. */
  #waitsForSpace(): boolean {
    const { shortage } = this.#context
    if (shortage.reason === undefined) return false
    this.#isHeld = true
    const stop = shortage.onChange((isShort) => {
      if (isShort) return
      stop()
      this.#goOn()
    })
    return true
  }

  /** The disk gets time to take what was written. */
  #holdFor(ticket: Ticket | undefined): void {
    if (ticket === undefined) return
    if (this.#context.store.uncommittedSize < logLimits.uncommittedSizeMax) return
    this.#isHeld = true
    ticket.whenDurable(() => this.#goOn())
  }

  #goOn(): void {
    this.#isHeld = false
    this.#schedule()
  }

  #scheduleNext(): void {
    if (this.#isHeld) return
    const hasWork = this.#calendar.left.length > 0 || this.#working.size > 0
    const now = this.#context.clock.now()
    if (hasWork && !this.#isWorkHeld && !this.#due.isFull) {
      this.#schedule()
      return
    }
    const isHeldBack = this.#due.dueAt >= this.#horizon() && !this.#mayOvertake()
    const sendAt = this.#isSendingHeld || isHeldBack ? Infinity : this.#due.dueAt
    const next = Math.min(sendAt, this.#nextOpenAt)
    if (next <= now) this.#schedule()
    else if (next !== Infinity) this.#wakeAt(next)
  }

  #schedule(): void {
    if (this.#isScheduled || this.#isClosed) return
    this.#isScheduled = true
    this.#context.turn.schedule(turnPhase.dispatch, this)
  }

  /** Looks again then, or earlier: the wall clock may jump meanwhile. */
  #wakeAt(time: number): void {
    if (!this.#isScheduled) this.#timer.wakeAt(time, brokerLimits.delayLookMsMax)
  }
}

function sizeOf({ addressStart, headerEnd, bodyStart, bodyEnd, asideId }: RecordView): number {
  return headerEnd - addressStart + (asideId === 0 ? bodyEnd - bodyStart : 0)
}
