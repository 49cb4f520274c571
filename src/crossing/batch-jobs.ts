// What the thread that decodes large batches does with one job. It keeps the batches open that it
// converts in parts.
import { crossingLimits } from '../limits/crossing.ts'
import { recordLimits } from '../limits/record.ts'
import type { Run } from '../log/run.ts'
import {
  checkBatchRecords,
  type CheckedRecords,
  type RecordRules,
} from '../record/batch/check-records.ts'
import { deliveryFactsOf, type FoundFacts } from '../record/batch/delivery-facts.ts'
import { firstRecordFrom, type FoundRecord } from '../record/batch/first-record-from.ts'
import { CodecError, type CodecErrorKind } from '../record/codec-error.ts'
import {
  type CompactedPiece,
  CompactionPass,
  type CompactRules,
  type PassOptions,
} from './compaction/compaction-pass.ts'
import { filterBatch } from './filter-batch.ts'
import { OpenedBatches } from './opened-batches.ts'
import { partOf } from './to-message-run.ts'

/** What is to be done with a batch. Its bytes may be left out when the thread has it open. */
export type BatchJob =
  | { readonly kind: 'check'; readonly batch: Uint8Array; readonly rules: RecordRules }
  | { readonly kind: 'find'; readonly batch: Uint8Array; readonly from: FoundRecord }
  | {
      readonly kind: 'facts'
      readonly batch: Uint8Array
      readonly from: number
      readonly factsMax: number
    }
  | {
      readonly kind: 'convert'
      readonly name: string
      readonly batch: Uint8Array | undefined
      readonly offset: number
      readonly home: Uint8Array
    }
  | {
      readonly kind: 'filter'
      readonly name: string
      readonly batch: Uint8Array | undefined
      readonly offset: number
      /** A byte for each offset from there on: 0 to leave its record out. */
      readonly kept: Uint8Array
    }
  /** Runs of a partition one after the other, all whole. The first job of a pass begins it. */
  | {
      readonly kind: 'note'
      readonly pass: number
      readonly batch: Uint8Array
      readonly begin: PassOptions | undefined
    }
  | {
      readonly kind: 'compact'
      readonly pass: number
      readonly batch: Uint8Array
      readonly rules: CompactRules
    }

/** A run of messages on its way between threads. */
export interface SentRun {
  readonly baseOffset: number
  readonly lastOffset: number
  readonly baseTimestamp: number
  readonly maxTimestamp: number
  readonly recordCount: number
  readonly bytes: Uint8Array
}

export type BatchResult =
  | { readonly kind: 'check'; readonly checked: CheckedRecords }
  | { readonly kind: 'find'; readonly found: FoundRecord | undefined }
  | { readonly kind: 'facts'; readonly found: FoundFacts }
  | { readonly kind: 'convert'; readonly run: SentRun; readonly open: readonly string[] }
  | { readonly kind: 'filter'; readonly batch: Uint8Array; readonly open: readonly string[] }
  | { readonly kind: 'note'; readonly runCount: number; readonly keyCount: number }
  | { readonly kind: 'compact'; readonly piece: CompactedPiece }
  /** The thread that had the pass is gone. */
  | { readonly kind: 'lost' }
  /** The batch cannot be decoded. */
  | {
      readonly kind: 'undecodable'
      readonly error: CodecErrorKind
      readonly reason: string
      readonly open: readonly string[]
    }

/** Does jobs one after the other. */
export class BatchJobs {
  readonly #opened = new OpenedBatches()
  /** Of compaction: one at a time. */
  #pass: { readonly id: number; readonly pass: CompactionPass } | undefined

  /** A batch that cannot be decoded is a result, too. */
  perform(job: BatchJob): BatchResult {
    if (job.kind === 'note' || job.kind === 'compact') return this.#compact(job)
    try {
      return perform(job, this.#opened)
    } catch (error) {
      if (!(error instanceof CodecError)) throw error
      const open = this.#opened.names
      return { kind: 'undecodable', error: error.kind, reason: error.message, open }
    }
  }

  #compact(job: CompactionJob): BatchResult {
    const isBegun = job.kind === 'note' && job.begin !== undefined
    if (isBegun) this.#pass = { id: job.pass, pass: new CompactionPass(job.begin) }
    const pass = this.#pass?.id === job.pass ? this.#pass.pass : undefined
    if (pass === undefined) return { kind: 'lost' }
    const runs = Buffer.from(job.batch.buffer, job.batch.byteOffset, job.batch.length)
    if (job.kind === 'note') {
      const runCount = pass.note(runs)
      return { kind: 'note', runCount, keyCount: pass.keyCount }
    }
    return { kind: 'compact', piece: pass.compact(runs, job.rules) }
  }
}

type CompactionJob = Extract<BatchJob, { kind: 'note' | 'compact' }>

function perform(job: Exclude<BatchJob, CompactionJob>, opened: OpenedBatches): BatchResult {
  const batch = job.batch && Buffer.from(job.batch.buffer, job.batch.byteOffset, job.batch.length)
  const decompressedMax = recordLimits.decompressedSizeMax
  switch (job.kind) {
    case 'check': {
      const checked = checkBatchRecords(batch as Buffer, job.rules, {
        sizeMax: decompressedMax,
        workMax: Infinity,
      })
      return { kind: 'check', checked }
    }
    case 'find': {
      const found = firstRecordFrom(batch as Buffer, job.from, { sizeMax: decompressedMax })
      return { kind: 'find', found }
    }
    case 'facts': {
      const { from, factsMax } = job
      const bounds = { sizeMax: decompressedMax, workMax: Infinity }
      const found = deliveryFactsOf(batch as Buffer, { from, factsMax, ...bounds })
      return { kind: 'facts', found }
    }
    case 'convert': {
      const run = partOf(opened.open(job.name, batch), job.offset, Buffer.from(job.home))
      return { kind: 'convert', run: toSent(run), open: opened.names }
    }
    default: {
      const { offset, kept } = job
      const sizeMax = crossingLimits.crossedPartSizeMax
      const keep = (at: number): boolean => kept[at - offset] === 1
      const options = { offset, end: offset + kept.length, keep, sizeMax }
      const filtered = filterBatch(opened.open(job.name, batch), options)
      return { kind: 'filter', batch: new Uint8Array(filtered), open: opened.names }
    }
  }
}

function toSent(run: Run): SentRun {
  const { baseOffset, lastOffset, baseTimestamp, maxTimestamp, recordCount } = run
  const bytes = new Uint8Array(run.bytes())
  return { baseOffset, lastOffset, baseTimestamp, maxTimestamp, recordCount, bytes }
}
