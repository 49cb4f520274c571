import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { bytes, fieldTable, shortText } from '../../../test/support/amqp-arbitrary.ts'
import { decodeContentHeader, encodeContentHeader } from '../../record/message/content-header.ts'
import { FieldTable } from '../../record/message/field-table.ts'
import type { BasicProperties } from '../../record/message/properties.gen.ts'
import { RecordView } from '../../record/message/record-view.ts'
import { StreamPosition } from './stream-position.ts'

const properties: fc.Arbitrary<BasicProperties> = fc.record(
  {
    contentType: shortText,
    contentEncoding: shortText,
    headers: fieldTable,
    deliveryMode: fc.integer({ min: 0, max: 255 }),
    messageId: shortText,
  },
  { requiredKeys: [] },
)

const positionNames = ['x-stream-offset', 'x-stream-partition']

test('a delivery has its position after its own headers, and nothing else changes', () => {
  const position = new StreamPosition()
  fc.assert(
    fc.property(properties, bytes, fc.maxSafeNat(), fc.nat(), (given, body, offset, partition) => {
      const address = Buffer.from('\x01x\x01k')
      const header = encodeContentHeader(body.length, given)
      const record = new RecordView()
      record.offset = offset
      record.buffer = Buffer.concat([Buffer.from('before'), address, header, body])
      record.addressStart = 6
      record.headerStart = record.addressStart + address.length
      record.headerEnd = record.headerStart + header.length
      record.body = record.buffer
      record.bodyStart = record.headerEnd
      record.bodyEnd = record.buffer.length
      const view = position.add(record, partition)
      assert.deepEqual(view.buffer.subarray(view.addressStart, view.headerStart), address)
      assert.deepEqual(view.body.subarray(view.bodyStart, view.bodyEnd), body)
      const seen = decodeContentHeader(view.buffer, view.headerStart, view.headerEnd)
      const own = given.headers?.entries.filter(({ name }) => !positionNames.includes(name)) ?? []
      const headers = new FieldTable([
        ...own,
        { name: 'x-stream-offset', value: { type: 'long', value: offset } },
        { name: 'x-stream-partition', value: { type: 'signedint', value: partition } },
      ])
      assert.deepEqual(seen, { bodySize: body.length, properties: { ...given, headers } })
    }),
  )
})

test('a position that the message had elsewhere is replaced', () => {
  const old = { name: 'x-stream-offset', value: { type: 'long', value: 9 } } as const
  const record = new RecordView()
  record.offset = 2 ** 40
  record.buffer = encodeContentHeader(0, { headers: new FieldTable([old]) })
  record.headerEnd = record.buffer.length
  const view = new StreamPosition().add(record, 3)
  const { properties: seen } = decodeContentHeader(view.buffer, view.headerStart, view.headerEnd)
  assert.deepEqual(seen.headers?.entries, [
    { name: 'x-stream-offset', value: { type: 'long', value: 2 ** 40 } },
    { name: 'x-stream-partition', value: { type: 'signedint', value: 3 } },
  ])
})
