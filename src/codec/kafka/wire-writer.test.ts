import assert from 'node:assert/strict'
import { test } from 'node:test'
import { kafkaLimits } from '../../limits/kafka.ts'
import { CodecError } from '../../record/codec-error.ts'
import { encodeResponse, readResponse, readResponseHeader } from './response.ts'
import { WireReader } from './wire-reader.ts'
import { WireWriter, type RecordsParts } from './wire-writer.ts'

function written(write: (writer: WireWriter) => void, isFlexible = false): Buffer {
  const writer = new WireWriter()
  writer.start()
  writer.isFlexible = isFlexible
  write(writer)
  return Buffer.concat(writer.finish()).subarray(4)
}

function fetchResponse(records: RecordsParts | null): readonly Buffer[] {
  const partition = { partitionIndex: 0, errorCode: 0, highWatermark: 9, records }
  return encodeResponse(
    new WireWriter(),
    { api: 'fetch', apiVersion: 12, correlationId: 1 },
    {
      throttleTimeMs: 0,
      responses: [
        {
          topic: 'orders',
          partitions: [
            { ...partition, abortedTransactions: null },
            { ...partition, abortedTransactions: null, records: null },
          ],
        },
      ],
    },
  )
}

function recordsRead(parts: readonly Buffer[]): Buffer | null | undefined {
  const reader = new WireReader()
  reader.reset(Buffer.concat(parts).subarray(4))
  readResponseHeader(reader, 'fetch', 12)
  const response = readResponse('fetch', reader, 12)
  reader.expectEnd()
  return response.responses[0]?.partitions[0]?.records as Buffer | null | undefined
}

test('large records are parts of the response as they are, small ones are copied', () => {
  const large = Buffer.alloc(kafkaLimits.copiedRecordsSizeMax + 1, 1)
  const small = Buffer.alloc(100, 2)
  const parts = fetchResponse([small, large, small, large])
  assert.equal(parts.filter((part) => part === large).length, 2)
  assert.equal(parts.length, 5)
  assert.equal(parts[0]?.readInt32BE(0), Buffer.concat(parts).length - 4)
  assert.ok(recordsRead(parts)?.equals(Buffer.concat([small, large, small, large])))
  assert.ok(recordsRead(fetchResponse(large))?.equals(large))
  assert.deepEqual(recordsRead(fetchResponse(null)), null)
  assert.deepEqual(recordsRead(fetchResponse([])), Buffer.alloc(0))
})

test('a response that outgrows its buffer again and again stays whole', () => {
  const pieces = Array.from({ length: 40 }, (_, index) =>
    Buffer.alloc(index % 5 === 4 ? kafkaLimits.copiedRecordsSizeMax + index : 10 * index, index),
  )
  const parts = fetchResponse(pieces)
  assert.ok(recordsRead(parts)?.equals(Buffer.concat(pieces)))
})

test('parts of one response are not touched by the next', () => {
  const writer = new WireWriter()
  const header = { api: 'heartbeat', apiVersion: 0, correlationId: 1 } as const
  const first = Buffer.concat(encodeResponse(writer, header, { errorCode: 1 }))
  const parts = encodeResponse(writer, header, { errorCode: 1 })
  encodeResponse(writer, { ...header, correlationId: 2 }, { errorCode: 3 })
  assert.deepEqual(Buffer.concat(parts), first)
})

test('a tagged field gets a size as wide as it needs', () => {
  for (const size of [0, 127, 128, 16_383, 16_384, 2_097_151, 2_097_152]) {
    const bytes = written((writer) => {
      const tags = writer.beginTags()
      const start = writer.beginTag(3)
      writer.records(Buffer.alloc(0))
      for (let left = size - 4; left > 0; left -= 4096) {
        writer.bytes(Buffer.alloc(Math.min(left, 4096)))
      }
      writer.endTag(tags, start)
    })
    const reader = new WireReader()
    reader.reset(bytes)
    reader.skipTags()
    reader.expectEnd()
  }
})

test('varints have the shortest form', () => {
  const cases = [
    [0, '00'],
    [127, '7f'],
    [128, '8001'],
    [300, 'ac02'],
    [0xffff_ffff, 'ffffffff0f'],
  ] as const
  for (const [value, hex] of cases) {
    const bytes = written((writer) => writer.unsignedVarint(value))
    assert.equal(bytes.toString('hex'), hex)
    const reader = new WireReader()
    reader.reset(bytes)
    assert.equal(reader.unsignedVarint(), value)
  }
})

test('values that do not fit their type are refused', () => {
  assert.throws(() => written((writer) => writer.int16(40_000)), RangeError)
  assert.throws(() => written((writer) => writer.int64(0.5)), RangeError)
  assert.throws(() => written((writer) => writer.uuid('short')), RangeError)
  assert.throws(() => written((writer) => writer.string('x'.repeat(40_000))), RangeError)
})

test('a field that the version can neither carry nor drop is refused', () => {
  const respond = (apiVersion: number): readonly Buffer[] =>
    encodeResponse(
      new WireWriter(),
      { api: 'findCoordinator', apiVersion, correlationId: 1 },
      {
        coordinators: [
          { key: 'g', nodeId: 1, host: 'h', port: 9092, errorCode: 0, errorMessage: '' },
        ],
      },
    )
  respond(4)
  assert.throws(() => respond(3), /FindCoordinatorResponse.coordinators is not in version 3/)
})

test('an array that claims more elements than there are bytes is refused at once', () => {
  for (const [isFlexible, hex] of [
    [false, '7fffffff00'],
    [true, 'ffffffff0f00'],
    [false, 'fffffffe'],
  ] as const) {
    const reader = new WireReader()
    reader.reset(Buffer.from(hex, 'hex'))
    reader.isFlexible = isFlexible
    assert.throws(() => reader.arrayCount(), CodecError)
  }
})

test('a message has a bounded number of array elements', () => {
  const reader = new WireReader()
  const count = kafkaLimits.kafkaElementsMax
  const bytes = Buffer.alloc(8 + count + 1)
  bytes.writeInt32BE(count, 0)
  bytes.writeInt32BE(1, 4)
  reader.reset(bytes)
  assert.equal(reader.arrayCount(), count)
  assert.throws(() => reader.arrayCount(), CodecError)
})
