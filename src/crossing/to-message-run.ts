import { crossingLimits } from '../limits/crossing.ts'
import { appendRecord } from '../log/record.ts'
import { Run } from '../log/run.ts'
import { batchHeaderSize } from '../record/batch/batch-header.ts'
import type { OpenedBatch } from './opened-batch.ts'
import { RecordToMessage } from './record-to-message.ts'

/** Times within a run are 32 bits after its first; a batch may span more. */
const timestampDeltaMax = 0xffff_ffff
const addedSize = 100

export interface PartOptions {
  /** The part begins at the first record at or after it. */
  readonly offset: number
  /** Address of records that carry none. */
  readonly home: Buffer
  /** Bytes of the part; the record that reaches it is the last one. */
  readonly sizeMax: number
  /** Records and headers, likewise. */
  readonly workMax: number
}

/** Everything from the beginning. */
export function wholeBatch({ header }: OpenedBatch, home: Buffer): PartOptions {
  return { offset: header.baseOffset, home, sizeMax: Infinity, workMax: Infinity }
}

/** As much of a large batch as is converted at a time. */
export function partOf(batch: OpenedBatch, offset: number, home: Buffer): Run {
  const { crossedPartSizeMax: sizeMax, crossedPartWorkMax: workMax } = crossingLimits
  return toMessageRun(batch, { offset, home, sizeMax, workMax })
}

/**
 * Records of a Kafka batch as a run of messages with the same offsets, which stands for all offsets up
 * to its last record or, when nothing follows, up to the end of the batch. Throws CodecError for
 * records that are not what the header says.
 */
export function toMessageRun(batch: OpenedBatch, options: PartOptions): Run {
  const { offset, home, sizeMax, workMax } = options
  const run = new Run(offset, batch.firstTimestamp, roomFor(batch, sizeMax))
  const { record, header } = batch
  const message = new RecordToMessage()
  let work = 0
  // Control batches have nothing for readers of messages.
  let isMore = !header.isControl && batch.goTo(offset)
  while (isMore && run.size < sizeMax && work < workMax) {
    message.take(record, home)
    const timestamp = Math.min(record.timestamp, run.baseTimestamp + timestampDeltaMax)
    appendRecord(run, record.offset, timestamp, message.source)
    work += 1 + record.headerCount
    isMore = batch.advance()
  }
  if (!isMore) run.lastOffset = batch.lastOffset
  return run
}

/** A run that stands for the offsets of `batch` from `offset` on and has no records. */
export function emptyRun(batch: Run, offset: number): Run {
  const run = new Run(offset, batch.baseTimestamp, 0)
  run.lastOffset = batch.lastOffset
  return run
}

/** Fixed parts and the timestamps make a message larger than its record. */
function roomFor({ header, size }: OpenedBatch, sizeMax: number): number {
  const whole = batchHeaderSize + size + Math.min(header.recordCount, size) * addedSize
  return Math.min(whole, sizeMax * 1.25)
}
