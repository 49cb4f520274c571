// A partition as a share group sees it (KIP-932): a cursor in its log, whose acked offsets are the records
// that the group is done with, and which of the others members have.
//
// Invariant: an offset from the cursor's floor to `#next` is acked, acquired (a member has it), returned
// (available again), held (its time has not come, or has come and nobody has got it yet) or dying (on its
// way to the dead letters), and only one of these. Nobody has looked at what is at or above `#next` in this
// process. How often a record came back is a note of the cursor.
import type { Clock } from '../../lib/clock.ts'
import { brokerLimits } from '../../limits/broker.ts'
import { shareLimits } from '../../limits/share.ts'
import type { LogCursor } from '../../log/log-cursor.ts'
import type { LogStore } from '../../log/log-store.ts'
import type { Ticket } from '../../log/ticket.ts'
import type { DeliveryFacts } from '../../record/batch/delivery-facts.ts'
import type { Partition } from '../topic/partition.ts'
import { AcquiredRecords } from './acquired-records.ts'
import { chooseByPriority, type Choosable } from './choose-by-priority.ts'
import type { DeadRecords, ShareDeath } from './dead-records.ts'
import { HeldRecords } from './held-records.ts'
import { LeveledOffsets } from './leveled-offsets.ts'
import type { AcquireAsked, AcquiredRange, BatchSpan, ReadSpans, Taking } from './share-reading.ts'
import type { ShareSettings } from './share-settings.ts'

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
  /** Offsets below `#next` that are available again. */
  readonly #returned = new LeveledOffsets()
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

  /** Records whose time has not come. */
  get delayedCount(): number {
    return this.#held.size - this.#held.readyCount
  }

  get store(): LogStore {
    return this.#context.store
  }

  /** Records on their way to the dead letters. */
  get dyingCount(): number {
    return this.#dying.size
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** The record below `end` that a member may have next; -1 when there is none now. */
  nextAvailable(end: number): number {
    this.#passStart()
    const settings = this.#context.settings()
    const returned = this.#firstReturned()
    const ready = this.#mayAcquireNew(settings) ? this.#firstReady() : -1
    const isFirst = this.#returned.levelOf(returned) >= this.#held.levelOf(ready)
    if (returned >= 0 && (ready < 0 || settings.priorityMax === 0 || isFirst)) return returned
    if (ready >= 0) return ready
    return settings.priorityMax > 0 ? -1 : this.#nextNew(end, settings)
  }

  /** Where to look at records before any are handed out, for their priorities; -1: enough are known. */
  lookFrom(end: number): number {
    this.#passStart()
    const settings = this.#context.settings()
    if (settings.priorityMax === 0 || !this.#hasWindow()) return -1
    return this.#nextNew(end, settings)
  }

  /** Takes note of the priorities of records that nobody has had. */
  look({ from, spans }: ReadSpans): void {
    if (this.#isClosed) return
    this.#passStart()
    const now = this.#context.clock.now()
    const { priorityMax } = this.#context.settings()
    let at = from
    // Records may be too old.
    this.#context.store.beginAtom()
    for (const span of spans) {
      if (span.last < at) continue
      this.#archiveUnread(at, span.isHidden ? span.last : span.first - 1)
      if (!span.isHidden && !this.#lookAt(span, { now, priorityMax })) break
      at = span.last + 1
    }
    this.#context.store.endAtom()
  }

  /** Hands records out. What is available between batches has no records and is done with. */
  acquire({ from, spans }: ReadSpans, asked: AcquireAsked): AcquiredRange[] {
    if (this.#isClosed) return []
    this.#passStart()
    const { store, clock } = this.#context
    const settings = this.#context.settings()
    const lock = this.acquired.lock(asked.memberId, settings.recordLockMs)
    const now = clock.now()
    const wanted =
      settings.priorityMax > 0 ? this.#choose({ from, spans }, asked, settings) : undefined
    const started = { ranges: [], count: 0, countMax: Infinity }
    const taking: Taking = { asked, settings, lock, now, wanted, ...started }
    let at = Math.max(from, this.cursor.floor)
    // With priorities what nobody has looked at is not passed.
    const end = wanted === undefined ? Infinity : this.#next
    // Records may be too old.
    const mayExpire = spans.some(({ facts }) => facts !== undefined)
    if (mayExpire) store.beginAtom()
    for (const span of spans) {
      const { first, last, isHidden } = span
      if (last < at) continue
      if (at >= end) break
      this.#archiveUnread(at, Math.min(isHidden ? last : first - 1, end - 1))
      if (!isHidden) {
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
    const { deliveryCount, level } = record
    if (deliveryCount >= deliveriesMax) {
      this.die(offset, 'delivery_limit')
      return
    }
    this.acquired.delete(offset)
    this.cursor.note(offset, { count: deliveryCount, readyAt: 0 })
    this.#returned.add(offset, level)
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

  /** An earlier process has begun to send these to the dead letters. */
  restoreDying(offsets: readonly number[]): void {
    const dying = offsets.filter((offset) => !this.cursor.acked.isAcked(offset))
    for (const offset of dying) this.#dying.add(offset)
    this.#context.shared.count += dying.length
    this.#deadRecords ??= this.#context.deadRecords(this)
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

  /** Whether more records may be looked at ahead of their delivery. */
  #hasWindow(): boolean {
    return this.#held.readyCount < brokerLimits.priorityAheadMax
  }

  #nextNew(end: number, settings: ShareSettings): number {
    if (!this.#mayAcquireNew(settings) || !this.#mayHold()) return -1
    for (;;) {
      const next = this.cursor.acked.nextUnacked(this.#next)
      if (next >= end) return -1
      if (!this.#dying.has(next)) return next
      // From an earlier process.
      this.#next = next + 1
    }
  }

  /** Of those whose time has come. */
  #firstReady(): number {
    for (;;) {
      const offset = this.#held.firstReady()
      // The group has passed it meanwhile.
      if (offset < 0 || !this.cursor.acked.isAcked(offset)) return offset
      this.#held.takeReady(offset)
    }
  }

  #firstReturned(): number {
    for (;;) {
      const offset = this.#returned.first()
      // The group has passed it meanwhile.
      if (offset < 0 || !this.cursor.acked.isAcked(offset)) return offset
      this.#forgetReturned(offset)
    }
  }

  #forgetReturned(offset: number): void {
    if (this.#returned.delete(offset)) this.#context.shared.count--
  }

  #isAvailable(offset: number): boolean {
    if (this.cursor.acked.isAcked(offset) || this.#dying.has(offset)) return false
    return this.#isNew(offset) || this.#returned.has(offset)
  }

  #mayTake(offset: number, { wanted }: Taking): boolean {
    return wanted?.has(offset) !== false && this.#isAvailable(offset)
  }

  /** Nobody has had it in this process, and somebody may. */
  #isNew(offset: number): boolean {
    return offset >= this.#next || this.#held.isReady(offset)
  }

  /** False: no more can be looked at. Within an atom. */
  #lookAt(
    { first, last, facts }: BatchSpan,
    { now, priorityMax }: { readonly now: number; readonly priorityMax: number },
  ): boolean {
    for (let offset = Math.max(first, this.#next); offset <= last; offset++) {
      if (this.cursor.acked.isAcked(offset) || this.#dying.has(offset)) continue
      if (!this.#hasWindow() || !this.#mayHold()) return false
      const said = facts?.get(offset)
      const isPassed = said !== undefined && this.#pass(said, now)
      if (isPassed === 'full') return false
      if (isPassed) continue
      this.#held.addReady(offset, Math.min(said?.priority ?? 0, priorityMax))
      this.#next = offset + 1
    }
    return true
  }

  /** What a member gets of the records that were read. */
  #choose(
    { from, spans }: ReadSpans,
    { recordsMax: countMax }: AcquireAsked,
    settings: ShareSettings,
  ): ReadonlySet<number> {
    const records: Choosable[] = []
    for (const { first, last } of spans) {
      const end = Math.min(last + 1, this.#next)
      for (let offset = Math.max(first, from); offset < end; offset++) {
        if (!this.#isAvailable(offset)) continue
        records.push({ offset, level: this.#levelOf(offset), isNew: this.#isNew(offset) })
      }
    }
    const hasRoom = this.#mayAcquireNew(settings)
    return chooseByPriority(records, {
      countMax,
      newMax: hasRoom ? settings.recordLocksMax - this.inFlightCount : 0,
      countAbove: (level) =>
        this.#returned.countAbove(level) + (hasRoom ? this.#held.countAbove(level) : 0),
    })
  }

  /** Takes what is available of a batch from `from` on; false when that is enough. */
  #takeFrom({ first, last, facts }: BatchSpan, from: number, taking: Taking): boolean {
    const { asked } = taking
    for (let offset = Math.max(first, from); offset <= last; offset++) {
      if (!this.#mayTake(offset, taking)) continue
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
  #pass({ offset, deliverAt, expiresAt, priority }: DeliveryFacts, now: number): boolean | 'full' {
    const { priorityMax } = this.#context.settings()
    if (deliverAt > now && offset >= this.#next) {
      if (!this.#mayHold()) return 'full'
      this.#held.hold(offset, { time: deliverAt, level: Math.min(priority, priorityMax) })
      this.#next = offset + 1
      return true
    }
    if (expiresAt > now) return false
    if (this.#isNew(offset) && !this.#mayAcquireNew(this.#context.settings())) return 'full'
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
    const isUnseen = offset >= this.#next
    const level = isUnseen ? 0 : this.#levelOf(offset)
    this.#begin(offset)
    this.acquired.set(offset, { lock, deliveryCount, level })
    taking.count++
    const open = ranges.at(-1)
    const isNext = open?.last === offset - 1 && open.deliveryCount === deliveryCount
    if (open === undefined || !isNext || offset - open.first >= asked.batchSize) {
      ranges.push({ first: offset, last: offset, deliveryCount })
    } else ranges[ranges.length - 1] = { ...open, last: offset }
  }

  #levelOf(offset: number): number {
    return Math.max(0, this.#held.levelOf(offset), this.#returned.levelOf(offset))
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
    for (const offset of this.#returned.offsets()) {
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
    this.#returned.deleteBelow(startOffset)
    for (const offset of this.#dying) if (offset < startOffset) this.#dying.delete(offset)
    this.#next = Math.max(this.#next, startOffset)
    this.#context.shared.count -= before - this.inFlightCount
  }
}
