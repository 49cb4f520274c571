import { decompress } from '../../codec/kafka/compression.ts'
import { recordsOf, readBatchHeader } from '../../codec/kafka/record-batch.ts'
import { RecordReader } from '../../codec/kafka/record-reader.ts'
import { limits } from '../../limits.ts'

/** The first record of a batch with at least this timestamp and offset; undefined when there is none. */
export function firstRecordFrom(
  batch: Buffer,
  timestamp: number,
  offset: number,
): { readonly timestamp: number; readonly offset: number } | undefined {
  const header = readBatchHeader(batch)
  const reader = new RecordReader()
  if (header.compression === undefined) return undefined
  const records = decompress(header.compression, recordsOf(batch), limits.decompressedSizeMax)
  reader.reset(header, records)
  while (reader.next()) {
    if (reader.timestamp >= timestamp && reader.offset >= offset) {
      return { timestamp: reader.timestamp, offset: reader.offset }
    }
  }
  return undefined
}
