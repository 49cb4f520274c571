// Record batches of another broker come into a partition with the offsets that they have there, so offsets that
// groups have committed there mean the same here. Where the other one has no records any more, or none for
// readers (compaction, transactions), an empty batch stands for the offsets, as compaction leaves it in Kafka.
import type { Clock } from '../../lib/clock.ts'
import { moveLimits } from '../../limits/move.ts'
import type { Ticket } from '../../log/ticket.ts'
import {
  batchHeaderSize,
  batchSizeAt,
  crcOfBatchInSteps,
  batchField,
  readBatchHeader,
  writeBatchHeader,
} from '../../record/batch/batch-header.ts'
import { CodecError } from '../../record/codec-error.ts'
import { BrokerError } from '../broker-error.ts'
import type { Partition } from '../topic/partition.ts'

export interface CopiedBatches {
  /** Where the partition ends, as the mover knows it. */
  readonly from: number
  /** Where it is to end: nothing follows the last batch below. */
  readonly to: number
  /** Whole batches one after the other, without transactions and producers. */
  readonly batches: Buffer
}

interface Parts {
  readonly batches: readonly Buffer[]
  readonly recordCount: number
}

/** An empty batch stands for at most so many offsets: its header has 31 bits for them. */
const gapMax = 2 ** 31 - 1

/**
 * Appends batches as one atom. Rejects with BrokerError `precondition_failed` when the partition does not end at
 * `from` or has records of others, `corrupt_batch` and `invalid_record` for batches that are not as they must be.
 */
export async function copyBatches(
  partition: Partition,
  asked: CopiedBatches,
  clock: Clock,
): Promise<Ticket | undefined> {
  const { batches, recordCount } = await splitBatches(asked, clock)
  // After the last wait: somebody may have produced meanwhile.
  expectCopy(partition, asked.from)
  return partition.copy(batches, { count: recordCount, size: asked.batches.length })
}

/** Throws when what the partition has is not what was copied so far. */
export function expectCopy({ log, copiedEnd, isGone, remote }: Partition, from: number): void {
  if (isGone) throw new BrokerError('precondition_failed', 'the topic was deleted')
  if (remote !== undefined) {
    throw new BrokerError(
      'precondition_failed',
      'another cell of the cluster leads this partition: copy into a topic that the move makes itself, which is not spread',
    )
  }
  if (log.endOffset !== copiedEnd) {
    throw new BrokerError(
      'precondition_failed',
      'it has records of others: offsets can only be kept in a topic that nobody else writes to',
    )
  }
  if (log.endOffset === from) return
  const text = `it ends at offset ${log.endOffset}, not at ${from}: something else copies into it`
  throw new BrokerError('precondition_failed', text)
}

/** The batches, with an empty one for each gap from `from` to `to`. */
async function splitBatches({ from, to, batches }: CopiedBatches, clock: Clock): Promise<Parts> {
  const parts: Buffer[] = []
  let recordCount = 0
  let end = from
  for (let at = 0; at < batches.length;) {
    const batch = batchAt(batches, at)
    at += batch.length
    const { baseOffset, lastOffsetDelta, recordCount: count } = await checkBatch(batch, clock)
    parts.push(...gap(end, baseOffset), batch)
    end = baseOffset + lastOffsetDelta + 1
    recordCount += count
  }
  parts.push(...gap(end, to))
  return { batches: parts, recordCount }
}

function batchAt(bytes: Buffer, at: number): Buffer {
  const size = bytes.length - at < batchHeaderSize ? Infinity : batchSizeAt(bytes, at)
  if (size >= batchHeaderSize && at + size <= bytes.length) return bytes.subarray(at, at + size)
  throw refuse('a batch is cut off')
}

async function checkBatch(
  batch: Buffer,
  clock: Clock,
): Promise<ReturnType<typeof readBatchHeader>> {
  const header = headerOf(batch)
  if ((await crcOfBatchInSteps(batch, clock)) !== batch.readUInt32BE(batchField.crc)) {
    throw new BrokerError('corrupt_batch', 'Record is corrupt: its checksum does not match')
  }
  const { isControl, isTransactional, producerId, lastOffsetDelta, recordCount } = header
  if (isControl || isTransactional || producerId >= 0) {
    throw refuse('a copied batch has no producer and no transaction')
  }
  if (lastOffsetDelta < 0 || recordCount < 0 || recordCount > lastOffsetDelta + 1) {
    throw refuse(`a batch of ${recordCount} records cannot have ${lastOffsetDelta + 1} offsets`)
  }
  return header
}

function headerOf(batch: Buffer): ReturnType<typeof readBatchHeader> {
  try {
    return readBatchHeader(batch)
  } catch (error) {
    throw error instanceof CodecError ? refuse(error.message) : error
  }
}

function gap(from: number, to: number): Buffer[] {
  if (!Number.isSafeInteger(to) || to < from) {
    throw refuse(`offset ${to} comes after offset ${from}: a log only goes on`)
  }
  if (to - from > gapMax * moveLimits.gapBatchesMax) {
    throw refuse(`${to - from} offsets without a record are more than can be passed over`)
  }
  const batches: Buffer[] = []
  for (let at = from; at < to;) {
    const count = Math.min(to - at, gapMax)
    batches.push(emptyBatch(at, count))
    at += count
  }
  return batches
}

function emptyBatch(baseOffset: number, count: number): Buffer {
  const batch = Buffer.alloc(batchHeaderSize)
  writeBatchHeader(batch, {
    baseOffset,
    leaderEpoch: -1,
    compression: 'none',
    usesLogAppendTime: false,
    isTransactional: false,
    isControl: false,
    hasDeleteHorizon: false,
    lastOffsetDelta: count - 1,
    baseTimestamp: -1,
    maxTimestamp: -1,
    producerId: -1,
    producerEpoch: -1,
    baseSequence: -1,
    recordCount: 0,
  })
  return batch
}

function refuse(message: string): BrokerError {
  return new BrokerError('invalid_record', message)
}
