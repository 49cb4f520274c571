// Kafka batches as far as the log looks at them: a right header and CRC over bytes of any kind.
import { writeInt64 } from '../../src/lib/int64.ts'
import {
  crcOfBatch,
  batchField,
  batchHeaderSize,
  batchMagic,
} from '../../src/record/batch/batch-header.ts'

export interface PlainBatch {
  readonly recordCount?: number
  readonly timestamp?: number
  readonly body?: string
}

export function plainBatch({ recordCount = 1, timestamp = 0, body = '' }: PlainBatch): Buffer {
  const bytes = Buffer.alloc(batchHeaderSize + body.length)
  bytes.writeInt32BE(bytes.length - batchField.leaderEpoch, batchField.length)
  bytes.writeInt32BE(-1, batchField.leaderEpoch)
  bytes.writeInt8(batchMagic.kafka, batchField.magic)
  bytes.writeInt32BE(recordCount - 1, batchField.lastOffsetDelta)
  writeInt64(bytes, batchField.baseTimestamp, timestamp)
  writeInt64(bytes, batchField.maxTimestamp, timestamp)
  writeInt64(bytes, batchField.producerId, -1)
  bytes.writeInt16BE(-1, batchField.producerEpoch)
  bytes.writeInt32BE(-1, batchField.baseSequence)
  bytes.writeInt32BE(recordCount, batchField.recordCount)
  bytes.write(body, batchHeaderSize, 'latin1')
  bytes.writeUInt32BE(crcOfBatch(bytes, bytes.length), batchField.crc)
  return bytes
}
