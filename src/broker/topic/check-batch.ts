// What a record batch from a producer must look like before it is stored as it is. Checks and their
// order follow Kafka's UnifiedLog and LogValidator; the batch's records are not decoded.
import { readInt64 } from '../../lib/int64.ts'
import {
  batchAttribute,
  batchField,
  batchHeaderSize,
  batchMagic,
  batchSizeAt,
  hasValidCrc,
  isTransactionalBatch,
} from '../../record/batch/batch-header.ts'
import { BrokerError, type BrokerErrorCode } from '../broker-error.ts'
import type { ProducedBatch } from './producer-state.ts'
import type { TopicConfig } from './topic-config.ts'

const sequenceSpan = 2_147_483_648

export interface CheckedBatch {
  readonly recordCount: number
  /** As the producer says. */
  readonly maxTimestamp: number
  /** Undefined for a producer that is not idempotent. */
  readonly producer: ProducedBatch | undefined
}

/**
 * Checks the one batch that a producer sent for a partition. Throws `corrupt_batch`,
 * `message_too_large`, `batch_too_large`, `invalid_record` or `invalid_timestamp`. `isIntact` is what has been found out about its checksum before;
 * undefined: nothing.
 */
export function checkBatch(batch: Buffer, config: TopicConfig, isIntact?: boolean): CheckedBatch {
  expectOneBatch(batch)
  checkPlace(batch, config)
  if (!(isIntact ?? hasValidCrc(batch))) {
    throw refuse('corrupt_batch', 'Record is corrupt: its checksum does not match')
  }
  const recordCount = checkCount(batch)
  checkAttributes(batch.readInt16BE(batchField.attributes))
  const maxTimestamp = readInt64(batch, batchField.maxTimestamp)
  return { recordCount, maxTimestamp, producer: producerOf(batch, recordCount) }
}

/** Kafka's ProduceRequest.validateRecords: whole batches of format 2, and exactly one of them. */
function expectOneBatch(batch: Buffer): void {
  if (batch.length > batchField.magic) {
    const magic = batch.readInt8(batchField.magic)
    if (magic < 0 || magic > batchMagic.kafka) {
      throw refuse('corrupt_batch', `Invalid magic found in record: ${magic}`)
    }
    if (magic < batchMagic.kafka) {
      throw refuse('invalid_record', 'Only record batches of format 2 are accepted')
    }
  }
  const size = batch.length < batchHeaderSize ? Infinity : batchSizeAt(batch, 0)
  if (size < batchHeaderSize) {
    throw refuse('corrupt_batch', `A record batch of ${size} bytes is less than its header`)
  }
  if (size > batch.length) {
    throw refuse('invalid_record', 'A request must hold one whole record batch for a partition')
  }
  if (size < batch.length) {
    throw refuse('invalid_record', 'A request must hold exactly one record batch for a partition')
  }
}

function checkPlace(batch: Buffer, config: TopicConfig): void {
  const baseOffset = readInt64(batch, batchField.baseOffset)
  if (baseOffset !== 0) {
    throw refuse(
      'invalid_record',
      `The baseOffset of the record batch should be 0, but it is ${baseOffset}`,
    )
  }
  const size = batch.length
  if (size > config.batchSizeMax) {
    throw refuse(
      'message_too_large',
      `The record batch size is ${size} bytes which exceeds the maximum configured value of ${config.batchSizeMax}`,
    )
  }
  if (size > config.segmentSize) {
    throw refuse(
      'batch_too_large',
      `The record batch size is ${size} bytes which exceeds the maximum configured segment size of ${config.segmentSize}`,
    )
  }
}

function checkCount(batch: Buffer): number {
  const recordCount = batch.readInt32BE(batchField.recordCount)
  const lastOffsetDelta = batch.readInt32BE(batchField.lastOffsetDelta)
  if (recordCount <= 0 || lastOffsetDelta + 1 !== recordCount) {
    throw refuse(
      'invalid_record',
      `Inconsistent batch offset range [0, ${lastOffsetDelta}] and count of records ${recordCount}`,
    )
  }
  return recordCount
}

function checkAttributes(attributes: number): void {
  if ((attributes & batchAttribute.control) !== 0) {
    throw refuse('invalid_record', 'Clients are not allowed to write control records')
  }
  if ((attributes & batchAttribute.logAppendTime) !== 0) {
    throw refuse('invalid_timestamp', 'Producers may not set the timestamp type LogAppendTime')
  }
}

/** Whom a batch is from that nobody has checked; undefined where it does not say so properly. */
export function claimedProducer(batch: Buffer): ProducedBatch | undefined {
  if (batch.length < batchHeaderSize) return undefined
  const isPlausible =
    batch.readInt8(batchField.magic) === batchMagic.kafka &&
    batch.readInt32BE(batchField.baseSequence) >= 0 &&
    readInt64(batch, batchField.producerId) >= 0
  return isPlausible ? producerOf(batch, batch.readInt32BE(batchField.recordCount)) : undefined
}

function producerOf(batch: Buffer, recordCount: number): ProducedBatch | undefined {
  const producerId = readInt64(batch, batchField.producerId)
  if (producerId < 0) {
    if (!isTransactionalBatch(batch)) return undefined
    throw refuse('invalid_record', 'A transactional record batch must have a producer id')
  }
  const firstSequence = batch.readInt32BE(batchField.baseSequence)
  if (firstSequence < 0) {
    throw refuse(
      'invalid_record',
      `Invalid sequence number ${firstSequence} in a batch with a producer id`,
    )
  }
  return {
    producerId,
    producerEpoch: batch.readInt16BE(batchField.producerEpoch),
    isTransactional: isTransactionalBatch(batch),
    firstSequence,
    lastSequence: (firstSequence + recordCount - 1) % sequenceSpan,
  }
}

function refuse(code: BrokerErrorCode, message: string): BrokerError {
  return new BrokerError(code, message)
}
