import { CodecError } from '../../codec/codec-error.ts'
import { decompress } from '../../codec/kafka/compression.ts'
import { type BatchHeader, readBatchHeader, recordsOf } from '../../codec/kafka/record-batch.ts'
import { RecordReader } from '../../codec/kafka/record-reader.ts'
import { limits } from '../../limits.ts'
import { appendRecord } from '../../log/record.ts'
import { Run, runHeaderSize } from '../../log/run.ts'
import { RecordToMessage } from './record-to-message.ts'

/** Times within a run are 32 bits after its first; a batch may span more. */
const timestampDeltaMax = 0xffff_ffff
const addedSize = 100

/**
 * A Kafka batch as a run of messages with the same offsets; `home` is the address of records that
 * carry none. Control batches have no messages. Throws CodecError when the batch cannot be decoded or
 * decompresses to too much.
 */
export function toMessageRun(batch: Run, home: Buffer): Run {
  const bytes = batch.bytes()
  const header = readBatchHeader(bytes)
  if (header.isControl) return emptyRun(batch, header.baseTimestamp)
  const records = decompressRecords(header, bytes)
  const run = emptyRun(batch, firstTimestamp(header, records), roomFor(header, records))
  const reader = new RecordReader()
  const message = new RecordToMessage()
  let nextOffset = batch.baseOffset
  reader.reset(header, records)
  while (reader.next()) {
    if (reader.offset < nextOffset || reader.offset > batch.lastOffset) {
      throw new CodecError('syntax_error', `offset ${reader.offset} is out of order`, 0)
    }
    message.take(reader, home)
    const timestamp = Math.min(reader.timestamp, run.baseTimestamp + timestampDeltaMax)
    appendRecord(run, reader.offset, timestamp, message.source)
    nextOffset = reader.offset + 1
  }
  run.lastOffset = batch.lastOffset
  return run
}

/** A run that stands for the offsets of `batch` and has no records. */
export function emptyRun(batch: Run, baseTimestamp: number, room = 0): Run {
  const run = new Run(batch.baseOffset, baseTimestamp, room)
  run.lastOffset = batch.lastOffset
  return run
}

/** Fixed parts and the timestamps make a message larger than its record. */
function roomFor({ recordCount }: BatchHeader, records: Buffer): number {
  return runHeaderSize + records.length + Math.min(recordCount, records.length) * addedSize
}

function decompressRecords(header: BatchHeader, bytes: Buffer): Buffer {
  if (header.compression === undefined) {
    throw new CodecError('syntax_error', 'the batch has an unknown compression', 0)
  }
  return decompress(header.compression, recordsOf(bytes), limits.decompressedSizeMax)
}

/** The least timestamp: a producer's records need not be in the order of their times. */
function firstTimestamp(header: BatchHeader, records: Buffer): number {
  const reader = new RecordReader()
  reader.reset(header, records)
  let first = header.maxTimestamp
  while (reader.next()) first = Math.min(first, reader.timestamp)
  return first
}
