// A partition as a share group sees it (KIP-932): a cursor in its log, whose acked offsets are the records
// that the group is done with, and which of the others members have.
//
// Invariant: an offset from the cursor's floor to `#next` is acked, acquired (a member has it), returned
// (available again), held (its time has not come, or has come and nobody has got it yet) or dying (on its
// way to the dead letters), and only one of these. Nobody has looked at what is at or above `#next` in this
// process. How often a record came back is a note of the cursor.
import type { Clock } from '../../lib/clock.ts'
import { shareLimits } from '../../limits/share.ts'
import type { LogCursor } from '../../log/log-cursor.ts'
import type { LogStore } from '../../log/log-store.ts'
import type { Ticket } from '../../log/ticket.ts'
import type { DeliveryFacts } from '../../record/batch/delivery-facts.ts'
import { NumberHeap } from '../queue/number-heap.ts'
import type { Partition } from '../topic/partition.ts'
import { AcquiredRecords, type RecordLock } from './acquired-records.ts'
import { HeldRecords } from './held-records.ts'
import type { ShareSettings } from './share-settings.ts'

/** Records of one partition in a row that a member got. */
export interface AcquiredRange {
  readonly first: number
  readonly last: number
  readonly deliveryCount: number
}

/** A batch of records in the log, as far as it takes to hand records of it out. */
export interface BatchSpan {
  readonly first: number
  readonly last: number
  /** Members never get its records: those of aborted transactions, and markers. */
  readonly isHidden: boolean
  /** What headers of its records say, by offset; undefined: nothing. */
  readonly facts?: ReadonlyMap<number, DeliveryFacts> | undefined
}

/** What was read of a partition: all batches that there are from `from` to the end of the last one. */
export interface ReadSpans {
  readonly from: number
  readonly spans: readonly BatchSpan[]
}

/** What a member wants of a partition. */
export interface AcquireAsked {
  readonly memberId: string
  readonly recordsMax: number
  /** Not one record more than that; otherwise the last batch comes as a whole (KIP-1206). */
  readonly isStrict: boolean
  /** Longer ranges are told in parts. */
  readonly batchSize: number
}

/** Why records could not be processed. */
export type ShareDeath = 'rejected' | 'delivery_limit' | 'expired'

/** Records on their way to where the group's dead letters go. */
export interface DeadRecords {
  /** The record, which is not acked yet, is dead. */
  add(offset: number, reason: ShareDeath, deliveryCount: number): void
  /** Calls back once when all that is dead by now has gone, durably. */
  whenMoved(callback: () => void): void
  close(): void
}

/** Numbers of records of all share groups. */
export interface SharedRecords {
  /** Out, or came back and not done with. */
  count: number
  /** Held until their time, or until somebody gets them then. */
  heldCount: number
}

export interface SharePartitionContext {
  readonly store: LogStore
  readonly clock: Clock
  readonly shared: SharedRecords
  readonly settings: () => ShareSettings
  /** Where dead records go; undefined: nowhere. */
  readonly deadRecords: (share: SharePartition) => DeadRecords | undefined
  /** So many records were accepted, or archived without a dead letter. */
  readonly onSettled: (outcome: 'accepted' | 'archived', count: number) => void
}

export class SharePartition {
  readonly partition: Partition
  readonly cursor: LogCursor
  readonly acquired: AcquiredRecords
  readonly #context: SharePartitionContext
  /** Offsets below it that are available again. The heap may still have some that are not. */
  readonly #returned = new Set<number>()
  readonly #returnedOrder = new NumberHeap()
  readonly #dying = new Set<number>()
  readonly #held: HeldRecords
  #deadRecords: DeadRecords | undefined
  #next: number
  readonly #listeners = new Set<() => void>()
  #isClosed = false

