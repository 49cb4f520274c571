import { crossingLimits } from '../limits/crossing.ts'
import { recordOffsetAt, recordTimestampAt } from '../log/record.ts'
import type { Run } from '../log/run.ts'
import { batchHeaderSize } from '../record/batch/batch-header.ts'
import { firstRecordFrom, type FoundRecord } from '../record/batch/first-record-from.ts'
import { CodecError } from '../record/codec-error.ts'
import { recordSizeAt } from '../record/message/message-record.ts'
import type { BatchWorker } from './batch-worker.ts'

export interface FindOptions {
  readonly from: FoundRecord
  readonly isWanted: (offset: number) => boolean
  readonly worker: BatchWorker
}

/**
 * The first record of a run, messages or a batch, with at least this timestamp and offset that
 * `isWanted`. Undefined when there is none, or when the batch cannot be decoded.
 */
export async function findInRun(run: Run, options: FindOptions): Promise<FoundRecord | undefined> {
  if (!run.isForeign) return findMessage(run, options)
  try {
    return await findInBatch(run.bytes(), options)
  } catch (error) {
    if (error instanceof CodecError) return undefined
    throw error
  }
}

/** At once, or in the thread for large batches. Rejects with CodecError. */
async function findInBatch(batch: Buffer, options: FindOptions): Promise<FoundRecord | undefined> {
  const sizeMax = crossingLimits.decodedAtOnceSizeMax
  if (batch.length > sizeMax) return findElsewhere(batch, options)
  try {
    return firstRecordFrom(batch, options.from, { sizeMax, isWanted: options.isWanted })
  } catch (error) {
    const isTooLarge = error instanceof CodecError && error.kind === 'frame_error'
    if (!isTooLarge) throw error
    return findElsewhere(batch, options)
  }
}

/** Bodies do not matter: they may lie in files of their own. */
function findMessage(run: Run, { from, isWanted }: FindOptions): FoundRecord | undefined {
  for (let at = batchHeaderSize; at < run.size; at += recordSizeAt(run.buffer, at)) {
    const timestamp = recordTimestampAt(run, at)
    const offset = recordOffsetAt(run, at)
    const isLateEnough = timestamp >= from.timestamp && offset >= from.offset
    if (isLateEnough && isWanted(offset)) return { timestamp, offset }
  }
  return undefined
}

async function findElsewhere(
  batch: Buffer,
  { from, isWanted, worker }: FindOptions,
): Promise<FoundRecord | undefined> {
  let { offset } = from
  for (;;) {
    const found = await worker.find(batch, { timestamp: from.timestamp, offset })
    if (found === undefined || isWanted(found.offset)) return found
    offset = found.offset + 1
  }
}
