// Kafka batches as far as the log looks at them: a right header and CRC over bytes of any kind.
import { writeInt64 } from '../../src/lib/int64.ts'
import { crcOfRun, runField, runHeaderSize, runMagic } from '../../src/log/run.ts'

export interface PlainBatch {
  readonly recordCount?: number
  readonly timestamp?: number
  readonly body?: string
}

export function plainBatch({ recordCount = 1, timestamp = 0, body = '' }: PlainBatch): Buffer {
  const bytes = Buffer.alloc(runHeaderSize + body.length)
  bytes.writeInt32BE(bytes.length - runField.leaderEpoch, runField.length)
  bytes.writeInt32BE(-1, runField.leaderEpoch)
  bytes.writeInt8(runMagic.kafka, runField.magic)
  bytes.writeInt32BE(recordCount - 1, runField.lastOffsetDelta)
  writeInt64(bytes, runField.baseTimestamp, timestamp)
  writeInt64(bytes, runField.maxTimestamp, timestamp)
  writeInt64(bytes, runField.sharedPosition, -1)
  bytes.writeInt16BE(-1, runField.producerEpoch)
  bytes.writeInt32BE(-1, runField.baseSequence)
  bytes.writeInt32BE(recordCount, runField.recordCount)
  bytes.write(body, runHeaderSize, 'latin1')
  bytes.writeUInt32BE(crcOfRun(bytes, bytes.length), runField.crc)
  return bytes
}