  constructor(partition: Partition, cursor: LogCursor, context: SharePartitionContext) {
    this.partition = partition
    this.cursor = cursor
    this.#context = context
    this.#next = cursor.floor
    this.acquired = new AcquiredRecords(context.clock, (offsets) => {
      this.releaseAll(offsets)
    })
    this.#held = new HeldRecords({
      clock: context.clock,
      onReady: () => this.tell(),
      onChanged: (count) => (context.shared.heldCount += count),
    })
  }

  /** The first record that the group is not done with (SPSO). */
  get startOffset(): number {
    return Math.max(this.cursor.floor, this.partition.startOffset)
  }

  /** Records that members have, that came back, or that are on their way to the dead letters. */
  get inFlightCount(): number {
    return this.acquired.size + this.#returned.size + this.#dying.size
  }

  /** Records that wait for their time, or that nobody has got since. */
  get heldCount(): number {
    return this.#held.size
  }

  /** Records on their way to the dead letters. */
  get dyingCount(): number {
    return this.#dying.size
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** The first record below `end` that a member may have; -1 when there is none now. */
  nextAvailable(end: number): number {
    this.#passStart()
    const returned = this.#firstReturned()
    if (returned >= 0) return returned
    if (!this.#mayAcquireNew(this.#context.settings())) return -1
    const ready = this.#firstReady()
    if (ready >= 0) return ready
    if (!this.#mayHold()) return -1
    const next = this.cursor.acked.nextUnacked(this.#next)
    return next < end ? next : -1
  }

  /** Hands records out. What is available between batches has no records and is done with. */
  acquire({ from, spans }: ReadSpans, asked: AcquireAsked): AcquiredRange[] {
    if (this.#isClosed) return []
    this.#passStart()
    const { store, clock } = this.#context
    const settings = this.#context.settings()
    const lock = this.acquired.lock(asked.memberId, settings.recordLockMs)
    const now = clock.now()
    const taking: Taking = { asked, settings, lock, now, ranges: [], count: 0, countMax: Infinity }
    let at = Math.max(from, this.cursor.floor)
    // Records may be too old.
    const mayExpire = spans.some(({ facts }) => facts !== undefined)
    if (mayExpire) store.beginAtom()
    for (const span of spans) {
      const { first, last, isHidden } = span
      if (last < at) continue
      if (isHidden) this.#archiveUnread(at, last)
      else {
        this.#archiveUnread(at, first - 1)
        if (taking.count >= asked.recordsMax) break
        if (!this.#takeFrom(span, at, taking)) break
      }
      at = last + 1
    }
    if (mayExpire) store.endAtom()
    return taking.ranges
  }

  /** Members' records whose locks ended, or that were given back: they are available again, or dead. */
  releaseAll(offsets: readonly number[]): Ticket | undefined {
    if (this.#isClosed || offsets.length === 0) return undefined
    const { store } = this.#context
    const { deliveriesMax } = this.#context.settings()
    store.beginAtom()
    for (const offset of offsets) this.release(offset, deliveriesMax)
    const ticket = store.endAtom()
    this.tell()
    return ticket
  }

  /** The same for one, within an atom; `tell` is to be called after it. */
  release(offset: number, deliveriesMax: number): void {
    const record = this.acquired.get(offset)
    if (record === undefined) return
    const { deliveryCount } = record
    if (deliveryCount >= deliveriesMax) {
      this.die(offset, 'delivery_limit')
      return
    }
    this.acquired.delete(offset)
    this.cursor.note(offset, { count: deliveryCount, readyAt: 0 })
    this.#returned.add(offset)
    this.#returnedOrder.push(offset)
  }

  /** A member is done with first … last, all of which it has. Within an atom. */
  settle(first: number, last: number, outcome: 'accepted' | 'archived'): void {
    for (let offset = first; offset <= last; offset++) {
      if (this.acquired.delete(offset)) this.#context.shared.count--
    }
    this.cursor.ackRange(first, last)
    this.#context.onSettled(outcome, last - first + 1)
  }

  /** A record that a member has is dead: it goes where dead letters go, or nowhere. Within an atom. */
  die(offset: number, reason: ShareDeath): void {
    const record = this.acquired.get(offset)
    if (record === undefined) return
    this.acquired.delete(offset)
    this.#bury(offset, reason, record.deliveryCount)
  }

  /** A dead record has gone. Within an atom. */
  onMoved(offset: number): void {
    if (!this.#dying.delete(offset)) return
    this.#context.shared.count--
    this.cursor.ack(offset)
    // There is room for another one.
    this.tell()
  }

  /** Calls back once when the records that are dead by now have gone, durably. */
  whenDeadMoved(callback: () => void): void {
    if (this.#dying.size === 0 || this.#deadRecords === undefined) callback()
    else this.#deadRecords.whenMoved(callback)
  }

  /** It was looked, and there is no record from `from` up to `end`. */
  passGap(from: number, end: number): void {
    if (!this.#isClosed) this.#archiveUnread(from, end - 1)
  }

  /** Retention or somebody else has passed records: the group is done with them, too. */
  passRetention(): void {
    this.#passStart()
  }

  /** Calls back when records may have become available. */
  addListener(listener: () => void): void {
    this.#listeners.add(listener)
  }

  removeListener(listener: () => void): void {
    this.#listeners.delete(listener)
  }

  /** The group has another place in the partition, or none: nothing of this one counts any more. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#context.shared.count -= this.inFlightCount
    this.acquired.close()
    this.#returned.clear()
    this.#returnedOrder.clear()
    this.#dying.clear()
    this.#held.close()
    this.#deadRecords?.close()
    this.tell()
  }

  /** Who waits for records looks again. */
  tell(): void {
    // One that removes and adds itself would be visited for ever.
    for (const listener of Array.from(this.#listeners)) listener()
  }

  #mayAcquireNew({ recordLocksMax }: ShareSettings): boolean {
    if (this.#context.shared.count >= shareLimits.sharedRecordsMax) return false
    return this.inFlightCount < recordLocksMax
  }

  #mayHold(): boolean {
    if (this.#context.shared.heldCount >= shareLimits.sharedHeldMax) return false
    return this.#held.size < shareLimits.shareHeldMax
  }

  /** Of those whose time has come. */
  #firstReady(): number {
    for (;;) {
      const offset = this.#held.firstReady()
      // Its transaction was aborted meanwhile.
      if (offset < 0 || !this.cursor.acked.isAcked(offset)) return offset
      this.#held.takeReady(offset)
    }
  }

  #firstReturned(): number {
    const order = this.#returnedOrder
    while (order.size > 0) {
      const offset = order.peek()
      if (this.#returned.has(offset)) {
        // Its transaction was aborted meanwhile.
        if (!this.cursor.acked.isAcked(offset)) return offset
        this.#forgetReturned(offset)
      }
      order.pop()
    }
    return -1
  }

  #forgetReturned(offset: number): void {
    if (this.#returned.delete(offset)) this.#context.shared.count--
  }

  #isAvailable(offset: number): boolean {
    if (this.cursor.acked.isAcked(offset)) return false
    return this.#isNew(offset) || this.#returned.has(offset)
  }

  /** Nobody has had it in this process, and somebody may. */
  #isNew(offset: number): boolean {
    return offset >= this.#next || this.#held.isReady(offset)
  }

  /** Takes what is available of a batch from `from` on; false when that is enough. */
  #takeFrom({ first, last, facts }: BatchSpan, from: number, taking: Taking): boolean {
    const { asked } = taking
    for (let offset = Math.max(first, from); offset <= last; offset++) {
      if (!this.#isAvailable(offset)) continue
      if (this.#isNew(offset) && !this.#mayAcquireNew(taking.settings)) return false
      const said = facts?.get(offset)
      const isTaken = said !== undefined && this.#pass(said, taking.now)
      if (isTaken === 'full') return false
      if (isTaken) continue
      const deliveryCount = (this.cursor.notes?.countOf(offset) ?? 0) + 1
      const isFull = asked.isStrict && taking.count >= asked.recordsMax
      if (isFull || !this.#admit(deliveryCount, taking)) return false
      this.#take(offset, deliveryCount, taking)
    }
    return true
  }

  /** True when nobody gets the record now: its time has not come, or is over. Within an atom. */
  #pass({ offset, deliverAt, expiresAt }: DeliveryFacts, now: number): boolean | 'full' {
    if (deliverAt > now && offset >= this.#next) {
      if (!this.#mayHold()) return 'full'
      this.#held.hold(offset, deliverAt)
      this.#next = offset + 1
      return true
    }
    if (expiresAt > now) return false
    this.#begin(offset)
    this.#bury(offset, 'expired', this.cursor.notes?.countOf(offset) ?? 0)
    return true
  }

  /**
   * Records that failed often come in fewer and fewer at a time, and for the last time alone: one that
   * kills its member then takes no others with it. Source: Kafka 4.2, SharePartition.
   */
  #admit(deliveryCount: number, taking: Taking): boolean {
    if (taking.count >= taking.countMax) return false
    const { deliveriesMax } = taking.settings
    const failures = deliveryCount - 1
    const throttledFrom = Math.max(2, Math.ceil(deliveriesMax / 2))
    if (failures < throttledFrom) return true
    if (taking.countMax === Infinity) {
      if (taking.count > 0) return false
      taking.countMax = Math.max(1, this.#returned.size >> (failures - throttledFrom + 1))
    }
    if (failures >= deliveriesMax - 1) taking.countMax = 1
    return taking.count < taking.countMax
  }

  #take(offset: number, deliveryCount: number, taking: Taking): void {
    const { asked, lock, ranges } = taking
    this.#begin(offset)
    this.acquired.set(offset, { lock, deliveryCount })
    taking.count++
    const open = ranges.at(-1)
    const isNext = open?.last === offset - 1 && open.deliveryCount === deliveryCount
    if (open === undefined || !isNext || offset - open.first >= asked.batchSize) {
      ranges.push({ first: offset, last: offset, deliveryCount })
    } else ranges[ranges.length - 1] = { ...open, last: offset }
  }

  /** What was available is so no more, and counts as in flight. */
  #begin(offset: number): void {
    if (offset >= this.#next) {
      this.#next = offset + 1
      this.#context.shared.count++
    } else if (this.#held.takeReady(offset)) this.#context.shared.count++
    else this.#returned.delete(offset)
  }

  /** What is in flight goes where dead letters go, or nowhere. Within an atom. */
  #bury(offset: number, reason: ShareDeath, deliveryCount: number): void {
    this.#deadRecords ??= this.#context.deadRecords(this)
    if (this.#deadRecords === undefined) {
      this.settle(offset, offset, 'archived')
      this.#context.shared.count--
      return
    }
    this.#dying.add(offset)
    this.#deadRecords.add(offset, reason, deliveryCount)
  }

  /** The group is done with what is available of first … last: nobody gets it. */
  #archiveUnread(first: number, last: number): void {
    if (last < first) return
    this.#held.takeReadyIn(first, last, (offset) => this.cursor.ack(offset))
    for (const offset of this.#returned) {
      if (offset < first || offset > last) continue
      this.cursor.ack(offset)
      this.#forgetReturned(offset)
    }
    const from = Math.max(first, this.#next)
    if (last < from) return
    this.cursor.ackRange(from, last)
    this.#next = last + 1
  }

  #passStart(): void {
    const { startOffset } = this.partition
    if (startOffset <= this.cursor.floor || this.#isClosed) return
    const before = this.inFlightCount
    this.cursor.ackRange(this.cursor.floor, startOffset - 1)
    this.acquired.deleteBelow(startOffset)
    this.#held.deleteBelow(startOffset)
    for (const offset of this.#returned) if (offset < startOffset) this.#returned.delete(offset)
    for (const offset of this.#dying) if (offset < startOffset) this.#dying.delete(offset)
    this.#next = Math.max(this.#next, startOffset)
    this.#context.shared.count -= before - this.inFlightCount
  }
}

/** An `acquire` under way. */
interface Taking {
  readonly asked: AcquireAsked
  readonly settings: ShareSettings
  readonly lock: RecordLock
  /** Milliseconds since the Unix epoch. */
  readonly now: number
  readonly ranges: AcquiredRange[]
  count: number
  /** How many records may come, once one has failed often. */
  countMax: number
}
