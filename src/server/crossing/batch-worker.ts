// Decodes large batches beside the event loop: 32 KiB of zstd can hold 64 MiB, which takes a tenth of
// a second. One thread, started for the first such batch and ended when none came for a while; jobs
// are done one after the other, so what is decompressed at a time is bounded.
import { Worker } from 'node:worker_threads'
import { BrokerError } from '../../broker/broker-error.ts'
import { CodecError } from '../../codec/codec-error.ts'
import type { CheckedRecords, RecordRules } from '../../codec/kafka/check-records.ts'
import type { FoundRecord } from '../../codec/kafka/first-record-from.ts'
import type { Clock, Timer } from '../../lib/clock.ts'
import { limits } from '../../limits.ts'
import type { BatchJob, BatchResult } from './batch-thread.ts'

interface Waiting {
  readonly job: BatchJob
  readonly resolve: (result: BatchResult) => void
  readonly reject: (error: Error) => void
}

export class BatchWorker {
  readonly #clock: Clock
  #worker: Worker | undefined
  /** The first one is being done. */
  readonly #waiting: Waiting[] = []
  #idle: Timer | undefined
  #isClosed = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** As `checkBatchRecords` of the codec. Rejects with CodecError. */
  async check(batch: Buffer, rules: RecordRules): Promise<CheckedRecords> {
    const result = await this.#do({ kind: 'check', batch: copyOf(batch), rules })
    return (result as Extract<BatchResult, { kind: 'check' }>).checked
  }

  /** As `firstRecordFrom` of the codec. Rejects with CodecError. */
  async find(batch: Buffer, from: FoundRecord): Promise<FoundRecord | undefined> {
    const result = await this.#do({ kind: 'find', batch: copyOf(batch), from })
    return (result as Extract<BatchResult, { kind: 'find' }>).found
  }

  /** Gives up what is under way. */
  close(): void {
    this.#isClosed = true
    this.#stop()
    this.#giveUp(stopping())
  }

  async #do(job: BatchJob): Promise<BatchResult> {
    if (this.#isClosed) throw stopping()
    const result = await new Promise<BatchResult>((resolve, reject) => {
      this.#waiting.push({ job, resolve, reject })
      if (this.#waiting.length === 1) this.#sendFirst()
    })
    if (result.kind === 'undecodable') throw new CodecError(result.error, result.reason, 0)
    return result
  }

  #sendFirst(): void {
    const first = this.#waiting[0]
    if (first === undefined) {
      this.#idle = this.#clock.after(limits.batchThreadIdleMs, () => this.#stop())
      return
    }
    this.#idle?.stop()
    this.#worker ??= this.#start()
    this.#worker.postMessage(first.job, [first.job.batch.buffer as ArrayBuffer])
  }

  #start(): Worker {
    const worker = new Worker(threadFile())
    worker.unref()
    worker.on('message', (result: BatchResult) => {
      this.#waiting.shift()?.resolve(result)
      this.#sendFirst()
    })
    worker.on('error', (error) => {
      this.#worker = undefined
      // The next ones may be better: they get a thread of their own.
      this.#waiting.shift()?.reject(error instanceof Error ? error : new Error(String(error)))
      this.#sendFirst()
    })
    return worker
  }

  #stop(): void {
    this.#idle?.stop()
    void this.#worker?.terminate()
    this.#worker = undefined
  }

  #giveUp(error: Error): void {
    for (const { reject } of this.#waiting.splice(0)) reject(error)
  }
}

function stopping(): BrokerError {
  return new BrokerError('shutting_down', 'The broker stops')
}

/** A batch is part of a larger buffer, of which the thread is given nothing else. */
function copyOf(batch: Buffer): Uint8Array {
  return new Uint8Array(batch)
}

/** The thread's file: beside this one, source or built. */
function threadFile(): URL {
  const source = new URL('./batch-thread.ts', import.meta.url)
  if (import.meta.url.endsWith('.ts')) return source
  return new URL(source.href.replace(/\.ts$/, '.js'))
}
