// The program of the thread that decodes large batches (see batch-worker.ts), one job at a time.
import { parentPort } from 'node:worker_threads'
import { CodecError, type CodecErrorKind } from '../../codec/codec-error.ts'
import {
  checkBatchRecords,
  type CheckedRecords,
  type RecordRules,
} from '../../codec/kafka/check-records.ts'
import { firstRecordFrom, type FoundRecord } from '../../codec/kafka/first-record-from.ts'
import { limits } from '../../limits.ts'

/** What is to be done with a batch. */
export type BatchJob =
  | { readonly kind: 'check'; readonly batch: Uint8Array; readonly rules: RecordRules }
  | { readonly kind: 'find'; readonly batch: Uint8Array; readonly from: FoundRecord }

export type BatchResult =
  | { readonly kind: 'check'; readonly checked: CheckedRecords }
  | { readonly kind: 'find'; readonly found: FoundRecord | undefined }
  /** The batch cannot be decoded. */
  | { readonly kind: 'undecodable'; readonly error: CodecErrorKind; readonly reason: string }

function resultOf(job: BatchJob): BatchResult {
  const batch = Buffer.from(job.batch.buffer, job.batch.byteOffset, job.batch.byteLength)
  const sizeMax = limits.decompressedSizeMax
  try {
    return job.kind === 'check'
      ? { kind: 'check', checked: checkBatchRecords(batch, job.rules, sizeMax) }
      : { kind: 'find', found: firstRecordFrom(batch, job.from, { sizeMax }) }
  } catch (error) {
    if (!(error instanceof CodecError)) throw error
    return { kind: 'undecodable', error: error.kind, reason: error.message }
  }
}

parentPort?.on('message', (job: BatchJob) => parentPort?.postMessage(resultOf(job)))
