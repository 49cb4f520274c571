// Messages on their way to one partition that another cell leads: a log of their own, whose offsets are their numbers.
// What the leader has made durable is acked and gives its space back.
import type { LogCursor } from '../../log/log-cursor.ts'
import type { LogStore } from '../../log/log-store.ts'
import type { Log, LogWatcher } from '../../log/log.ts'
import { fromPortable, joinPortable } from '../../log/portable-runs.ts'
import type { Run } from '../../log/run.ts'
import type { TransitRow } from '../../meta/topology-change.ts'
import { batchHeaderSize } from '../../record/batch/batch-header.ts'
import { recordFixedSize, recordSizeAt } from '../../record/message/message-record.ts'
import type { RecordSource } from '../../record/message/record-source.ts'
import type { SentPart } from './record-calls.ts'

export interface LanePlace {
  readonly topicId: string
  readonly number: number
  readonly cell: number
  /** Of the messages: no other lane ever has the same. */
  readonly sequence: string
  readonly cursor: LogCursor
}

export interface LaneOwner {
  readonly store: LogStore
  /** There is something to send. */
  onReady(lane: TransitLane): void
  /** So many bytes more, or less, are on their way. */
  onSize(change: number): void
}

/** Messages that a call brings. */
export interface Sending {
  readonly lane: TransitLane
  readonly part: SentPart
  readonly body: Buffer
  /** All messages below it that can be read are in it. */
  readonly end: number
}

export class TransitLane implements LogWatcher {
  readonly topicId: string
  readonly number: number
  readonly cell: number
  readonly sequence: string
  readonly cursor: LogCursor
  readonly log: Log
  readonly #owner: LaneOwner
  #size: number

  constructor(place: LanePlace, owner: LaneOwner) {
    this.topicId = place.topicId
    this.number = place.number
    this.cell = place.cell
    this.sequence = place.sequence
    this.cursor = place.cursor
    this.log = place.cursor.log
    this.log.watcher = this
    this.#owner = owner
    this.#size = this.isEmpty ? 0 : owner.store.sizeOf(this.log)
    owner.onSize(this.#size)
  }

  /** Bytes that are on their way. */
  get size(): number {
    return this.#size
  }

  /** The leader has all that came in. */
  get isEmpty(): boolean {
    return this.cursor.floor >= this.log.endOffset
  }

  /** Something can be sent. */
  get hasDurable(): boolean {
    return !this.log.isDeleted && this.cursor.floor < this.log.durableEnd
  }

  get row(): TransitRow {
    const { number, sequence, log, cursor } = this
    return { number, sequence, logId: log.id, cursorId: cursor.id }
  }

  /** Within an atom. */
  append(source: RecordSource, sharedPosition: number): void {
    this.log.append(source, sharedPosition)
    const { addressStart, addressEnd, headerStart, headerEnd, bodyStart, bodyEnd } = source
    const size = addressEnd - addressStart + (headerEnd - headerStart) + (bodyEnd - bodyStart)
    this.#change(recordFixedSize + size)
  }

  onDurable(): void {
    this.#owner.onReady(this)
  }

  /** What is to be sent next; undefined when there is nothing. */
  async take(sizeMax: number): Promise<Sending | undefined> {
    const { store } = this.#owner
    const { log, cursor, topicId, number } = this
    // Each store that is made of one backup gives out the same numbers for other messages.
    const sequence = `${this.sequence}.${store.copyId}`
    const first = cursor.floor
    if (!this.hasDurable) return undefined
    const { durableEnd } = log
    const runs = await store.readRuns(log, first, sizeMax)
    if (runs.length === 0) {
      // Lost with the disk, which was told.
      this.onSent(durableEnd)
      return undefined
    }
    try {
      const { bytes: body, end } = await joinPortable({ store, log }, runs, { first, sizeMax })
      return { lane: this, part: { topicId, number, sequence, size: body.length }, body, end }
    } finally {
      for (const run of runs) run.release()
    }
  }

  /** The leader has everything below `end` that there was; of that `body` was sent. */
  onSent(end: number, body?: Buffer): void {
    if (this.log.isDeleted) return
    const before = this.cursor.floor
    this.cursor.ackRange(before, Math.min(end, this.log.endOffset) - 1)
    if (this.isEmpty) this.#change(-this.#size)
    else if (body !== undefined) this.#change(-sizeBetween(fromPortable(body), before, end))
  }

  /** Its topic is gone. */
  forget(): void {
    this.#change(-this.#size)
  }

  #change(size: number): void {
    const change = Math.max(size, -this.#size)
    this.#size += change
    this.#owner.onSize(change)
  }
}

/** Bytes of the messages with numbers from `first` up to `end`. */
function sizeBetween(runs: readonly Run[], first: number, end: number): number {
  let size = 0
  for (const run of runs) {
    if (run.lastOffset < first || run.baseOffset >= end) continue
    for (let at = batchHeaderSize; at < run.size; at += recordSizeAt(run.buffer, at)) {
      size += recordSizeAt(run.buffer, at)
    }
  }
  return size
}
