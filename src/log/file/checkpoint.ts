// Repeats the state of all logs in the WAL, a slice with each commit, so that older files are not
// needed to know it. Fuzzy: between begin and end others go on writing, and recovery adds both up.
import { writeInt64 } from '../../lib/int64.ts'
import { chunkSize } from '../acked-chunk.ts'
import type { EncodedEntries } from '../commit.ts'
import type { CursorNote } from '../cursor-notes.ts'
import { cursorsOf, type LogCursor } from '../log-cursor.ts'
import type { Log } from '../log.ts'
import { EntryWriter } from './entry-writer.ts'
import { entryKind } from './file-format.ts'

/** In one entry. */
const notesAtOnce = 1000

/** The numbers that must never be given out twice. */
export interface NextIds {
  readonly nextLogId: number
  readonly nextTopologySequence: number
  readonly nextAsideId: number
  readonly nextCursorId: number
}

/** What a checkpoint repeats. */
export interface CheckpointSource {
  readonly logs: Iterable<Log>
  /** The keyed state; changes while it is walked are in the commits that made them. */
  readonly states: Iterable<readonly [string, string]>
  readonly topology: {
    /** Entries up to this one need not be repeated. */
    readonly through: number
    /** All later ones; those that come while it is walked are in the commits that made them. */
    readonly tail: Iterable<EncodedEntries>
  }
  readonly ids: () => NextIds
}

/** What a slice did to the checkpoint. */
export interface CheckpointSlice extends EncodedEntries {
  readonly isBegin: boolean
  readonly isEnd: boolean
}

/** One checkpoint; make a new one for the next. */
export class Checkpoint {
  readonly #logs: Iterator<Log>
  readonly #states: Iterator<readonly [string, string]>
  readonly #topology: CheckpointSource['topology']
  readonly #tail: Iterator<EncodedEntries>
  readonly #ids: () => NextIds
  readonly #entries = new EntryWriter()
  readonly #id: number
  #hasBegun = false
  /** The cursors of the log written last that are not written yet. */
  #cursors: LogCursor[] = []
  /** The cursor that is being written, and its chunks that are not written yet. */
  #cursor: LogCursor | undefined
  #chunks: number[] = []
  /** Offsets of it that something is noted of, after its chunks. */
  #noted: Iterator<number> | undefined
  /** The floor in the snapshot written last. */
  #floor = 0

  /** `source` may change while the checkpoint goes on. `id` is any number not used before. */
  constructor(id: number, source: CheckpointSource) {
    this.#id = id
    this.#logs = source.logs[Symbol.iterator]()
    this.#states = source.states[Symbol.iterator]()
    this.#topology = source.topology
    this.#tail = source.topology.tail[Symbol.iterator]()
    this.#ids = source.ids
  }

  /**
   * The next slice, for a commit that is being sealed: memory must hold exactly what commits up to
   * that one contain. At most about `sizeMax` bytes.
   */
  next(sizeMax: number): CheckpointSlice {
    const entries = this.#entries
    entries.reset(0)
    const isBegin = !this.#hasBegun
    if (isBegin) this.#begin()
    let isEnd = false
    while (entries.size < sizeMax && !isEnd) isEnd = !this.#writeNext()
    if (isEnd) entries.numbers(entryKind.end, this.#id, this.#topology.through)
    const bytes = Buffer.from(entries.bytes.subarray(0, entries.size))
    return { bytes, count: entries.count, isBegin, isEnd }
  }

  #begin(): void {
    this.#hasBegun = true
    const { nextLogId, nextTopologySequence, nextAsideId, nextCursorId } = this.#ids()
    const next = [nextLogId, nextTopologySequence, nextAsideId, nextCursorId]
    this.#entries.numbers(entryKind.begin, this.#id, ...next)
  }

