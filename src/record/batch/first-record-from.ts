import { readBatchHeader, recordsOf } from './batch-header.ts'
import { decompress } from './compression.ts'
import { RecordReader } from './record-reader.ts'

export interface FoundRecord {
  readonly timestamp: number
  readonly offset: number
}

/**
 * The first record of a batch with at least this timestamp and offset that `isWanted`; undefined when
 * there is none. Throws CodecError, also when the records decompress to more than `sizeMax` bytes.
 */
export function firstRecordFrom(
  batch: Buffer,
  from: FoundRecord,
  { sizeMax, isWanted }: { sizeMax: number; isWanted?: (offset: number) => boolean },
): FoundRecord | undefined {
  const header = readBatchHeader(batch)
  if (header.compression === undefined) return undefined
  const reader = new RecordReader()
  reader.reset(header, decompress(header.compression, recordsOf(batch), sizeMax))
  while (reader.next()) {
    const { timestamp, offset } = reader
    const isLateEnough = timestamp >= from.timestamp && offset >= from.offset
    if (isLateEnough && (isWanted?.(offset) ?? true)) return { timestamp, offset }
  }
  return undefined
}
