// Repeats the state of all logs in the WAL, a slice with each commit, so that older files are not
// needed to know it. Fuzzy: between begin and end others go on writing, and recovery adds both up.
import { writeInt64 } from '../../lib/int64.ts'
import { chunkSize } from '../acked-chunk.ts'
import type { EncodedEntries } from '../commit.ts'
import type { Log } from '../log.ts'
import { EntryWriter } from './entry-writer.ts'
import { entryKind } from './file-format.ts'

/** The numbers that must never be given out twice. */
export interface NextIds {
  readonly nextLogId: number
  readonly nextTopologySequence: number
  readonly nextAsideId: number
}

/** What a checkpoint repeats. */
export interface CheckpointSource {
  readonly logs: Iterable<Log>
  /** The keyed state; changes while it is walked are in the commits that made them. */
  readonly states: Iterable<readonly [string, string]>
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
  readonly #ids: () => NextIds
  readonly #entries = new EntryWriter()
  readonly #id: number
  #hasBegun = false
  /** The log whose cursor is being written, and its chunks that are not written yet. */
  #log: Log | undefined
  #chunks: number[] = []
  /** The floor in the snapshot written last. */
  #floor = 0

  /** `source` may change while the checkpoint goes on. `id` is any number not used before. */
  constructor(id: number, source: CheckpointSource) {
    this.#id = id
    this.#logs = source.logs[Symbol.iterator]()
    this.#states = source.states[Symbol.iterator]()
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
    if (isEnd) entries.numbers(entryKind.end, this.#id)
    const bytes = Buffer.from(entries.bytes.subarray(0, entries.size))
    return { bytes, count: entries.count, isBegin, isEnd }
  }

  #begin(): void {
    this.#hasBegun = true
    const { nextLogId, nextTopologySequence, nextAsideId } = this.#ids()
    this.#entries.numbers(entryKind.begin, this.#id, nextLogId, nextTopologySequence, nextAsideId)
  }

  /** Writes one chunk, one log or one key; false when everything is written. */
  #writeNext(): boolean {
    const log = this.#log
    if (log !== undefined) {
      const chunkIndex = this.#chunks.pop()
      if (chunkIndex !== undefined) this.#writeChunk(log, chunkIndex)
      else this.#finishLog(log)
      return true
    }
    const next = this.#logs.next()
    if (next.done === true) return this.#writeState()
    this.#writeSnapshot(next.value)
    if (next.value.cursor.ackedAbove > 0) {
      this.#log = next.value
      this.#chunks = next.value.cursor.chunkIndexes()
    }
    return true
  }

  #writeState(): boolean {
    const next = this.#states.next()
    if (next.done === true) return false
    this.#entries.state(...next.value)
    return true
  }

  #writeSnapshot(log: Log): void {
    const { cursor, startOffset, endOffset, deliveredMark } = log
    this.#floor = cursor.floor
    this.#entries.numbers(
      entryKind.snapshot,
      log.id,
      cursor.floor,
      startOffset,
      endOffset,
      deliveredMark,
    )
  }

  /**
   * A floor that rose since the snapshot may have swallowed chunks that were not written yet, with
   * acks that no later delta repeats.
   */
  #finishLog(log: Log): void {
    this.#log = undefined
    if (log.cursor.floor > this.#floor && !log.isDeleted) this.#writeSnapshot(log)
  }

  #writeChunk(log: Log, chunkIndex: number): void {
    const chunk = log.cursor.findChunk(chunkIndex)
    if (chunk === undefined || log.isDeleted) return
    const base = chunkIndex * chunkSize
    const runs: number[] = []
    chunk.forEachRun((first, last) => runs.push(first, last))
    if (runs.length * 2 <= chunkSize / 8) {
      this.#entries.ackedRuns(log.id, base, runs)
      return
    }
    const at = this.#entries.begin(entryKind.ackedBits, 0, 24 + chunkSize / 8)
    const { bytes } = this.#entries
    writeInt64(bytes, at + 8, log.id)
    writeInt64(bytes, at + 16, base)
    bytes.fill(0, at + 24, at + 24 + chunkSize / 8)
    for (let index = 0; index < runs.length; index += 2) {
      setBits(bytes, at + 24, runs[index]!, runs[index + 1]!)
    }
  }
}

function setBits(bytes: Buffer, start: number, first: number, last: number): void {
  for (let bit = first; bit <= last; bit++) bytes[start + (bit >>> 3)]! |= 1 << (bit & 7)
}
