// One pass of compaction over a partition: it notes the latest offset of each key in the part that is dirty, then
// says of all runs what stays. Rules: Kafka's LogCleaner, with the differences in docs/compaction.md.
//
// Invariant: a record goes only when a later one with its key was noted, when it is a tombstone whose time has
// come, or when its transaction was aborted. What cannot be decoded stays as it is.
import { recordLimits } from '../../limits/record.ts'
import {
  batchField,
  batchHeaderSize,
  batchMagic,
  batchSizeAt,
  type BatchHeader,
  readBatchHeader,
  recordsOf,
} from '../../record/batch/batch-header.ts'
import { decompress } from '../../record/batch/compression.ts'
import { keepRecords } from '../../record/batch/keep-records.ts'
import { RecordReader } from '../../record/batch/record-reader.ts'
import { CodecError } from '../../record/codec-error.ts'
import { recordSizeAt } from '../../record/message/message-record.ts'
import { KeyOffsets } from './key-offsets.ts'
import { isTombstoneAt, keyOfMessageAt, offsetOfMessageAt } from './message-at.ts'

/** A transaction that was aborted, in one partition: the offsets of its first and last record. */
export interface AbortedTransaction {
  readonly producerId: number
  readonly first: number
  readonly last: number
}

export interface PassOptions {
  /** Of the hashes of keys. */
  readonly seed: number
  /** Memory for keys. */
  readonly keysSizeMax: number
  readonly aborted: readonly AbortedTransaction[]
}

export interface CompactRules {
  /** Milliseconds since 1970. */
  readonly now: number
  /** How long tombstones stay once they are seen here. */
  readonly deleteRetentionMs: number
}

/** What becomes of a run. `flags`: a byte for each record tells. */
export const runAction = { whole: 0, gone: 1, batch: 2, flags: 3, flagsAndHorizon: 4 } as const

export interface CompactedPiece {
  /** One for each run. */
  readonly actions: Uint8Array
  /** What those say that take more than a byte, one after the other. */
  readonly bytes: Buffer
  /** When the first of the tombstones that stay may go, in milliseconds; Infinity for never. */
  readonly horizon: number
  readonly keptCount: number
  readonly goneCount: number
}

export class CompactionPass {
  readonly #keys: KeyOffsets
  /** By producer. */
  readonly #aborted: ReadonlyMap<number, readonly AbortedTransaction[]>
  readonly #reader = new RecordReader()
  /** Producers of transactions that have records left, and whose marker comes. */
  readonly #withRecords = new Set<number>()
  /** Of the piece under way. */
  #horizon = Infinity
  #keptCount = 0
  #goneCount = 0

  constructor({ seed, keysSizeMax, aborted }: PassOptions) {
    this.#keys = new KeyOffsets(seed, keysSizeMax)
    this.#aborted = Map.groupBy(aborted, ({ producerId }) => producerId)
  }

  get keyCount(): number {
    return this.#keys.count
  }

  /** Notes the keys of whole runs; returns how many of these runs there was room for. */
  note(runs: Buffer): number {
    let count = 0
    for (const run of split(runs)) {
      if (!this.#keys.makeRoom(run.readInt32BE(batchField.recordCount))) return count
      this.#unlessUndecodable(undefined, () => this.#noteRun(run))
      count++
    }
    return count
  }

  /** What becomes of runs, all of the partition in order. */
  compact(runs: Buffer, rules: CompactRules): CompactedPiece {
    this.#horizon = Infinity
    this.#keptCount = 0
    this.#goneCount = 0
    const actions: number[] = []
    const parts: Buffer[] = []
    for (const run of split(runs)) {
      const outcome = this.#compactRun(run, rules)
      if (outcome.part !== undefined) parts.push(outcome.part)
      actions.push(outcome.action)
    }
    return {
      actions: Uint8Array.from(actions),
      bytes: Buffer.concat(parts),
      horizon: this.#horizon,
      keptCount: this.#keptCount,
      goneCount: this.#goneCount,
    }
  }

  #noteRun(run: Buffer): void {
    if (run.readInt8(batchField.magic) === batchMagic.messages) {
      for (let at = batchHeaderSize; at < run.length; at += recordSizeAt(run, at)) {
        const key = keyOfMessageAt(run, at)
        if (key !== undefined) this.#keys.set(key, 0, key.length, offsetOfMessageAt(run, at))
      }
      return
    }
    const header = readBatchHeader(run)
    if (header.isControl || this.#isAborted(header)) return
    const reader = this.#open(header, run)
    while (reader.next()) {
      const { buffer, keyStart, keyEnd, offset } = reader
      if (keyStart >= 0) this.#keys.set(buffer, keyStart, keyEnd, offset)
    }
  }

  #compactRun(run: Buffer, rules: CompactRules): Outcome {
    if (run.readInt8(batchField.magic) === batchMagic.messages)
      return this.#compactMessages(run, rules)
    const header = readBatchHeader(run)
    if (header.isControl) return this.#compactMarker(run, header, rules)
    if (this.#isAborted(header)) {
      this.#goneCount += header.recordCount
      return gone
    }
    const outcome = this.#unlessUndecodable(whole, () => this.#compactBatch(run, header, rules))
    const isLeft = outcome !== gone && header.isTransactional
    if (isLeft) this.#withRecords.add(header.producerId)
    return outcome
  }

