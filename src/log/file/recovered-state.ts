// What the entries of commits add up to. All of it only grows (acked sets, ends, trims), so entries
// may be applied twice, and a checkpoint that was taken while others wrote is as good as a frozen one.
import { AckedOffsets } from '../acked-offsets.ts'
import type { TopologyEntry } from '../commit.ts'
import { type CursorNote, CursorNotes } from '../cursor-notes.ts'
import { countKept, keptFloor } from '../kept-offsets.ts'
import type { CheckpointBegin, CursorSnapshot, DecodedRun, LogSnapshot } from './commit-decoder.ts'
import type { KeyedState } from './keyed-state.ts'

/** A log as recovery knows it so far. */
export class RecoveredLog {
  readonly id: number
  startOffset = 0
  endOffset = 0
  /** Whether its creation or its snapshot was seen: only then it exists. */
  isKnown = false
  /** Known after `RecoveredState.assignCursors`. */
  readonly cursors: RecoveredCursor[] = []

  constructor(id: number) {
    this.id = id
  }

  /** Nothing below is kept. */
  get floor(): number {
    return this.cursors.length === 0 ? this.startOffset : keptFloor(this.cursors)
  }

  /** How many of first … last (inclusive) are kept. */
  keptIn(first: number, last: number): number {
    if (this.cursors.length > 0) return countKept(this.cursors, first, last)
    return Math.max(0, last - Math.max(first, this.startOffset) + 1)
  }
}

/** A cursor as recovery knows it so far. */
export class RecoveredCursor {
  readonly id: number
  readonly acked: AckedOffsets = new AckedOffsets()
  /** Unknown until its creation or its snapshot was seen. */
  logId: number | undefined
  deliveredMark = 0
  notes: CursorNotes | undefined
  /** Offsets are never used twice, so one that was acked is not free, also when its record is lost. */
  endOffset = 0

  constructor(id: number) {
    this.id = id
  }

  ack(first: number, last: number): void {
    this.acked.ackRange(first, last)
    this.notes?.deleteRange(first, last)
    if (last >= this.endOffset) this.endOffset = last + 1
  }
}

/** Feed it the entries of all commits, in order, from the begin of a complete checkpoint. */
export class RecoveredState {
  readonly logs: Map<number, RecoveredLog> = new Map()
  readonly keyed: KeyedState
  nextLogId = 1
  nextTopologySequence = 1
  nextAsideId = 1
  nextCursorId = 1
  /** Whether a checkpoint was seen from its begin to its end. */
  isCheckpointComplete = false
  /** The topology file must go at least so far: the last checkpoint repeats only later entries. */
  topologyNeeded = 0
  #checkpointId = 0
  readonly #keysSinceBegin = new Set<string>()
  /** A checkpoint repeats entries out of order. */
  readonly #topology = new Map<number, Buffer>()
  readonly #topologyAfter: number
  readonly #deleted = new Set<number>()
  readonly #cursors = new Map<number, RecoveredCursor>()
  readonly #deletedCursors = new Set<number>()

  /** `topologyAfter` is the last entry that the topology file has; only later ones are kept. */
  constructor(topologyAfter: number, keyed: KeyedState) {
    this.#topologyAfter = topologyAfter
    this.nextTopologySequence = topologyAfter + 1
    this.keyed = keyed
  }

