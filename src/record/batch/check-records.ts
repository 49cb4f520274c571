// What the records inside a produced batch must be like, for topics whose rules need them decoded:
// keys on compacted topics, timestamps within a window. Follows Kafka's LogValidator.
import { CodecError } from '../codec-error.ts'
import { type BatchHeader, readBatchHeader, recordsOf } from './batch-header.ts'
import { decompress } from './compression.ts'
import { isDeliveryHeader } from './delivery-facts.ts'
import { RecordReader } from './record-reader.ts'

export interface RecordRules {
  /** Compacted topics have no use for a record without a key. */
  readonly isKeyRequired: boolean
  /** Earliest and latest timestamp allowed, in ms. */
  readonly timestampMin: number
  readonly timestampMax: number
}

/** More than this is not decoded. */
export interface CheckBounds {
  /** Bytes that the records decompress to. */
  readonly sizeMax: number
  /** Records and headers. */
  readonly workMax: number
}

/** One refused record, as ProduceResponse names it from version 8 on. */
export interface RefusedRecord {
  readonly index: number
  readonly error: 'invalid_record' | 'invalid_timestamp'
  readonly message: string
}

export interface CheckedRecords {
  /** The highest timestamp found; the header's may be wrong. */
  readonly maxTimestamp: number
  /** Bytes of all values. */
  readonly valuesSize: number
  /** Some say in headers when they are to be delivered, until when, or which goes first. */
  readonly hasDeliveryHeaders: boolean
  /** Empty when all are good. At most `refusedMax`. */
  readonly refused: readonly RefusedRecord[]
}

/** More than this tell the producer nothing new. */
const refusedMax = 100

/**
 * Decompresses and checks the records of a whole batch. Throws CodecError: `frame_error` when they are
 * more than `bounds` allow, `syntax_error` when they are not what the header says.
 */
export function checkBatchRecords(
  batch: Buffer,
  rules: RecordRules,
  { sizeMax, workMax }: CheckBounds,
): CheckedRecords {
  const header = readBatchHeader(batch)
  if (header.compression === undefined) {
    throw new CodecError('syntax_error', 'the batch has an unknown compression type', 0)
  }
  const records = decompress(header.compression, recordsOf(batch), sizeMax)
  return checkRecords(header, records, { ...rules, workMax })
}

/**
 * Reads all records of a batch to their last byte. Throws CodecError when they are not what the
 * header says: malformed, too many or few.
 */
export function checkRecords(
  header: BatchHeader,
  records: Buffer,
  rules: RecordRules & { readonly workMax?: number },
): CheckedRecords {
  const { workMax = Infinity } = rules
  const reader = new RecordReader()
  reader.reset(header, records)
  const refused: RefusedRecord[] = []
  let maxTimestamp = -1
  let valuesSize = 0
  let hasDeliveryHeaders = false
  let work = 0
  while (reader.next()) {
    work += 1 + reader.headerCount
    if (work > workMax) {
      throw new CodecError('frame_error', `more than ${workMax} records and headers`, 0)
    }
    while (reader.nextHeader()) {
      if (!hasDeliveryHeaders) hasDeliveryHeaders = isDeliveryHeader(reader)
    }
    maxTimestamp = Math.max(maxTimestamp, reader.timestamp)
    valuesSize += reader.valueEnd - reader.valueStart
    const reason = refusal(reader, header, rules)
    if (reason !== undefined && refused.length < refusedMax) refused.push(reason)
  }
  return { maxTimestamp, valuesSize, hasDeliveryHeaders, refused }
}

function refusal(
  reader: RecordReader,
  header: BatchHeader,
  rules: RecordRules,
): RefusedRecord | undefined {
  const { index } = reader
  if (reader.offset !== header.baseOffset + index) {
    return { index, error: 'invalid_record', message: 'The offsets in the batch have a gap' }
  }
  if (rules.isKeyRequired && reader.keyStart < 0) {
    return {
      index,
      error: 'invalid_record',
      message: 'A compacted topic accepts no message without key',
    }
  }
  const { timestamp } = reader
  if (timestamp >= 0 && (timestamp < rules.timestampMin || timestamp > rules.timestampMax)) {
    return {
      index,
      error: 'invalid_timestamp',
      message: `Timestamp ${timestamp} of message with offset ${reader.offset} is out of range. The timestamp should be within [${rules.timestampMin}, ${rules.timestampMax}]`,
    }
  }
  return undefined
}
