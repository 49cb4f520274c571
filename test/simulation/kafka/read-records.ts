// The records of a fetch's answer, each with the message that the model knows it as.
import {
  batchSizeAt,
  readBatchHeader,
  recordsOf,
  compressionOf,
} from '../../../src/record/batch/batch-header.ts'
import { decompress } from '../../../src/record/batch/compression.ts'
import { RecordReader } from '../../../src/record/batch/record-reader.ts'
import { nameIn } from '../model/message.ts'

export interface FetchedRecord {
  readonly offset: number
  /** The message's name. */
  readonly id: string
  readonly value: Buffer
}

const sizeMax = 64 * 1024 * 1024

/** Records of all whole batches in order, and the offset after the last of them. */
export function readRecords(bytes: Buffer): { records: FetchedRecord[]; end: number } {
  const records: FetchedRecord[] = []
  let end = -1
  for (let at = 0; at < bytes.length;) {
    const size = batchSizeAt(bytes, at)
    // As in Kafka, the last one may be cut off.
    if (size < 0 || at + size > bytes.length) break
    const batch = bytes.subarray(at, at + size)
    end = readBatch(batch, records)
    at += size
  }
  return { records, end }
}

function readBatch(batch: Buffer, records: FetchedRecord[]): number {
  const header = readBatchHeader(batch)
  const compression = compressionOf(batch)
  if (compression === undefined) throw new Error('a batch with an unknown compression')
  const reader = new RecordReader()
  reader.reset(header, decompress(compression, recordsOf(batch), sizeMax))
  while (reader.next()) {
    const value = reader.value() ?? Buffer.alloc(0)
    records.push({ offset: reader.offset, id: readName(reader) ?? nameIn(value), value })
  }
  return header.baseOffset + header.lastOffsetDelta + 1
}

/** What AMQP publishers say in a property is a header here. */
function readName(reader: RecordReader): string | undefined {
  let name: string | undefined
  while (reader.nextHeader()) {
    if (reader.headerKey() === 'amqp.message-id') name = reader.headerValue()?.toString()
  }
  return name
}
