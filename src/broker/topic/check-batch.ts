// What a record batch from a producer must look like before it is stored as it is. Checks and their
// order follow Kafka's UnifiedLog and LogValidator; the batch's records are not decoded.
import { readInt64 } from '../../lib/int64.ts'
import { crcOfRun, runField, runHeaderSize, runMagic, runSizeAt } from '../../log/run.ts'
import { BrokerError, type BrokerErrorCode } from '../broker-error.ts'
import type { ProducedBatch } from './producer-state.ts'
import type { TopicConfig } from './topic-config.ts'

const attribute = { timestampType: 0x08, transactional: 0x10, control: 0x20 } as const
const producerIdAt = runField.sharedPosition
const sequenceSpan = 2_147_483_648

export interface CheckedBatch {
  readonly recordCount: number
  readonly maxTimestamp: number
  /** Undefined for a producer that is not idempotent. */
  readonly producer: ProducedBatch | undefined
}

/**
 * Checks the one batch that a producer sent for a partition. Throws `corrupt_batch`,
 * `message_too_large`, `invalid_record`, `invalid_timestamp` or `unsupported_format`.
 */
export function checkBatch(batch: Buffer, config: TopicConfig, now: number): CheckedBatch {
  if (batch.length < runHeaderSize) throw refuse('corrupt_batch', 'the batch ends in its header')
  if (batch.readInt8(runField.magic) !== runMagic.kafka) {
    throw refuse('unsupported_format', 'only record batches of format 2 are accepted')
  }
  checkSize(batch, config)
  if (crcOfRun(batch, batch.length) !== batch.readUInt32BE(runField.crc)) {
    throw refuse('corrupt_batch', 'Record is corrupt: its checksum does not match')
  }
  const recordCount = checkCount(batch)
  const attributes = batch.readInt16BE(runField.attributes)
  if ((attributes & attribute.control) !== 0) {
    throw refuse('invalid_record', 'Clients are not allowed to write control records')
  }
  const maxTimestamp = readInt64(batch, runField.maxTimestamp)
  checkTimestamp(maxTimestamp, attributes, { config, now })
  return { recordCount, maxTimestamp, producer: producerOf(batch, recordCount) }
}

function checkSize(batch: Buffer, config: TopicConfig): void {
  const size = runSizeAt(batch, 0)
  if (size < batch.length) {
    throw refuse('invalid_record', 'a request must hold exactly one batch for a partition')
  }
  if (size !== batch.length) throw refuse('corrupt_batch', 'the batch is cut short')
  if (size > config.batchSizeMax) {
    throw refuse(
      'message_too_large',
      `The record batch size is ${size} bytes which exceeds the maximum configured value of ${config.batchSizeMax}`,
    )
  }
}

function checkCount(batch: Buffer): number {
  if (readInt64(batch, runField.baseOffset) !== 0) {
    throw refuse('invalid_record', 'The baseOffset of the record batch should be 0')
  }
  const recordCount = batch.readInt32BE(runField.recordCount)
  const lastOffsetDelta = batch.readInt32BE(runField.lastOffsetDelta)
  if (recordCount <= 0 || lastOffsetDelta + 1 !== recordCount) {
    throw refuse(
      'invalid_record',
      `Inconsistent batch offset range [0, ${lastOffsetDelta}] and count of records ${recordCount}`,
    )
  }
  return recordCount
}

function checkTimestamp(
  maxTimestamp: number,
  attributes: number,
  { config, now }: { readonly config: TopicConfig; readonly now: number },
): void {
  if (config.usesAppendTime) return
  if ((attributes & attribute.timestampType) !== 0) {
    throw refuse('invalid_timestamp', 'Producers may not set the timestamp type LogAppendTime')
  }
  const noTimestamp = maxTimestamp < 0
  const isAllowed =
    noTimestamp ||
    (maxTimestamp - now <= config.timestampAfterMsMax &&
      now - maxTimestamp <= config.timestampBeforeMsMax)
  if (!isAllowed) {
    throw refuse(
      'invalid_timestamp',
      `Timestamp ${maxTimestamp} of the message is out of range; the broker's time is ${now}`,
    )
  }
}

function producerOf(batch: Buffer, recordCount: number): ProducedBatch | undefined {
  const producerId = readInt64(batch, producerIdAt)
  if (producerId < 0) return undefined
  const firstSequence = batch.readInt32BE(runField.baseSequence)
  if (firstSequence < 0) {
    throw refuse(
      'invalid_record',
      `Invalid sequence number ${firstSequence} in a batch with a producer id`,
    )
  }
  return {
    producerId,
    producerEpoch: batch.readInt16BE(runField.producerEpoch),
    firstSequence,
    lastSequence: (firstSequence + recordCount - 1) % sequenceSpan,
  }
}

function refuse(code: BrokerErrorCode, message: string): BrokerError {
  return new BrokerError(code, message)
}
