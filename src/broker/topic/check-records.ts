// Looks into a produced batch as Kafka's LogValidator does: the records must be what the header says,
// have keys on compacted topics, and timestamps that the topic allows.
import { crossingLimits } from '../../limits/crossing.ts'
import { recordLimits } from '../../limits/record.ts'
import { compressionOf } from '../../record/batch/batch-header.ts'
import {
  checkBatchRecords,
  type CheckedRecords,
  type RecordRules,
  type RefusedRecord,
} from '../../record/batch/check-records.ts'
import { CodecError } from '../../record/codec-error.ts'
import { BrokerError } from '../broker-error.ts'
import type { TopicConfig } from './topic-config.ts'

/** Some records of a batch are refused, and with them the batch (KIP-467). */
export class RefusedRecordsError extends BrokerError {
  readonly refused: readonly RefusedRecord[]

  constructor(refused: readonly RefusedRecord[]) {
    const code = refused[0]?.error ?? 'invalid_record'
    super(
      code,
      code === 'invalid_timestamp'
        ? 'One or more records have been rejected due to invalid timestamp'
        : `One or more records have been rejected due to ${refused.length} record errors in total`,
    )
    this.refused = refused
  }
}

/** What the records of a topic must be like at the time `now`. */
export function rulesOf(config: TopicConfig, now: number): RecordRules {
  return {
    isKeyRequired: config.isCompacted,
    timestampMin: config.usesAppendTime ? -Infinity : now - config.timestampBeforeMsMax,
    timestampMax: config.usesAppendTime ? Infinity : now + config.timestampAfterMsMax,
  }
}

/**
 * What was found, when all records are good; 'large' when the records are too many to be
 * looked at within a turn of the event loop. Throws BrokerError for a batch whose header passed and
 * whose records do not.
 */
export function checkRecords(
  batch: Buffer,
  config: TopicConfig,
  now: number,
): CheckedRecords | 'large' {
  const compression = compressionOf(batch)
  if (compression === undefined) {
    throw new BrokerError('invalid_record', 'The batch has an unknown compression type')
  }
  // Bytes that are not decompressed are passed over.
  const sizeMax =
    compression === 'none' ? recordLimits.decompressedSizeMax : crossingLimits.decodedAtOnceSizeMax
  if (batch.length > sizeMax) return 'large'
  try {
    const bounds = { sizeMax, workMax: recordLimits.checkedAtOnceWorkMax }
    return expectNoneRefused(checkBatchRecords(batch, rulesOf(config, now), bounds))
  } catch (error) {
    if (isTooLarge(error)) return 'large'
    throw error instanceof CodecError ? unreadable(error) : error
  }
}

/** Throws what `checkRecords` throws, once the records have been looked at. */
export function expectNoneRefused(checked: CheckedRecords): CheckedRecords {
  if (checked.refused.length > 0) throw new RefusedRecordsError(checked.refused)
  return checked
}

/**
 * What the producer is told about records that cannot be decoded: nothing that makes it try again. The
 * Java client splits a batch that is too large.
 */
export function unreadable(error: CodecError): BrokerError {
  const code = isTooLarge(error) ? 'message_too_large' : 'invalid_record'
  return new BrokerError(code, `The records cannot be read: ${error.message}`)
}

function isTooLarge(error: unknown): boolean {
  return error instanceof CodecError && error.kind === 'frame_error'
}
