// Batches of real clients are read, and batches built here are read like theirs.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { readBatchVectors, type VectorRecord } from '../../../test/support/kafka-vectors.ts'
import { CodecError } from '../codec-error.ts'
import { RecordBatchBuilder, type NewRecord } from './batch-builder.ts'
import {
  batchHeaderSize,
  batchSizeAt,
  hasValidCrc,
  readBatchHeader,
  recordsOf,
  setBatchPlace,
  setAppendTime,
} from './batch-header.ts'
import { checkRecords } from './check-records.ts'
import { compressionNames, decompress } from './compression.ts'
import { RecordReader } from './record-reader.ts'

const vectors = readBatchVectors()
const batches = vectors.batches.map((row) => ({ ...row, batch: Buffer.from(row.batch, 'base64') }))
const sizeMax = 100_000
const anything = { isKeyRequired: false, timestampMin: 0, timestampMax: Infinity }

function plainRecords(batch: Buffer): Buffer {
  return decompress(readBatchHeader(batch).compression ?? 'none', recordsOf(batch), sizeMax)
}

function readRecords(batch: Buffer): VectorRecord[] {
  const reader = new RecordReader()
  reader.reset(readBatchHeader(batch), plainRecords(batch))
  const records: VectorRecord[] = []
  while (reader.next()) {
    const headers: [string, string][] = []
    while (reader.nextHeader()) {
      headers.push([reader.headerKey(), reader.headerValue()?.toString() ?? 'null'])
    }
    const [key, value] = [reader.key()?.toString() ?? null, reader.value()?.toString() ?? null]
    records.push({ ts: reader.timestamp, key, value, headers })
  }
  return records
}

function toNewRecord(record: VectorRecord, offset: number): NewRecord {
  return {
    offset,
    timestamp: record.ts,
    key: record.key === null ? null : Buffer.from(record.key),
    value: record.value === null ? null : Buffer.from(record.value),
    headers: record.headers.map(([key, value]) => ({ key, value: Buffer.from(value) })),
  }
}

function build(records: readonly VectorRecord[], baseOffset = 0): RecordBatchBuilder {
  const builder = new RecordBatchBuilder(baseOffset)
  for (const [index, record] of records.entries()) {
    builder.append(toNewRecord(record, baseOffset + index))
  }
  return builder
}

test('batches of the Java client, kafkajs and @platformatic/kafka are read in every compression', () => {
  assert.equal(batches.length, 14)
  for (const { client, compression, batch } of batches) {
    const name = `${client} ${compression}`
    assert.equal(readBatchHeader(batch).compression, compression, name)
    assert.equal(batchSizeAt(batch, 0), batch.length, name)
    assert.ok(hasValidCrc(batch), name)
    assert.deepEqual(readRecords(batch), vectors.records, name)
  }
})

test('an idempotent producer is in the header', () => {
  const row = batches.find(({ client }) => client.endsWith('transactional'))
  const header = readBatchHeader(row?.batch as Buffer)
  assert.deepEqual(
    [header.producerId, header.producerEpoch, header.baseSequence, header.isTransactional],
    [4711, 3, 42, true],
  )
})

test('a built batch is what the Java client writes', () => {
  const java = batches.find(({ compression }) => compression === 'none')?.batch as Buffer
  const built = build(vectors.records).finish({ baseSequence: java.readInt32BE(53) })
  assert.equal(built.toString('hex'), java.toString('hex'))
})

test('a built batch is read again in every compression', () => {
  for (const compression of compressionNames) {
    const batch = build(vectors.records, 1000).finish({ compression, lastOffset: 1010 })
    const header = readBatchHeader(batch)
    assert.ok(hasValidCrc(batch))
    assert.deepEqual([header.baseOffset, header.lastOffsetDelta], [1000, 10])
    assert.deepEqual(readRecords(batch), vectors.records)
  }
})

test('any records survive a round trip', () => {
  const bytes = fc.option(fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array)))
  const header = fc.record({ key: fc.string(), value: bytes }, { noNullPrototype: true })
  const record = fc.record({
    gap: fc.integer({ min: 1, max: 100_000 }),
    timestamp: fc.integer({ min: -1, max: 4_000_000_000_000 }),
    key: bytes,
    value: bytes,
    headers: fc.array(header, { maxLength: 3 }),
  })
  fc.assert(
    fc.property(fc.array(record, { minLength: 1, maxLength: 8 }), (records) => {
      const builder = new RecordBatchBuilder(5)
      let offset = 4
      const expected = records.map(({ gap, ...rest }) => ({ ...rest, offset: (offset += gap) }))
      for (const one of expected) builder.append(one)
      assert.equal(builder.recordCount, records.length)
      const batch = builder.finish()
      const reader = new RecordReader()
      reader.reset(readBatchHeader(batch), recordsOf(batch))
      const read = []
      while (reader.next()) {
        const { offset, timestamp } = reader
        const headers = []
        while (reader.nextHeader()) {
          headers.push({ key: reader.headerKey(), value: reader.headerValue() })
        }
        read.push({ timestamp, key: reader.key(), value: reader.value(), headers, offset })
      }
      assert.deepEqual(read, expected)
    }),
  )
})