  #compactBatch(run: Buffer, header: BatchHeader, rules: CompactRules): Outcome {
    const horizonBefore = header.hasDeleteHorizon ? header.baseTimestamp : undefined
    const horizon = horizonBefore ?? rules.now + rules.deleteRetentionMs
    let keptCount = 0
    let hasTombstone = false
    const result = keepRecords(run, {
      sizeMax: recordLimits.decompressedSizeMax,
      keep: ({ buffer, keyStart, keyEnd, valueStart, offset }) => {
        const isKept = keyStart < 0 || this.#keys.get(buffer, keyStart, keyEnd) <= offset
        if (!isKept) return false
        if (keyStart >= 0 && valueStart < 0) {
          if (isPast(horizonBefore, rules)) return false
          hasTombstone = true
        }
        keptCount++
        return true
      },
      newDeleteHorizon: () => (hasTombstone && horizonBefore === undefined ? horizon : undefined),
    })
    this.#keptCount += keptCount
    this.#goneCount += header.recordCount - keptCount
    if (hasTombstone) this.#horizon = Math.min(this.#horizon, horizon)
    if (result === 'whole') return whole
    return result === 'gone' ? gone : { action: runAction.batch, part: result }
  }

  /**
   * The marker of a transaction that was committed goes when none of its records is left, after the time of
   * tombstones: until then a reader that has read some of them needs it. Those of aborted ones stay: readers
   * who were told of one wait for its marker.
   */
  #compactMarker(run: Buffer, header: BatchHeader, rules: CompactRules): Outcome {
    const hasRecords = this.#withRecords.delete(header.producerId)
    const isCommit = this.#unlessUndecodable(false, () => this.#isCommit(run, header))
    if (hasRecords || !isCommit) return whole
    if (header.hasDeleteHorizon) {
      if (isPast(header.baseTimestamp, rules)) return gone
      this.#horizon = Math.min(this.#horizon, header.baseTimestamp)
      return whole
    }
    const horizon = rules.now + rules.deleteRetentionMs
    this.#horizon = Math.min(this.#horizon, horizon)
    const sizeMax = recordLimits.decompressedSizeMax
    const result = keepRecords(run, {
      sizeMax,
      keep: () => true,
      newDeleteHorizon: () => horizon,
    })
    return typeof result === 'string' ? whole : { action: runAction.batch, part: result }
  }

  /** KIP-98: the key of a marker is its version and its type, 1 for a commit. */
  #isCommit(run: Buffer, header: BatchHeader): boolean {
    const reader = this.#open(header, run)
    if (!reader.next() || reader.keyEnd - reader.keyStart < 4) return false
    return reader.buffer.readInt16BE(reader.keyStart + 2) === 1
  }

  #compactMessages(run: Buffer, rules: CompactRules): Outcome {
    const seconds = run.readInt32BE(batchField.baseSequence)
    const horizonBefore = seconds < 0 ? undefined : seconds * 1000
    const { flags, keptCount, hasTombstone } = this.#flagMessages(run, isPast(horizonBefore, rules))
    this.#keptCount += keptCount
    this.#goneCount += flags.length - keptCount
    if (keptCount === 0) return gone
    const horizon = horizonBefore ?? rules.now + rules.deleteRetentionMs
    if (hasTombstone) this.#horizon = Math.min(this.#horizon, horizon)
    const isNew = hasTombstone && horizonBefore === undefined
    if (keptCount === flags.length && !isNew) return whole
    const action = isNew ? runAction.flagsAndHorizon : runAction.flags
    return { action, part: Buffer.from(flags) }
  }

  /** A byte for each message: 1 for one that stays. */
  #flagMessages(run: Buffer, areTombstonesOver: boolean): FlaggedMessages {
    const flags: number[] = []
    let keptCount = 0
    let hasTombstone = false
    for (let at = batchHeaderSize; at < run.length; at += recordSizeAt(run, at)) {
      const isDeleting = this.#isTombstone(run, at)
      const isKept = this.#isLatest(run, at) && !(isDeleting && areTombstonesOver)
      if (isKept) keptCount++
      hasTombstone ||= isKept && isDeleting
      flags.push(isKept ? 1 : 0)
    }
    return { flags, keptCount, hasTombstone }
  }

  #isLatest(run: Buffer, at: number): boolean {
    const key = keyOfMessageAt(run, at)
    return key === undefined || this.#keys.get(key, 0, key.length) <= offsetOfMessageAt(run, at)
  }

  #isTombstone(run: Buffer, at: number): boolean {
    return isTombstoneAt(run, at) && keyOfMessageAt(run, at) !== undefined
  }

  #open(header: BatchHeader, run: Buffer): RecordReader {
    if (header.compression === undefined) {
      throw new CodecError('syntax_error', 'the batch has an unknown compression', 0)
    }
    const sizeMax = recordLimits.decompressedSizeMax
    this.#reader.reset(header, decompress(header.compression, recordsOf(run), sizeMax))
    return this.#reader
  }

  #isAborted({ isTransactional, producerId, baseOffset }: BatchHeader): boolean {
    if (!isTransactional) return false
    const aborted = this.#aborted.get(producerId) ?? []
    return aborted.some(({ first, last }) => first <= baseOffset && baseOffset <= last)
  }

  #unlessUndecodable<T>(otherwise: T, work: () => T): T {
    try {
      return work()
    } catch (error) {
      if (!(error instanceof CodecError)) throw error
      return otherwise
    }
  }
}

interface FlaggedMessages {
  readonly flags: readonly number[]
  readonly keptCount: number
  readonly hasTombstone: boolean
}

interface Outcome {
  readonly action: number
  readonly part?: Buffer
}

const whole: Outcome = { action: runAction.whole }
const gone: Outcome = { action: runAction.gone }

function isPast(horizon: number | undefined, { now }: CompactRules): boolean {
  return horizon !== undefined && now > horizon
}

/** The runs in `bytes`, one after the other. */
function* split(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length;) {
    const size = batchSizeAt(bytes, at)
    yield bytes.subarray(at, at + size)
    at += size
  }
}
