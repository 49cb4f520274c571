// Decodes large batches beside the event loop: 32 KiB of zstd can hold 64 MiB, which takes a tenth of
// a second. One thread, started for the first such batch and ended when none came for a while; jobs
// are done one after the other, so what is decompressed at a time is bounded. The thread keeps the
// batches that it converts in parts open for the next part.
import type { Clock, Timer } from '../lib/clock.ts'
import { crossingLimits } from '../limits/crossing.ts'
import { Run } from '../log/run.ts'
import type { CheckedRecords, RecordRules } from '../record/batch/check-records.ts'
import type { FoundFacts } from '../record/batch/delivery-facts.ts'
import type { FoundRecord } from '../record/batch/first-record-from.ts'
import { CodecError } from '../record/codec-error.ts'
import type { BatchJob, BatchResult, SentRun } from './batch-jobs.ts'
import type { CompactedPiece, CompactRules, PassOptions } from './compaction/compaction-pass.ts'
import { PassTurns } from './compaction/pass-turns.ts'
import { type BatchThread, startBatchThread, type StartBatchThread } from './start-batch-thread.ts'
import { WorkerClosedError } from './worker-closed-error.ts'

/** A batch and a name that no other one has. */
export interface NamedBatch {
  readonly name: string
  readonly bytes: Buffer
}

interface Waiting {
  /** Without the batch. */
  readonly job: BatchJob
  readonly batch: Buffer
  readonly resolve: (result: BatchResult) => void
  readonly reject: (error: Error) => void
}

const notYet = new Uint8Array(0)

export class BatchWorker {
  /** Whoever compacts takes one for each pass. */
  readonly passes: PassTurns = new PassTurns()
  readonly #clock: Clock
  readonly #startThread: StartBatchThread
  #thread: BatchThread | undefined
  /** The first one is being done. */
  readonly #waiting: Waiting[] = []
  /** Names of the batches that the thread has open. */
  #open: readonly string[] = []
  #idle: Timer | undefined
  #isClosed = false

