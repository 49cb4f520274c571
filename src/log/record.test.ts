import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  crcOfBatch,
  batchField,
  batchHeaderSize,
  batchMagic,
} from '../record/batch/batch-header.ts'
import { sourceFrom } from '../record/message/fill-source.ts'
import { recordSizeAt } from '../record/message/message-record.ts'
import { RecordSource } from '../record/message/record-source.ts'
import { RecordView } from '../record/message/record-view.ts'
import { appendRecord, readRecord } from './record.ts'
import { Run } from './run.ts'
import { SharedBodies } from './shared-bodies.ts'

const bytes = (maxLength: number): fc.Arbitrary<Buffer> =>
  fc.uint8Array({ maxLength }).map((array) => Buffer.from(array))

const message = fc.record({
  address: bytes(300),
  header: bytes(80),
  body: bytes(2000),
  gap: fc.nat(5),
  laterMs: fc.integer({ min: -1000, max: 100_000 }),
  isShared: fc.boolean(),
})

test('records come back from the bytes of a sealed run as they went in', () => {
  fc.assert(
    fc.property(fc.array(message, { minLength: 1, maxLength: 20, size: 'max' }), (messages) => {
      const start = 1_700_000_000_000
      const run = new Run(5_000_000_000, start, 0)
      run.shared = new SharedBodies(Buffer.alloc(1))
      let offset = run.baseOffset
      const offsets: number[] = []
      for (const { address, header, body, gap, laterMs, isShared } of messages) {
        const source = sourceFrom({ address, header, body })
        source.sharedPosition = isShared ? run.shared.add(body, 0, body.length) : -1
        appendRecord(run, offset, start + laterMs, source)
        offsets.push(offset)
        offset += 1 + gap
      }
      run.seal(7, 1234)
      const read = Run.fromBytes(Buffer.from(run.bytes()))
      read.shared = run.shared
      assert.equal(read.lastOffset, offsets.at(-1))
      assert.equal(read.recordCount, messages.length)
      assert.equal(read.leaderEpoch, 7)
      assert.equal(read.sharedPosition, 1234)
      const view = new RecordView()
      let position = batchHeaderSize
      for (const [index, { address, header, body, laterMs }] of messages.entries()) {
        const size = recordSizeAt(read.buffer, position)
        const next = readRecord(read, position, view, undefined)
        assert.equal(next, position + size)
        position = next
        assert.equal(view.offset, offsets[index])
        assert.equal(view.timestamp, start + Math.max(0, laterMs))
        assert.deepEqual(view.buffer.subarray(view.addressStart, view.headerStart), address)
        assert.deepEqual(view.buffer.subarray(view.headerStart, view.headerEnd), header)
        assert.deepEqual(view.body.subarray(view.bodyStart, view.bodyEnd), body)
      }
      assert.equal(position, read.size)
    }),
    { numRuns: 200 },
  )
})

test('the header of a run is that of a Kafka record batch', () => {
  const run = new Run(3, 1000, 0)
  appendRecord(run, 3, 1000, new RecordSource())
  appendRecord(run, 9, 1500, new RecordSource())
  run.seal(2, -1)
  const { buffer } = run
  assert.equal(buffer.readBigInt64BE(batchField.baseOffset), 3n)
  assert.equal(buffer.readInt32BE(batchField.length), run.size - 12)
  assert.equal(buffer.readInt32BE(batchField.leaderEpoch), 2)
  assert.equal(buffer.readInt8(batchField.magic), batchMagic.messages)
  assert.equal(buffer.readInt32BE(batchField.lastOffsetDelta), 6)
  assert.equal(buffer.readBigInt64BE(batchField.baseTimestamp), 1000n)
  assert.equal(buffer.readBigInt64BE(batchField.maxTimestamp), 1500n)
  assert.equal(buffer.readInt32BE(batchField.recordCount), 2)
  assert.equal(buffer.readUInt32BE(batchField.crc), crcOfBatch(buffer, run.size))
})
