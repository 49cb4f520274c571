import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import * as arbitrary from '../../../test/support/amqp-arbitrary.ts'
import { decodeContentHeader, encodeContentHeader } from './content-header.ts'
import { delayMsMax, delayMsOf, readDue, withDue, withoutDue } from './delays.ts'
import { fieldValue } from './field-table.ts'
import type { BasicProperties } from './properties.gen.ts'

const properties: fc.Arbitrary<BasicProperties> = fc.record(
  {
    contentType: arbitrary.shortText,
    headers: arbitrary.fieldTable,
    priority: fc.nat(255),
    expiration: fc.constant('1000'),
    messageId: arbitrary.shortText,
  },
  { requiredKeys: [] },
)

test('a due time is found in any message, and what is left without it shows the delay alone', () => {
  const delayMs = fc.integer({ min: 1, max: delayMsMax })
  const dueAt = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER })
  fc.assert(
    fc.property(properties, delayMs, dueAt, (message, delay, due) => {
      const before = encodeContentHeader(9, message)
      const buffer = Buffer.concat([Buffer.from('xx'), before, Buffer.from('yyy')])
      const kept = withDue({ buffer, start: 2, end: 2 + before.length }, delay, due)
      assert.equal(readDue(kept, 0), due)
      const sent = withoutDue({ buffer: kept, start: 0, end: kept.length })
      const { bodySize, properties: after } = decodeContentHeader(sent, 0, sent.length)
      const { headers: headersAfter, ...restAfter } = after
      const { headers, ...rest } = decodeContentHeader(before, 0, before.length).properties
      assert.equal(bodySize, 9)
      assert.deepEqual(restAfter, rest)
      const others = headers?.entries.filter(({ name }) => name !== 'x-delay') ?? []
      const delayed = { name: 'x-delay', value: { type: 'long', value: -delay } }
      assert.deepEqual(headersAfter?.entries, [...others, delayed])
    }),
  )
})

test('a delay is a whole number of milliseconds, and no longer than a timer of Erlang', () => {
  assert.equal(delayMsOf(undefined), 0)
  assert.equal(delayMsOf(fieldValue(delayMsMax)), delayMsMax)
  assert.equal(delayMsOf(fieldValue(delayMsMax + 1)), 0)
  assert.equal(delayMsOf(fieldValue(12.9)), 12)
  assert.equal(delayMsOf({ type: 'double', value: Number.NaN }), 0)
  assert.equal(delayMsOf({ type: 'double', value: Number.POSITIVE_INFINITY }), 0)
  assert.equal(delayMsOf(fieldValue('0012')), 12)
  for (const text of ['', ' 12', '1e3', '12.5', '0x10', '-12']) {
    assert.equal(delayMsOf(fieldValue(text)), 0, text)
  }
  assert.equal(delayMsOf({ type: 'timestamp', value: 12 }), 0)
})
