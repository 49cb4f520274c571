// Looks into a produced batch as Kafka's LogValidator does: the records must be what the header says,
// have keys on compacted topics, and timestamps that the topic allows.
import { BrokerError, type BrokerErrorCode } from '../../broker/broker-error.ts'
import type { TopicConfig } from '../../broker/topic/topic-config.ts'
import { CodecError } from '../../codec/codec-error.ts'
import { checkRecords, type RefusedRecord } from '../../codec/kafka/check-records.ts'
import { decompress } from '../../codec/kafka/compression.ts'
import { readBatchHeader, recordsOf } from '../../codec/kafka/record-batch.ts'
import { limits } from '../../limits.ts'

/** Some records of a batch are refused, and with them the batch (KIP-467). */
export class RefusedRecordsError extends BrokerError {
  readonly refused: readonly RefusedRecord[]

  constructor(code: BrokerErrorCode, refused: readonly RefusedRecord[]) {
    super(code, 'One or more records have been rejected')
    this.refused = refused
  }
}

/** Throws BrokerError for a batch whose header passed and whose records do not. */
export function checkBatchRecords(batch: Buffer, config: TopicConfig, now: number): void {
  const header = readBatchHeader(batch)
  if (header.compression === undefined) {
    throw new BrokerError('invalid_record', 'The batch has an unknown compression type')
  }
  const rules = {
    isKeyRequired: config.isCompacted,
    timestampMin: config.usesAppendTime ? 0 : now - config.timestampBeforeMsMax,
    timestampMax: config.usesAppendTime ? Infinity : now + config.timestampAfterMsMax,
  }
  try {
    const records = decompress(header.compression, recordsOf(batch), limits.decompressedSizeMax)
    const { refused } = checkRecords(header, records, rules)
    const first = refused[0]
    if (first === undefined) return
    const isTime = first.error === 'INVALID_TIMESTAMP'
    throw new RefusedRecordsError(isTime ? 'invalid_timestamp' : 'invalid_record', refused)
  } catch (error) {
    if (!(error instanceof CodecError)) throw error
    throw new BrokerError('corrupt_batch', `The records cannot be read: ${error.message}`)
  }
}