  constructor(clock: Clock, startThread: StartBatchThread = startBatchThread) {
    this.#clock = clock
    this.#startThread = startThread
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** As `checkBatchRecords` of the codec. Rejects with CodecError. */
  async check(batch: Buffer, rules: RecordRules): Promise<CheckedRecords> {
    const result = await this.#do({ kind: 'check', batch: notYet, rules }, batch)
    return (result as Extract<BatchResult, { kind: 'check' }>).checked
  }

  /** As `firstRecordFrom` of the codec. Rejects with CodecError. */
  async find(batch: Buffer, from: FoundRecord): Promise<FoundRecord | undefined> {
    const result = await this.#do({ kind: 'find', batch: notYet, from }, batch)
    return (result as Extract<BatchResult, { kind: 'find' }>).found
  }

  /** As `deliveryFactsOf` of the codec. Rejects with CodecError. */
  async facts(batch: Buffer, from: number, factsMax: number): Promise<FoundFacts> {
    const result = await this.#do({ kind: 'facts', batch: notYet, from, factsMax }, batch)
    return (result as Extract<BatchResult, { kind: 'facts' }>).found
  }

  /** The part of a batch from `offset` on that fits, as `toMessageRun` makes it. Rejects with CodecError. */
  async convert({ name, bytes }: NamedBatch, offset: number, home: Buffer): Promise<Run> {
    const result = await this.#do({ kind: 'convert', name, batch: undefined, offset, home }, bytes)
    return toRun((result as Extract<BatchResult, { kind: 'convert' }>).run)
  }

  /**
   * The part of a batch from `offset` on that `kept` tells about and that fits, as `filterBatch` makes
   * it. Rejects with CodecError.
   */
  async filter({ name, bytes }: NamedBatch, offset: number, kept: Uint8Array): Promise<Buffer> {
    const result = await this.#do({ kind: 'filter', name, batch: undefined, offset, kept }, bytes)
    const { batch } = result as Extract<BatchResult, { kind: 'filter' }>
    return Buffer.from(batch.buffer)
  }

  /**
   * Begins a pass of compaction, or goes on with it: see `CompactionPass.note`. Rejects when the thread is
   * not the one that began it, or the turn of the pass is over.
   */
  async note(
    pass: number,
    runs: Buffer,
    begin?: PassOptions,
  ): Promise<{ readonly runCount: number; readonly keyCount: number }> {
    const result = await this.#do({ kind: 'note', pass, batch: notYet, begin }, runs)
    return result as Extract<BatchResult, { kind: 'note' }>
  }

  /** See `CompactionPass.compact`. Rejects as `note`. */
  async compact(pass: number, runs: Buffer, rules: CompactRules): Promise<CompactedPiece> {
    const result = await this.#do({ kind: 'compact', pass, batch: notYet, rules }, runs)
    const { piece } = result as Extract<BatchResult, { kind: 'compact' }>
    const { buffer, byteOffset, length } = piece.bytes
    return { ...piece, bytes: Buffer.from(buffer, byteOffset, length) }
  }

  /** Gives up what is under way. */
  close(): void {
    this.#isClosed = true
    this.#stop()
    this.#giveUp(new WorkerClosedError())
  }

  async #do(job: BatchJob, batch: Buffer): Promise<BatchResult> {
    if (this.#isClosed) throw new WorkerClosedError()
    const result = await new Promise<BatchResult>((resolve, reject) => {
      this.#waiting.push({ job, batch, resolve, reject })
      if (this.#waiting.length === 1) this.#sendFirst()
    })
    if (result.kind === 'lost') throw new Error('the thread of the pass is gone')
    if (result.kind === 'undecodable') throw new CodecError(result.error, result.reason, 0)
    return result
  }

  #sendFirst(): void {
    const first = this.#waiting[0]
    this.#idle?.stop()
    if (first === undefined) {
      this.#idle = this.#clock.after(crossingLimits.batchThreadIdleMs, () => this.#stop())
      return
    }
    this.#thread ??= this.#start()
    const { job, batch } = first
    if ('name' in job && this.#open.includes(job.name)) this.#thread.post(job, [])
    else this.#sendPiece(first, new Uint8Array(batch.length), 0)
  }

  /** A batch is part of a larger buffer, of which the thread is given nothing else: a copy, in steps. */
  #sendPiece(first: Waiting, copy: Uint8Array<ArrayBuffer>, start: number): void {
    if (this.#waiting[0] !== first) return
    const end = Math.min(start + crossingLimits.copiedPerTurnMax, copy.length)
    copy.set(first.batch.subarray(start, end), start)
    if (end < copy.length) {
      this.#clock.atEndOfTurn(() => this.#sendPiece(first, copy, end))
      return
    }
    this.#thread ??= this.#start()
    this.#thread.post({ ...first.job, batch: copy }, [copy.buffer])
  }

  #start(): BatchThread {
    return this.#startThread({
      onResult: (result) => {
        if ('open' in result) this.#open = result.open
        this.#waiting.shift()?.resolve(result)
        this.#sendFirst()
      },
      onFailed: (error) => {
        this.#thread = undefined
        this.#open = []
        // The next ones may be better: they get a thread of their own.
        this.#waiting.shift()?.reject(error)
        this.#sendFirst()
      },
    })
  }

  #stop(): void {
    this.#idle?.stop()
    this.#thread?.terminate()
    this.#thread = undefined
    this.#open = []
  }

  #giveUp(error: Error): void {
    for (const { reject } of this.#waiting.splice(0)) reject(error)
  }
}

function toRun(sent: SentRun): Run {
  const run = new Run(sent.baseOffset, sent.baseTimestamp, 0)
  run.buffer = Buffer.from(sent.bytes.buffer)
  run.size = run.buffer.length
  run.lastOffset = sent.lastOffset
  run.maxTimestamp = sent.maxTimestamp
  run.recordCount = sent.recordCount
  return run
}