  /** Writes a chunk, a cursor, a log, a key or a piece of topology; false when all is written. */
  #writeNext(): boolean {
    if (this.#cursor !== undefined) {
      this.#writeMoreOf(this.#cursor)
      return true
    }
    const cursor = this.#cursors.pop()
    if (cursor !== undefined) {
      this.#beginCursor(cursor)
      return true
    }
    const next = this.#logs.next()
    if (next.done === true) return this.#writeState()
    const log = next.value
    const { id, startOffset, endOffset } = log
    this.#entries.numbers(entryKind.snapshot, id, startOffset, endOffset)
    this.#cursors = cursorsOf(log)
    return true
  }

  #beginCursor(cursor: LogCursor): void {
    if (isGone(cursor)) return
    this.#writeSnapshot(cursor)
    const hasNotes = cursor.notes !== undefined && cursor.notes.size > 0
    if (cursor.acked.ackedAbove === 0 && !hasNotes) return
    this.#cursor = cursor
    this.#chunks = cursor.acked.chunkIndexes()
    this.#noted = cursor.notes?.offsets()
  }

  #writeMoreOf(cursor: LogCursor): void {
    const chunkIndex = this.#chunks.pop()
    if (chunkIndex !== undefined) this.#writeChunk(cursor, chunkIndex)
    else if (!this.#writeNotes(cursor)) this.#finishCursor(cursor)
  }

  /** Writes some notes; false when there are no more. Those made meanwhile are in the commits that made them. */
  #writeNotes(cursor: LogCursor): boolean {
    const { notes } = cursor
    if (this.#noted === undefined || notes === undefined || isGone(cursor)) return false
    const some: [number, CursorNote][] = []
    while (some.length < notesAtOnce) {
      const next = this.#noted.next()
      if (next.done === true) break
      some.push([next.value, notes.get(next.value)])
    }
    if (some.length === 0) return false
    this.#entries.notes(cursor.id, some)
    return true
  }

  #writeState(): boolean {
    const next = this.#states.next()
    if (next.done === true) return this.#writeTopology()
    this.#entries.state(...next.value)
    return true
  }

  #writeTopology(): boolean {
    const next = this.#tail.next()
    if (next.done === true) return false
    this.#entries.raw(next.value)
    return true
  }

  #writeSnapshot({ id, log, floor, deliveredMark }: LogCursor): void {
    this.#floor = floor
    this.#entries.numbers(entryKind.cursor, id, log.id, floor, deliveredMark)
  }

  /**
   * A floor that rose since the snapshot may have swallowed chunks that were not written yet, with
   * acks that no later delta repeats.
   */
  #finishCursor(cursor: LogCursor): void {
    this.#cursor = undefined
    if (cursor.floor > this.#floor && !isGone(cursor)) this.#writeSnapshot(cursor)
  }

  #writeChunk(cursor: LogCursor, chunkIndex: number): void {
    const chunk = cursor.acked.findChunk(chunkIndex)
    if (chunk === undefined || isGone(cursor)) return
    const base = chunkIndex * chunkSize
    const runs: number[] = []
    chunk.forEachRun((first, last) => runs.push(first, last))
    if (runs.length * 2 <= chunkSize / 8) {
      this.#entries.ackedRuns(cursor.id, base, runs)
      return
    }
    const at = this.#entries.begin(entryKind.ackedBits, 0, 24 + chunkSize / 8)
    const { bytes } = this.#entries
    writeInt64(bytes, at + 8, cursor.id)
    writeInt64(bytes, at + 16, base)
    bytes.fill(0, at + 24, at + 24 + chunkSize / 8)
    for (let index = 0; index < runs.length; index += 2) {
      setBits(bytes, at + 24, runs[index]!, runs[index + 1]!)
    }
  }
}

/** Whether it or its log was deleted since its log was written. */
function isGone({ log, isDeleted }: LogCursor): boolean {
  return isDeleted || log.isDeleted
}

function setBits(bytes: Buffer, start: number, first: number, last: number): void {
  for (let bit = first; bit <= last; bit++) bytes[start + (bit >>> 3)]! |= 1 << (bit & 7)
}
