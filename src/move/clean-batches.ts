// Batches as a fetch brought them, made ready for a copy: what readers of committed records never see is left
// out, and what remains says nothing of producers and transactions, which are the source's own. Records are not
// touched: keys, values, headers, times, offsets and compression are what they were.
import { writeInt64 } from '../lib/int64.ts'
import {
  batchAttribute,
  batchField,
  batchHeaderSize,
  batchMagic,
  batchSizeAt,
  crcOfBatch,
  readBatchHeader,
} from '../record/batch/batch-header.ts'
import { MoveError } from './move-error.ts'

/** A producer whose transaction came to nothing, and the first offset of it. */
export interface AbortedTransaction {
  readonly producerId: number
  readonly firstOffset: number
}

export interface CleanBatch {
  /** Undefined where nothing remains: offsets up to `end` are passed over. */
  readonly bytes: Buffer | undefined
  readonly recordCount: number
  /** Offset behind it. */
  readonly end: number
}

/** Of a control record: its key is a version and this. */
const abortMarker = 0
const noProducer = -1

/**
 * `records` is what a fetch of committed records brought for one partition; a batch that is cut off at its end
 * comes with the next one. Batches that end below `from` are left out. Throws `MoveError` for a format before 2.
 */
export function cleanBatches(
  records: Buffer,
  from: number,
  aborted: readonly AbortedTransaction[],
): CleanBatch[] {
  const waiting = aborted.toSorted((a, b) => a.firstOffset - b.firstOffset)
  const open = new Set<number>()
  const cleaned: CleanBatch[] = []
  for (const batch of wholeBatches(records)) {
    const header = readBatchHeader(batch)
    const { baseOffset, lastOffsetDelta, producerId, isControl, isTransactional } = header
    const end = baseOffset + lastOffsetDelta + 1
    while (waiting[0] !== undefined && waiting[0].firstOffset < end) {
      open.add(waiting.shift()!.producerId)
    }
    const isAborted = isTransactional && open.has(producerId)
    if (isControl && isAbort(batch)) open.delete(producerId)
    if (end <= from) continue
    if (baseOffset < from) {
      const text = `a batch at the source has offsets ${baseOffset} to ${end - 1}, and those below ${from} are here`
      throw new MoveError('refused', text)
    }
    const isLeftOut = isControl || isAborted
    if (!isLeftOut) forgetProducer(batch)
    cleaned.push({
      bytes: isLeftOut ? undefined : batch,
      recordCount: isLeftOut ? 0 : header.recordCount,
      end,
    })
  }
  return cleaned
}

function* wholeBatches(records: Buffer): Generator<Buffer> {
  for (let at = 0; at + batchHeaderSize <= records.length;) {
    const magic = records.readInt8(at + batchField.magic)
    if (magic !== batchMagic.kafka) {
      const text = `the source has records of format ${magic}, from before Kafka 0.11: set message.format.version and let them be written again`
      throw new MoveError('refused', text)
    }
    const size = batchSizeAt(records, at)
    if (at + size > records.length) return
    yield records.subarray(at, at + size)
    at += size
  }
}

/** One record, never compressed: its length, attributes, times, offset, then the key, whose size is 4. */
function isAbort(batch: Buffer): boolean {
  // Behind the header: length, attributes, two deltas and the size of the key, of one byte each.
  const keyStart = batchHeaderSize + 5
  return batch.length >= keyStart + 4 && batch.readInt16BE(keyStart + 2) === abortMarker
}

/** In place. Batches of plain producers stay byte for byte what they were. */
function forgetProducer(batch: Buffer): void {
  const attributes = batch.readInt16BE(batchField.attributes)
  const { producerId } = readBatchHeader(batch)
  if (producerId === noProducer && (attributes & batchAttribute.transactional) === 0) return
  batch.writeInt16BE(attributes & ~batchAttribute.transactional, batchField.attributes)
  writeInt64(batch, batchField.producerId, noProducer)
  batch.writeInt16BE(-1, batchField.producerEpoch)
  batch.writeInt32BE(-1, batchField.baseSequence)
  batch.writeUInt32BE(crcOfBatch(batch, batch.length), batchField.crc)
}
