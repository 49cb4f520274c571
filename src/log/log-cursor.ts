// A reader's place in a log: the offsets it has acked, in any order, and how far deliveries may have
// gone. A log has any number of cursors; what all of them have acked is not kept any more.
import type { AckedOffsets } from './acked-offsets.ts'
import type { CursorDelta } from './cursor-delta.ts'
import { type CursorNote, CursorNotes } from './cursor-notes.ts'
import type { Acking } from './kept-offsets.ts'
import type { Log } from './log.ts'
import type { Ticket } from './ticket.ts'

/** What a cursor needs from its engine. */
export interface CursorEngine {
  /** The commit that takes what is acked now, within an atom or not. */
  commitForAck(): Ticket & { deltaOf(cursor: LogCursor): CursorDelta }
  /** Something changed in the open commit, which must be committed at the end of this turn. */
  onChanged(): void
}

export class LogCursor implements Acking {
  /** Never reused. */
  readonly id: number
  readonly log: Log
  readonly acked: AckedOffsets
  /** Where it was created: everything below counted as acked. */
  readonly firstOffset: number
  /** Everything at or above was never delivered to a consumer. */
  deliveredMark = 0
  /** The same, as far as it is durable. */
  durableDeliveredMark = 0
  /** Made when something is noted, as most cursors never need it. */
  notes: CursorNotes | undefined
  isDeleted = false
  /** Whoever reads it passes over what it is not to have, and decides itself what that is. */
  isSelective = false
  readonly #engine: CursorEngine

  /** Stores only: `LogStore.createCursor` makes one, and recovery. From now on its log keeps what it needs. */
  constructor(id: number, log: Log, acked: AckedOffsets, engine: CursorEngine) {
    this.id = id
    this.log = log
    this.acked = acked
    this.firstOffset = acked.floor
    this.#engine = engine
    log.cursors.push(this)
  }

  /** Every offset below this one is acked; this one is not. */
  get floor(): number {
    return this.acked.floor
  }

  /** How many records that it has not acked can be had, if every offset given out has one. */
  get unackedCount(): number {
    const { acked, log } = this
    const last = log.endOffset - 1
    return acked.unackedIn(acked.floor, last) - this.#lostIn(acked.floor, last)
  }

  /** Acks one offset; false when it was acked before. Durable with the open commit. */
  ack(offset: number): boolean {
    if (!this.acked.ack(offset)) return false
    if (!this.log.isVolatile) this.#delta().ack(offset)
    this.notes?.delete(offset)
    this.log.onAcked()
    return true
  }

  /** Acks first … last (inclusive); returns how many were not acked before. */
  ackRange(first: number, last: number): number {
    if (last < first) return 0
    const count = this.acked.ackRange(first, last)
    if (count > 0) {
      if (!this.log.isVolatile) this.#delta().ackRange(first, last)
      this.notes?.deleteRange(first, last)
      this.log.onAcked()
    }
    return count
  }

  /** Acks first … last, which nobody can read; returns how many of them counted as unacked. */
  skipRange(first: number, last: number): number {
    const lostCount = this.#lostIn(first, last)
    return this.ackRange(first, last) - lostCount
  }

  /** Says that deliveries may now reach up to `offset`; durable with the open commit. */
  raiseDeliveredMark(offset: number): Ticket | undefined {
    if (offset <= this.deliveredMark) return undefined
    this.deliveredMark = offset
    if (this.log.isVolatile) {
      this.durableDeliveredMark = offset
      return undefined
    }
    const commit = this.#engine.commitForAck()
    this.#engine.onChanged()
    commit.deltaOf(this).deliveredMark = offset
    return commit
  }

  /** Nothing below `offset` is asked for any more: it counts as acked, for recovery and trims without being written. */
  forgetBelow(offset: number): void {
    this.acked.forgetBelow(offset)
    this.notes?.deleteRange(0, offset - 1)
  }

  /** Notes something about an offset that is not acked; the last note counts. Durable with the open commit. */
  note(offset: number, note: CursorNote): void {
    this.notes ??= new CursorNotes()
    this.notes.set(offset, note)
    if (!this.log.isVolatile) this.#delta().note(offset, note)
  }

  #lostIn(first: number, last: number): number {
    let count = 0
    for (const offset of this.log.lost) {
      if (offset >= first && offset <= last && !this.acked.isAcked(offset)) count++
    }
    return count
  }

  #delta(): CursorDelta {
    const commit = this.#engine.commitForAck()
    this.#engine.onChanged()
    return commit.deltaOf(this)
  }
}

/** All cursors of a log, in the order of their creation. */
export function cursorsOf(log: Log): LogCursor[] {
  return log.cursors.filter((cursor) => cursor instanceof LogCursor)
}

export function findCursor(log: Log, id: number): LogCursor | undefined {
  return cursorsOf(log).find((cursor) => cursor.id === id)
}

/** Stores only: takes a cursor from its log, which keeps what the others need. */
export function removeCursor(cursor: LogCursor): void {
  const { cursors } = cursor.log
  cursors.splice(cursors.indexOf(cursor), 1)
  cursor.isDeleted = true
  cursor.log.onAcked()
}
