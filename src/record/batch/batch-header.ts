// The header of a record batch, format 2 (KIP-98). Every run of the log begins with it, whatever its
// records are:
//
//   0 baseOffset i64 │ 8 length i32 │ 12 leaderEpoch i32 │ 16 magic i8 │ 17 crc u32
//  21 attributes i16 │ 23 lastOffsetDelta i32 │ 27 baseTimestamp i64 │ 35 maxTimestamp i64
//  43 producerId i64 │ 51 producerEpoch i16 │ 53 baseSequence i32 │ 57 recordCount i32 │ 61 records
//
// `length` counts from byte 12. The CRC-32C covers byte 21 to the end, so base offset and leader
// epoch can be rewritten alone. The records of a Kafka batch are compressed as one block; those of
// magic `messages` are message records (message-record.ts), and the header names no producer.
import type { Clock } from '../../lib/clock.ts'
import { crc32c, crc32cInSteps } from '../../lib/crc32c.ts'
import { readInt64, writeInt64 } from '../../lib/int64.ts'
import { memoryLimits } from '../../limits/memory.ts'
import { CodecError } from '../codec-error.ts'
import { compressionNames, type CompressionName } from './compression.ts'

export const batchHeaderSize = 61
/** What the records are: Kafka's, as a producer sent them, or messages. */
export const batchMagic = { kafka: 2, messages: 0x50 } as const

/** Where each field is. */
export const batchField = {
  baseOffset: 0,
  length: 8,
  leaderEpoch: 12,
  magic: 16,
  crc: 17,
  attributes: 21,
  lastOffsetDelta: 23,
  baseTimestamp: 27,
  maxTimestamp: 35,
  producerId: 43,
  producerEpoch: 51,
  baseSequence: 53,
  recordCount: 57,
} as const

/** Bits of the attributes. */
export const batchAttribute = {
  compression: 0x07,
  logAppendTime: 0x08,
  transactional: 0x10,
  control: 0x20,
  /** The base timestamp is when tombstones in it may go: compaction has seen them (KIP-534). */
  deleteHorizon: 0x40,
} as const

/** Records of a whole batch, as its header says. */
export function recordCountOf(batch: Buffer): number {
  return batch.readInt32BE(batchField.recordCount)
}

/** Whether a whole batch has no records but a marker of the broker's own. */
export function isControlBatch(batch: Buffer): boolean {
  return (batch.readInt16BE(batchField.attributes) & batchAttribute.control) !== 0
}

/** Whether a batch of at least a header's size says that it is part of a transaction. */
export function isTransactionalBatch(batch: Buffer): boolean {
  return (batch.readInt16BE(batchField.attributes) & batchAttribute.transactional) !== 0
}

/** Of the batch's last record, whether it is still there or not. */
export function lastOffsetOf(batch: Buffer): number {
  return readInt64(batch, batchField.baseOffset) + batch.readInt32BE(batchField.lastOffsetDelta)
}

export interface BatchHeader {
  readonly baseOffset: number
  readonly leaderEpoch: number
  /** Undefined for a codec id that Kafka does not have. */
  readonly compression: CompressionName | undefined
  readonly usesLogAppendTime: boolean
  readonly isTransactional: boolean
  readonly isControl: boolean
  readonly hasDeleteHorizon: boolean
  readonly lastOffsetDelta: number
  readonly baseTimestamp: number
  readonly maxTimestamp: number
  /** -1 without one. */
  readonly producerId: number
  readonly producerEpoch: number
  readonly baseSequence: number
  readonly recordCount: number
}

/** Size of the batch whose header starts at `position`, of which 12 bytes must be there. */
export function batchSizeAt(buffer: Buffer, position: number): number {
  return buffer.readInt32BE(position + batchField.length) + batchField.leaderEpoch
}

/**
 * Reads the header of a batch that `batch` holds and nothing else. Throws CodecError for a batch of
 * another format or size. The CRC is not checked.
 */
export function readBatchHeader(batch: Buffer): BatchHeader {
  expectBatch(batch)
  const attributes = batch.readInt16BE(batchField.attributes)
  return {
    baseOffset: readInt64(batch, batchField.baseOffset),
    leaderEpoch: batch.readInt32BE(batchField.leaderEpoch),
    compression: compressionOf(batch),
    usesLogAppendTime: (attributes & batchAttribute.logAppendTime) !== 0,
    isTransactional: (attributes & batchAttribute.transactional) !== 0,
    isControl: (attributes & batchAttribute.control) !== 0,
    hasDeleteHorizon: (attributes & batchAttribute.deleteHorizon) !== 0,
    lastOffsetDelta: batch.readInt32BE(batchField.lastOffsetDelta),
    baseTimestamp: readInt64(batch, batchField.baseTimestamp),
    maxTimestamp: readInt64(batch, batchField.maxTimestamp),
    producerId: readInt64(batch, batchField.producerId),
    producerEpoch: batch.readInt16BE(batchField.producerEpoch),
    baseSequence: batch.readInt32BE(batchField.baseSequence),
    recordCount: batch.readInt32BE(batchField.recordCount),
  }
}

