import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RecordBatchBuilder, type BatchOptions } from '../record/batch/batch-builder.ts'
import { batchField, hasValidCrc, readBatchHeader } from '../record/batch/batch-header.ts'
import { cleanBatches } from './clean-batches.ts'
import { MoveError } from './move-error.ts'

/** Two records, unless it is a control batch, whose one record says how a transaction ended. */
function batch(baseOffset: number, options: BatchOptions = {}, isCommit = true): Buffer {
  const builder = new RecordBatchBuilder(baseOffset)
  const key = options.isControl === true ? Buffer.from([0, 0, 0, isCommit ? 1 : 0]) : null
  const count = options.isControl === true ? 1 : 2
  for (let n = 0; n < count; n++) {
    const value = Buffer.from(`${baseOffset + n}`)
    builder.append({ offset: baseOffset + n, timestamp: 1000, key, value, headers: [] })
  }
  return builder.finish(options)
}

const transactional = (producerId: number): BatchOptions => ({
  isTransactional: true,
  producerId,
  producerEpoch: 0,
  baseSequence: 0,
})
const marker = (producerId: number): BatchOptions => ({
  ...transactional(producerId),
  isControl: true,
})

const shape = (records: Buffer, from: number, aborted: Parameters<typeof cleanBatches>[2] = []) =>
  cleanBatches(records, from, aborted).map(({ bytes, end, recordCount }) => ({
    base: bytes && readBatchHeader(bytes).baseOffset,
    end,
    recordCount,
  }))

test('batches of plain producers stay byte for byte what they were', () => {
  const [first, second] = [batch(5, { compression: 'gzip' }), batch(9)]
  const cleaned = cleanBatches(Buffer.concat([first, second]), 5, [])
  assert.deepEqual(
    cleaned.map(({ bytes }) => bytes),
    [first, second],
  )
  assert.deepEqual(
    cleaned.map(({ end }) => end),
    [7, 11],
  )
})

test('producers and transactions are forgotten, and nothing else', () => {
  const original = batch(0, { ...transactional(7), compression: 'gzip' })
  const [cleaned] = cleanBatches(Buffer.from(original), 0, [])
  const bytes = cleaned?.bytes
  assert.ok(bytes !== undefined && hasValidCrc(bytes))
  assert.deepEqual(readBatchHeader(bytes), {
    ...readBatchHeader(original),
    isTransactional: false,
    producerId: -1,
    producerEpoch: -1,
    baseSequence: -1,
  })
  const records = batchField.recordCount
  assert.deepEqual(bytes.subarray(records), original.subarray(records))
})

test('markers and aborted transactions are left out, those of others between them are not', () => {
  const records = Buffer.concat([
    batch(0, transactional(1)),
    batch(2, transactional(2)),
    batch(4, marker(1), false),
    batch(5, transactional(1)),
    batch(7, marker(1)),
    batch(8, marker(2)),
  ])
  assert.deepEqual(shape(records, 0, [{ producerId: 1, firstOffset: 0 }]), [
    { base: undefined, end: 2, recordCount: 0 },
    { base: 2, end: 4, recordCount: 2 },
    { base: undefined, end: 5, recordCount: 0 },
    { base: 5, end: 7, recordCount: 2 },
    { base: undefined, end: 8, recordCount: 0 },
    { base: undefined, end: 9, recordCount: 0 },
  ])
})

test('what is here already is left out, and what is cut off comes later', () => {
  const records = Buffer.concat([batch(0), batch(2), batch(4)])
  assert.deepEqual(shape(records.subarray(0, -1), 2), [{ base: 2, end: 4, recordCount: 2 }])
  assert.deepEqual(shape(Buffer.alloc(0), 0), [])
  assert.throws(() => cleanBatches(records, 1, []), MoveError)
})

test('records of before Kafka 0.11 are refused', () => {
  const old = batch(0)
  old.writeInt8(1, batchField.magic)
  assert.throws(() => cleanBatches(old, 0, []), /format 1/)
})