  /** Later topology entries, in order, once everything was applied. */
  topology(): TopologyEntry[] {
    const entries = Array.from(this.#topology, ([sequence, bytes]) => ({ sequence, bytes }))
    return entries.toSorted((a, b) => a.sequence - b.sequence)
  }

  /** A file has records of that log below `endOffset`, whether or not the log exists. */
  noteEnd(logId: number, endOffset: number): void {
    const log = this.#logAt(logId)
    if (log !== undefined) log.endOffset = Math.max(log.endOffset, endOffset)
  }

  /** After a repair: every log that anything is known of and that was not deleted exists. */
  trustAllLogs(): void {
    for (const log of this.logs.values()) {
      log.isKnown = true
      this.nextLogId = Math.max(this.nextLogId, log.id + 1)
    }
  }

  onRun(run: DecodedRun): void {
    const log = this.#logAt(run.logId)
    if (log !== undefined && run.lastOffset >= log.endOffset) log.endOffset = run.lastOffset + 1
  }

  onDelta(cursorId: number, deliveredMark: number, ranges: readonly number[]): void {
    const cursor = this.#cursorAt(cursorId)
    if (cursor === undefined) return
    if (deliveredMark > cursor.deliveredMark) cursor.deliveredMark = deliveredMark
    for (let at = 0; at < ranges.length; at += 2) {
      cursor.ack(ranges[at]!, ranges[at + 1]!)
    }
  }

  onSnapshot(logId: number, snapshot: LogSnapshot): void {
    const log = this.#logAt(logId)
    if (log === undefined) return
    log.isKnown = true
    log.startOffset = Math.max(log.startOffset, snapshot.startOffset)
    log.endOffset = Math.max(log.endOffset, snapshot.endOffset)
  }

  onCursor(cursorId: number, { logId, floor, deliveredMark }: CursorSnapshot): void {
    const cursor = this.#cursorAt(cursorId)
    if (cursor === undefined) return
    cursor.logId = logId
    cursor.acked.forgetBelow(floor)
    cursor.notes?.deleteRange(0, floor - 1)
    // The mark may have been lowered to what was really delivered (a clean close).
    cursor.deliveredMark = deliveredMark
    this.nextCursorId = Math.max(this.nextCursorId, cursorId + 1)
  }

  onAckedRange(cursorId: number, first: number, last: number): void {
    this.#cursorAt(cursorId)?.ack(first, last)
  }

  onNote(cursorId: number, offset: number, note: CursorNote): void {
    const cursor = this.#cursorAt(cursorId)
    // A checkpoint repeats it, and what was acked since is still acked.
    if (cursor === undefined || cursor.acked.isAcked(offset)) return
    cursor.notes ??= new CursorNotes()
    cursor.notes.set(offset, note)
  }

  onTrim(logId: number, offset: number): void {
    const log = this.#logAt(logId)
    if (log === undefined) return
    log.startOffset = Math.max(log.startOffset, offset)
  }

  onCreated(logId: number): void {
    const log = this.#logAt(logId)
    if (log !== undefined) log.isKnown = true
    this.nextLogId = Math.max(this.nextLogId, logId + 1)
  }

  onDeleted(logId: number): void {
    this.logs.delete(logId)
    this.#deleted.add(logId)
  }

  onCursorDeleted(cursorId: number): void {
    this.#cursors.delete(cursorId)
    this.#deletedCursors.add(cursorId)
  }

  onTopology(sequence: number, bytes: Buffer): void {
    this.nextTopologySequence = Math.max(this.nextTopologySequence, sequence + 1)
    if (sequence <= this.#topologyAfter || this.#topology.has(sequence)) return
    this.#topology.set(sequence, Buffer.from(bytes))
  }

  onState(key: string, value: Buffer | undefined): void {
    this.keyed.set(key, value)
    this.#keysSinceBegin.add(key)
  }

  onCheckpointBegin(begin: CheckpointBegin): void {
    this.#checkpointId = begin.id
    this.#keysSinceBegin.clear()
    this.nextLogId = Math.max(this.nextLogId, begin.nextLogId)
    this.nextTopologySequence = Math.max(this.nextTopologySequence, begin.nextTopologySequence)
    this.nextAsideId = Math.max(this.nextAsideId, begin.nextAsideId)
    this.nextCursorId = Math.max(this.nextCursorId, begin.nextCursorId)
  }

  onCheckpointEnd(id: number, topologyThrough: number): void {
    if (id !== this.#checkpointId) return
    this.isCheckpointComplete = true
    this.topologyNeeded = topologyThrough
    // A key that it does not name was forgotten in a file that may be gone.
    for (const [key] of this.keyed) {
      if (!this.#keysSinceBegin.has(key)) this.keyed.set(key, undefined)
    }
  }

  onAside(asideId: number): void {
    this.nextAsideId = Math.max(this.nextAsideId, asideId + 1)
  }

  /** Gives each cursor to its log, once everything was applied. One of a log that is gone is gone too. */
  assignCursors(): void {
    for (const cursor of this.#cursors.values()) {
      const log = cursor.logId === undefined ? undefined : this.logs.get(cursor.logId)
      if (log === undefined) continue
      cursor.acked.forgetBelow(log.startOffset)
      cursor.notes?.deleteRange(0, log.startOffset - 1)
      log.endOffset = Math.max(log.endOffset, cursor.endOffset, cursor.acked.floor)
      log.cursors.push(cursor)
    }
    this.#cursors.clear()
  }

  /** Undefined for a deleted cursor: its id is never used again. */
  #cursorAt(cursorId: number): RecoveredCursor | undefined {
    let cursor = this.#cursors.get(cursorId)
    if (cursor === undefined && !this.#deletedCursors.has(cursorId)) {
      cursor = new RecoveredCursor(cursorId)
      this.#cursors.set(cursorId, cursor)
    }
    return cursor
  }

  /** Undefined for a deleted log: its id is never used again. */
  #logAt(logId: number): RecoveredLog | undefined {
    let log = this.logs.get(logId)
    if (log === undefined && !this.#deleted.has(logId)) {
      log = new RecoveredLog(logId)
      this.logs.set(logId, log)
    }
    return log
  }
}