/** The compression of a batch of at least a header's size; undefined for one that Kafka does not have. */
export function compressionOf(batch: Buffer): CompressionName | undefined {
  return compressionNames[batch.readInt16BE(batchField.attributes) & batchAttribute.compression]
}

/** The records of a whole batch, still compressed: a view. */
export function recordsOf(batch: Buffer): Buffer {
  return batch.subarray(batchHeaderSize)
}

/** Whether the CRC is that of the bytes. `batch` is one whole batch. */
export function hasValidCrc(batch: Buffer): boolean {
  return crcOfBatch(batch, batch.length) === batch.readUInt32BE(batchField.crc)
}

/** The CRC-32C that belongs in the header of the batch in the first `size` bytes of `buffer`. */
export function crcOfBatch(buffer: Buffer, size: number): number {
  return crc32c(buffer.subarray(batchField.attributes, size))
}

/** The same of a whole batch, without keeping others waiting for a large one. */
export function crcOfBatchInSteps(batch: Buffer, clock: Clock): number | Promise<number> {
  const steps = { clock, sizePerTurn: memoryLimits.crcPerTurnMax }
  return crc32cInSteps(batch.subarray(batchField.attributes), steps)
}

/** Gives a batch its place in the log. The CRC does not cover it. */
export function setBatchPlace(batch: Buffer, baseOffset: number, leaderEpoch: number): void {
  writeInt64(batch, batchField.baseOffset, baseOffset)
  batch.writeInt32BE(leaderEpoch, batchField.leaderEpoch)
}

/** Gives all records of a batch the broker's time (message.timestamp.type=LogAppendTime). */
export function setAppendTime(batch: Buffer, timestamp: number): void {
  const attributes = batch.readInt16BE(batchField.attributes)
  batch.writeInt16BE(attributes | batchAttribute.logAppendTime, batchField.attributes)
  setMaxTimestamp(batch, timestamp)
}

/** Sets the time of the latest record, and corrects the CRC. */
export function setMaxTimestamp(batch: Buffer, timestamp: number): void {
  writeInt64(batch, batchField.maxTimestamp, timestamp)
  batch.writeUInt32BE(crcOfBatch(batch, batch.length), batchField.crc)
}

/** Writes the header into the first bytes of `batch`, whose records are in place already. */
export function writeBatchHeader(batch: Buffer, header: BatchHeader): void {
  setBatchPlace(batch, header.baseOffset, header.leaderEpoch)
  batch.writeInt32BE(batch.length - batchField.leaderEpoch, batchField.length)
  batch.writeInt8(batchMagic.kafka, batchField.magic)
  batch.writeInt16BE(attributesOf(header), batchField.attributes)
  batch.writeInt32BE(header.lastOffsetDelta, batchField.lastOffsetDelta)
  writeInt64(batch, batchField.baseTimestamp, header.baseTimestamp)
  writeInt64(batch, batchField.maxTimestamp, header.maxTimestamp)
  writeInt64(batch, batchField.producerId, header.producerId)
  batch.writeInt16BE(header.producerEpoch, batchField.producerEpoch)
  batch.writeInt32BE(header.baseSequence, batchField.baseSequence)
  batch.writeInt32BE(header.recordCount, batchField.recordCount)
  batch.writeUInt32BE(crcOfBatch(batch, batch.length), batchField.crc)
}

function attributesOf(header: BatchHeader): number {
  return (
    compressionNames.indexOf(header.compression ?? 'none') |
    (header.usesLogAppendTime ? batchAttribute.logAppendTime : 0) |
    (header.isTransactional ? batchAttribute.transactional : 0) |
    (header.isControl ? batchAttribute.control : 0) |
    (header.hasDeleteHorizon ? batchAttribute.deleteHorizon : 0)
  )
}

function expectBatch(batch: Buffer): void {
  if (batch.length < batchHeaderSize) {
    throw new CodecError('syntax_error', 'the batch ends in its header', batch.length)
  }
  const magic = batch.readInt8(batchField.magic)
  if (magic !== batchMagic.kafka) {
    throw new CodecError(
      'syntax_error',
      `batch of format ${magic}, not ${batchMagic.kafka}`,
      batchField.magic,
    )
  }
  const size = batchSizeAt(batch, 0)
  if (size !== batch.length) {
    throw new CodecError(
      'syntax_error',
      `batch of ${size} bytes in ${batch.length}`,
      batchField.length,
    )
  }
}
