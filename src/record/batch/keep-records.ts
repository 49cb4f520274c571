// Leaves records out of a batch, which keeps its offsets, its producer and its compression. Records stay byte
// for byte; only where the batch gets a delete horizon their timestamps are written anew, as differences to it
// (KIP-534: the base timestamp says then when tombstones may go).
import { CodecError } from '../codec-error.ts'
import {
  batchField,
  batchHeaderSize,
  type BatchHeader,
  readBatchHeader,
  recordsOf,
  writeBatchHeader,
} from './batch-header.ts'
import { compress, decompress } from './compression.ts'
import { RecordReader } from './record-reader.ts'

export interface KeepRules {
  /** Bytes that the records may decompress to. */
  readonly sizeMax: number
  /** Whether a record stays. Asked once for each, in order. */
  readonly keep: (record: RecordReader) => boolean
  /** Asked after all records: the delete horizon to be written, in milliseconds, if it is to be. */
  readonly newDeleteHorizon: () => number | undefined
}

/**
 * The batch without the records that do not stay: 'whole' when all do and nothing else changes, 'gone' when
 * none does. Throws CodecError when it cannot be decoded.
 */
export function keepRecords(batch: Buffer, rules: KeepRules): Buffer | 'whole' | 'gone' {
  const header = readBatchHeader(batch)
  if (header.compression === undefined) {
    throw new CodecError('syntax_error', 'the batch has an unknown compression', 0)
  }
  const records = decompress(header.compression, recordsOf(batch), rules.sizeMax)
  const reader = new RecordReader()
  reader.reset(header, records)
  const kept: KeptRecord[] = []
  while (reader.next()) {
    if (!rules.keep(reader)) continue
    const { start, end, timestampEnd, timestamp } = reader
    kept.push({ start, end, timestampEnd, timestamp })
  }
  if (kept.length === 0) return 'gone'
  const horizon = rules.newDeleteHorizon()
  if (horizon === undefined && kept.length === header.recordCount) return 'whole'
  const parts =
    horizon === undefined
      ? kept.map(({ start, end }) => records.subarray(start, end))
      : kept.map((record) => withBase(records, record, horizon))
  return assemble(batch, { header, kept, parts, horizon })
}

interface KeptRecord {
  readonly start: number
  readonly end: number
  readonly timestampEnd: number
  readonly timestamp: number
}

interface Assembled {
  readonly header: BatchHeader
  readonly kept: readonly KeptRecord[]
  readonly parts: readonly Buffer[]
  readonly horizon: number | undefined
}

function assemble(batch: Buffer, { header, kept, parts, horizon }: Assembled): Buffer {
  const { compression = 'none', usesLogAppendTime } = header
  const records = compress(compression, Buffer.concat(parts))
  const result = Buffer.concat([batch.subarray(0, batchHeaderSize), records])
  let maxTimestamp = -1
  for (const { timestamp } of kept) maxTimestamp = Math.max(maxTimestamp, timestamp)
  writeBatchHeader(result, {
    ...header,
    // It is the time of all records then.
    maxTimestamp: usesLogAppendTime ? header.maxTimestamp : maxTimestamp,
    baseTimestamp: horizon ?? header.baseTimestamp,
    hasDeleteHorizon: header.hasDeleteHorizon || horizon !== undefined,
    recordCount: kept.length,
    leaderEpoch: batch.readInt32BE(batchField.leaderEpoch),
  })
  return result
}

/** The record with its timestamp as the difference to `base`. */
function withBase(records: Buffer, record: KeptRecord, base: number): Buffer {
  const { start, end, timestampEnd, timestamp } = record
  const delta = zigzag(timestamp - base)
  const rest = records.subarray(timestampEnd, end)
  const bodySize = 1 + varintSize(delta) + rest.length
  const bytes = Buffer.allocUnsafe(varintSize(bodySize * 2) + bodySize)
  let at = writeVarint(bytes, 0, bodySize * 2)
  bytes[at++] = records[attributesAt(records, start)]!
  at = writeVarint(bytes, at, delta)
  bytes.set(rest, at)
  return bytes
}

/** They follow on the size of the record. */
function attributesAt(records: Buffer, start: number): number {
  let at = start
  while (records[at]! > 0x7f) at++
  return at + 1
}

function zigzag(value: number): number {
  return value >= 0 ? value * 2 : -value * 2 - 1
}

function varintSize(value: number): number {
  let size = 1
  for (let rest = value; rest > 0x7f; rest = Math.floor(rest / 0x80)) size++
  return size
}

function writeVarint(bytes: Buffer, start: number, value: number): number {
  let at = start
  let rest = value
  for (; rest > 0x7f; rest = Math.floor(rest / 0x80)) bytes[at++] = (rest % 0x80) | 0x80
  bytes[at++] = rest
  return at
}
