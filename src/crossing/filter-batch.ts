import { RecordBatchBuilder, type RecordHeader } from '../record/batch/batch-builder.ts'
import type { RecordReader } from '../record/batch/record-reader.ts'
import type { OpenedBatch } from './opened-batch.ts'

export interface FilterOptions {
  /** What comes before is left out, and the result stands for what comes from here on. */
  readonly offset: number
  /** Records at or after it are left out, too: for another part. */
  readonly end: number
  readonly keep: (offset: number) => boolean
  /** Bytes of the result; the record that reaches it is the last one. */
  readonly sizeMax: number
}

/** The whole batch. */
export function allKept(
  { header, lastOffset }: OpenedBatch,
  keep: (offset: number) => boolean,
): FilterOptions {
  return { offset: header.baseOffset, end: lastOffset + 1, keep, sizeMax: Infinity }
}

/**
 * A Kafka batch without the records whose offset `keep` refuses, uncompressed; it still stands for the
 * same offsets, or for as many as it has come to. Throws CodecError when it cannot be decoded.
 */
export function filterBatch(batch: OpenedBatch, options: FilterOptions): Buffer {
  const { offset, end, keep, sizeMax } = options
  const { record, header } = batch
  const builder = new RecordBatchBuilder(offset)
  let isMore = batch.goTo(offset)
  while (isMore && record.offset < end && builder.size < sizeMax) {
    if (keep(record.offset)) {
      builder.append({
        offset: record.offset,
        timestamp: record.timestamp,
        key: record.key(),
        value: record.value(),
        headers: headersOf(record),
      })
    }
    isMore = batch.advance()
  }
  const { leaderEpoch, producerId, producerEpoch, baseSequence } = header
  const { isTransactional, isControl } = header
  return builder.finish({
    leaderEpoch,
    lastOffset: isMore ? Math.min(record.offset, end) - 1 : batch.lastOffset,
    producerId,
    producerEpoch,
    baseSequence,
    isTransactional,
    isControl,
  })
}

function headersOf(reader: RecordReader): RecordHeader[] {
  const headers: RecordHeader[] = []
  while (reader.nextHeader()) {
    const key = reader.buffer.subarray(reader.headerKeyStart, reader.headerKeyEnd)
    headers.push({ key, value: reader.headerValue() })
  }
  return headers
}
