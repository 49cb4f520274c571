// The header of a record batch, format 2 (KIP-98):
//
//   0 baseOffset i64 │ 8 length i32 │ 12 leaderEpoch i32 │ 16 magic i8 │ 17 crc u32
//  21 attributes i16 │ 23 lastOffsetDelta i32 │ 27 baseTimestamp i64 │ 35 maxTimestamp i64
//  43 producerId i64 │ 51 producerEpoch i16 │ 53 baseSequence i32 │ 57 recordCount i32 │ 61 records
//
// `length` counts from byte 12. The CRC-32C covers byte 21 to the end, so base offset and leader
// epoch can be rewritten alone. The records are compressed as one block.
import { crc32c } from '../../lib/crc32c.ts'
import { readInt64, writeInt64 } from '../../lib/int64.ts'
import { CodecError } from '../codec-error.ts'
import { compressionNames, type CompressionName } from './compression.ts'

export const batchHeaderSize = 61
const batchMagic = 2
const field = {
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
const attribute = {
  compression: 0x07,
  logAppendTime: 0x08,
  transactional: 0x10,
  control: 0x20,
} as const

export interface BatchHeader {
  readonly baseOffset: number
  readonly leaderEpoch: number
  /** Undefined for a codec id that Kafka does not have. */
  readonly compression: CompressionName | undefined
  readonly usesLogAppendTime: boolean
  readonly isTransactional: boolean
  readonly isControl: boolean
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
  return buffer.readInt32BE(position + field.length) + field.leaderEpoch
}

/**
 * Reads the header of a batch that `batch` holds and nothing else. Throws CodecError for a batch of
 * another format or size. The CRC is not checked.
 */
export function readBatchHeader(batch: Buffer): BatchHeader {
  expectBatch(batch)
  const attributes = batch.readInt16BE(field.attributes)
  return {
    baseOffset: readInt64(batch, field.baseOffset),
    leaderEpoch: batch.readInt32BE(field.leaderEpoch),
    compression: compressionOf(batch),
    usesLogAppendTime: (attributes & attribute.logAppendTime) !== 0,
    isTransactional: (attributes & attribute.transactional) !== 0,
    isControl: (attributes & attribute.control) !== 0,
    lastOffsetDelta: batch.readInt32BE(field.lastOffsetDelta),
    baseTimestamp: readInt64(batch, field.baseTimestamp),
    maxTimestamp: readInt64(batch, field.maxTimestamp),
    producerId: readInt64(batch, field.producerId),
    producerEpoch: batch.readInt16BE(field.producerEpoch),
    baseSequence: batch.readInt32BE(field.baseSequence),
    recordCount: batch.readInt32BE(field.recordCount),
  }
}

/** The compression of a batch of at least a header's size; undefined for one that Kafka does not have. */
export function compressionOf(batch: Buffer): CompressionName | undefined {
  return compressionNames[batch.readInt16BE(field.attributes) & attribute.compression]
}

/** The records of a whole batch, still compressed: a view. */
export function recordsOf(batch: Buffer): Buffer {
  return batch.subarray(batchHeaderSize)
}

/** Whether the CRC is that of the bytes. `batch` is one whole batch. */
export function hasValidCrc(batch: Buffer): boolean {
  return crcOfBatch(batch) === batch.readUInt32BE(field.crc)
}

/** Gives a batch its place in the log. The CRC does not cover it. */
export function setBatchPlace(batch: Buffer, baseOffset: number, leaderEpoch: number): void {
  writeInt64(batch, field.baseOffset, baseOffset)
  batch.writeInt32BE(leaderEpoch, field.leaderEpoch)
}

/** Makes all records of a batch appear with the broker's time, and corrects the CRC. */
export function setLogAppendTime(batch: Buffer, timestamp: number): void {
  const attributes = batch.readInt16BE(field.attributes)
  batch.writeInt16BE(attributes | attribute.logAppendTime, field.attributes)
  writeInt64(batch, field.maxTimestamp, timestamp)
  batch.writeUInt32BE(crcOfBatch(batch), field.crc)
}

/** Writes the header into the first bytes of `batch`, whose records are in place already. */
export function writeBatchHeader(batch: Buffer, header: BatchHeader): void {
  setBatchPlace(batch, header.baseOffset, header.leaderEpoch)
  batch.writeInt32BE(batch.length - field.leaderEpoch, field.length)
  batch.writeInt8(batchMagic, field.magic)
  batch.writeInt16BE(attributesOf(header), field.attributes)
  batch.writeInt32BE(header.lastOffsetDelta, field.lastOffsetDelta)
  writeInt64(batch, field.baseTimestamp, header.baseTimestamp)
  writeInt64(batch, field.maxTimestamp, header.maxTimestamp)
  writeInt64(batch, field.producerId, header.producerId)
  batch.writeInt16BE(header.producerEpoch, field.producerEpoch)
  batch.writeInt32BE(header.baseSequence, field.baseSequence)
  batch.writeInt32BE(header.recordCount, field.recordCount)
  batch.writeUInt32BE(crcOfBatch(batch), field.crc)
}

function attributesOf(header: BatchHeader): number {
  return (
    compressionNames.indexOf(header.compression ?? 'none') |
    (header.usesLogAppendTime ? attribute.logAppendTime : 0) |
    (header.isTransactional ? attribute.transactional : 0) |
    (header.isControl ? attribute.control : 0)
  )
}

function crcOfBatch(batch: Buffer): number {
  return crc32c(batch.subarray(field.attributes))
}

function expectBatch(batch: Buffer): void {
  if (batch.length < batchHeaderSize) {
    throw new CodecError('syntax_error', 'the batch ends in its header', batch.length)
  }
  const magic = batch.readInt8(field.magic)
  if (magic !== batchMagic) {
    throw new CodecError('syntax_error', `batch of format ${magic}, not ${batchMagic}`, field.magic)
  }
  const size = batchSizeAt(batch, 0)
  if (size !== batch.length) {
    throw new CodecError('syntax_error', `batch of ${size} bytes in ${batch.length}`, field.length)
  }
}
