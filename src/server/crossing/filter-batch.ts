import { decompress } from '../../codec/kafka/compression.ts'
import { RecordBatchBuilder, type RecordHeader } from '../../codec/kafka/record-batch-builder.ts'
import { readBatchHeader, recordsOf } from '../../codec/kafka/record-batch.ts'
import { RecordReader } from '../../codec/kafka/record-reader.ts'
import { limits } from '../../limits.ts'
import type { Run } from '../../log/run.ts'

/**
 * A Kafka batch without the records whose offset `keep` refuses, uncompressed; it still stands for the
 * same offsets. Throws CodecError when the batch cannot be decoded.
 */
export function filterBatch(batch: Run, keep: (offset: number) => boolean): Buffer {
  const bytes = batch.bytes()
  const header = readBatchHeader(bytes)
  const { compression = 'none', leaderEpoch, isTransactional, isControl } = header
  const records = decompress(compression, recordsOf(bytes), limits.decompressedSizeMax)
  const reader = new RecordReader()
  const builder = new RecordBatchBuilder(batch.baseOffset)
  reader.reset(header, records)
  while (reader.next()) {
    if (!keep(reader.offset)) continue
    builder.append({
      offset: reader.offset,
      timestamp: reader.timestamp,
      key: reader.key(),
      value: reader.value(),
      headers: headersOf(reader),
    })
  }
  const { producerId, producerEpoch, baseSequence } = header
  return builder.finish({
    leaderEpoch,
    lastOffset: batch.lastOffset,
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