test('offset and leader epoch are set without touching the checksum', () => {
  const batch = build(vectors.records).finish()
  setBatchPlace(batch, 2 ** 40, 17)
  const header = readBatchHeader(batch)
  assert.deepEqual([header.baseOffset, header.leaderEpoch], [2 ** 40, 17])
  assert.ok(hasValidCrc(batch))
})

test('log append time replaces the timestamps of all records', () => {
  const batch = build(vectors.records).finish()
  setAppendTime(batch, 1_800_000_000_000)
  assert.ok(hasValidCrc(batch))
  assert.deepEqual(new Set(readRecords(batch).map(({ ts }) => ts)), new Set([1_800_000_000_000]))
})

test('timestamp deltas of all widths are read', () => {
  for (const delta of [0, -1, 1, 2 ** 27, -(2 ** 27), 2 ** 28, 2 ** 31, -(2 ** 33), 2 ** 50]) {
    const builder = new RecordBatchBuilder(0)
    const rest = { key: null, value: null, headers: [] }
    builder.append({ offset: 0, timestamp: 0, ...rest })
    builder.append({ offset: 1, timestamp: delta, ...rest })
    assert.equal(readRecords(builder.finish())[1]?.ts, delta)
  }
})

test('offsets that do not rise are refused', () => {
  const builder = build(vectors.records)
  assert.throws(
    () => builder.append(toNewRecord(vectors.records[0] as VectorRecord, 3)),
    RangeError,
  )
})

test('bytes that are no whole batch of format 2 are refused', () => {
  const batch = build(vectors.records).finish()
  for (let end = 0; end < batchHeaderSize + 5; end++) {
    assert.throws(() => readBatchHeader(batch.subarray(0, end)), CodecError)
  }
  assert.throws(() => readBatchHeader(Buffer.concat([batch, Buffer.alloc(1)])), CodecError)
  batch[16] = 1
  assert.throws(() => readBatchHeader(batch), /format 1/)
})

test('checkRecords accepts the batches of clients and finds their latest timestamp and their size', () => {
  const valuesSize = vectors.records.reduce(
    (sum, { value }) => sum + Buffer.byteLength(value ?? ''),
    0,
  )
  for (const { batch } of batches) {
    assert.deepEqual(checkRecords(readBatchHeader(batch), plainRecords(batch), anything), {
      maxTimestamp: 1_701_000_000_000,
      valuesSize,
      hasDeliveryHeaders: false,
      refused: [],
    })
  }
})

test('checkRecords names the records that break the rules of the topic', () => {
  const batch = build(vectors.records).finish()
  const { refused } = checkRecords(readBatchHeader(batch), recordsOf(batch), {
    isKeyRequired: true,
    timestampMin: 1_700_000_000_000,
    timestampMax: 1_700_000_000_100,
  })
  assert.deepEqual(
    refused.map(({ index, error }) => [index, error]),
    [
      [1, 'invalid_record'],
      [2, 'invalid_timestamp'],
      [3, 'invalid_timestamp'],
    ],
  )
})

test('checkRecords refuses gaps between offsets', () => {
  const builder = new RecordBatchBuilder(0)
  const record = toNewRecord(vectors.records[0] as VectorRecord, 0)
  builder.append(record)
  builder.append({ ...record, offset: 2 })
  const batch = builder.finish()
  const { refused } = checkRecords(readBatchHeader(batch), recordsOf(batch), anything)
  assert.deepEqual(
    refused.map(({ index }) => index),
    [1],
  )
})

test('a record count other than the header says is refused', () => {
  const batch = build(vectors.records).finish()
  const header = readBatchHeader(batch)
  for (const recordCount of [1, 3, 5, 100]) {
    assert.throws(
      () => checkRecords({ ...header, recordCount }, recordsOf(batch), anything),
      CodecError,
    )
  }
})

test('mutated batches are read or refused with a CodecError', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...batches),
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 5 }),
      ({ batch }, changes) => {
        const changed = Buffer.from(batch)
        for (const [at, octet] of changes) changed[at % changed.length] = octet
        try {
          checkRecords(readBatchHeader(changed), plainRecords(changed), anything)
        } catch (error) {
          if (!(error instanceof CodecError)) throw error
        }
      },
    ),
    { numRuns: 500 },
  )
})
