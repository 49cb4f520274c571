// The one place where messages and Kafka batches become each other. Results are kept on their runs for
// the next reader, as many as fit a budget. What takes long is done beside the event loop, in parts.
import { crossingLimits } from '../limits/crossing.ts'
import { recordLimits } from '../limits/record.ts'
import type { Log } from '../log/log.ts'
import type { RunConverter } from '../log/run-converter.ts'
import { Run } from '../log/run.ts'
import { batchField } from '../record/batch/batch-header.ts'
import { CodecError } from '../record/codec-error.ts'
import type { BatchWorker, NamedBatch } from './batch-worker.ts'
import { CrossedRuns } from './crossed-runs.ts'
import { allKept, filterBatch } from './filter-batch.ts'
import { OpenedBatch } from './opened-batch.ts'
import { toKafkaBatch } from './to-kafka-batch.ts'
import { emptyRun, partOf, toMessageRun, wholeBatch } from './to-message-run.ts'

export interface CrossingOptions {
  /** Decodes large batches. */
  readonly worker: BatchWorker
  /** A Kafka batch cannot be decoded: its records are a gap to readers of messages. */
  readonly onUndecodable: (log: Log, batch: Run, error: Error) => void
}

type Keep = (offset: number) => boolean

export class Crossing implements RunConverter {
  /** Times that a batch could not be decoded. */
  undecodableCount = 0
  readonly #options: CrossingOptions
  readonly #kept = new CrossedRuns()
  /** Batches that turned out to be large only when they were decompressed. */
  readonly #large = new WeakSet<Run>()
  /** Parts that are being made, and who waits for them. */
  readonly #waiting = new Map<string, (() => void)[]>()

  constructor(options: CrossingOptions) {
    this.#options = options
  }

  /**
   * A durable run as one Kafka batch with the same base offset, last offset and leader epoch: a batch
   * as it came, messages uncompressed. Without the records whose offset `keep` refuses; it may have no
   * records then. Undefined when that takes longer, for messages because a large body is not in
   * memory: see `partToKafkaBatch`; for a batch because it is large: see `filterPart`.
   */
  toKafkaBatch(log: Log, run: Run, keep?: Keep): Buffer | undefined {
    if (run.isForeign) return keep === undefined ? run.bytes() : this.#filter(log, run, keep)
    if (keep === undefined && run.crossed !== undefined && run.crossed.size > 0) {
      return run.crossed.bytes()
    }
    const batch = toKafkaBatch(log, run, keep)
    if (keep === undefined && batch !== undefined) this.#kept.keep(run, Run.fromBytes(batch))
    return batch
  }

  /**
   * Part of a large batch, from `offset` on, as one Kafka batch without the records that `keep`
   * refuses. It stands for at least one offset.
   */
  async filterPart(log: Log, run: Run, offset: number, keep: Keep): Promise<Buffer> {
    const start = Math.max(offset, run.baseOffset)
    const count = Math.min(run.lastOffset + 1 - start, crossingLimits.filteredOffsetsMax)
    const kept = new Uint8Array(count)
    for (let at = 0; at < count; at++) kept[at] = keep(start + at) ? 1 : 0
    try {
      return await this.#options.worker.filter(nameOf(log, run), start, kept)
    } catch (error) {
      if (!(error instanceof CodecError)) throw error
      this.#report(log, run, error)
      return run.bytes()
    }
  }

  toMessages(log: Log, run: Run, offset: number): Run | undefined {
    if (log.hides?.(run) === true) return this.#keep(run, emptyRun(run, run.baseOffset))
    const part = this.#kept.findPart(log, offset)
    if (part !== undefined) {
      run.crossed = part
      this.#readAhead(log, run, part)
      return part
    }
    const messages = this.#atOnce(run, (batch) =>
      toMessageRun(batch, wholeBatch(batch, log.homeAddress)),
    )
    if (messages === undefined) return undefined
    if (messages instanceof Run) return this.#keep(run, messages)
    this.#report(log, run, messages)
    return this.#keep(run, emptyRun(run, run.baseOffset))
  }

  prepare(log: Log, run: Run, offset: number, done: () => void): void {
    const key = `${log.id}/${offset}`
    const waiting = this.#waiting.get(key)
    if (waiting !== undefined) {
      waiting.push(done)
      return
    }
    this.#waiting.set(key, [done])
    void this.#prepareNow(log, run, offset)
  }

  async #prepareNow(log: Log, run: Run, offset: number): Promise<void> {
    run.retain()
    const part = await this.#makePart(log, run, offset)
    run.release()
    const key = `${log.id}/${offset}`
    const waiting = this.#waiting.get(key) ?? []
    this.#waiting.delete(key)
    // The broker stops: whoever waits must not take it for an answer.
    if (part === undefined) return
    this.#kept.keepPart(log, part)
    run.crossed = part
    for (const done of waiting) done()
  }

  #keep(run: Run, messages: Run): Run {
    this.#kept.keep(run, messages)
    return messages
  }

  /** Who reads a part wants the next one soon. */
  #readAhead(log: Log, run: Run, part: Run): void {
    const offset = part.lastOffset + 1
    if (offset > run.lastOffset || this.#kept.findPart(log, offset) !== undefined) return
    if (!this.#waiting.has(`${log.id}/${offset}`)) this.prepare(log, run, offset, ignore)
  }

  async #makePart(log: Log, run: Run, offset: number): Promise<Run | undefined> {
    const { worker } = this.#options
    const batch = nameOf(log, run)
    const home = log.homeAddress
    try {
      return await worker.convert(batch, offset, home).catch((error: unknown) => {
        if (error instanceof CodecError || worker.isClosed) throw error
        // Nothing is wrong with the batch when the thread fails: late is better than lost.
        return partOf(new OpenedBatch(batch.bytes, recordLimits.decompressedSizeMax), offset, home)
      })
    } catch (error) {
      if (worker.isClosed) return undefined
      this.#report(log, run, error as Error)
      return emptyRun(run, offset)
    }
  }

  #filter(log: Log, run: Run, keep: Keep): Buffer | undefined {
    const filtered = this.#atOnce(run, (batch) => filterBatch(batch, allKept(batch, keep)))
    if (!(filtered instanceof Error)) return filtered
    // Its reader may know better.
    this.#report(log, run, filtered)
    return run.bytes()
  }

  /** What `work` makes of a batch, the error if it cannot be decoded, undefined when it is large. */
  #atOnce<T>(run: Run, work: (batch: OpenedBatch) => T): T | Error | undefined {
    const sizeMax = crossingLimits.decodedAtOnceSizeMax
    const workMax = crossingLimits.crossedAtOnceWorkMax
    if (run.size > sizeMax || run.recordCount > workMax || this.#large.has(run)) return undefined
    try {
      const batch = new OpenedBatch(run.bytes(), sizeMax)
      if (batch.work <= workMax) return work(batch)
    } catch (error) {
      const isTooLarge = error instanceof CodecError && error.kind === 'frame_error'
      if (!isTooLarge) return error as Error
    }
    this.#large.add(run)
    return undefined
  }

  #report(log: Log, batch: Run, error: Error): void {
    this.undecodableCount++
    this.#options.onUndecodable(log, batch, error)
  }
}

/** Nothing else was or will be at that offset of that log, but what compaction leaves of it. */
function nameOf({ id }: Log, run: Run): NamedBatch {
  const crc = run.buffer.readUInt32BE(batchField.crc)
  return { name: `${id}/${run.baseOffset}/${crc}`, bytes: run.bytes() }
}

function ignore(): void {}
