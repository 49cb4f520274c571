import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import * as arbitrary from '../../../test/support/amqp-arbitrary.ts'
import { readVectors, reviveFields, type VectorRow } from '../../../test/support/amqp-vector.ts'
import { CodecError } from '../codec-error.ts'
import * as header from './content-header.ts'
import { FieldTable, table } from './field-table.ts'
import { basicProperties, type BasicProperties } from './properties.gen.ts'

interface HeaderRow extends VectorRow {
  readonly bodySize: number
}

const properties: fc.Arbitrary<BasicProperties> = fc.record(
  {
    contentType: arbitrary.shortText,
    contentEncoding: arbitrary.shortText,
    headers: arbitrary.fieldTable,
    deliveryMode: fc.nat(255),
    priority: fc.nat(255),
    correlationId: arbitrary.shortText,
    replyTo: arbitrary.shortText,
    expiration: arbitrary.shortText,
    messageId: arbitrary.shortText,
    timestamp: arbitrary.timestamp,
    type: arbitrary.shortText,
    userId: arbitrary.shortText,
    appId: arbitrary.shortText,
    clusterId: arbitrary.shortText,
  },
  { requiredKeys: [], noNullPrototype: true },
)

/** Puts the payload between other bytes, so that reading outside of it shows. */
function embed(payload: Buffer): { buffer: Buffer; start: number; end: number } {
  const buffer = Buffer.alloc(payload.length + 32, 0xff)
  payload.copy(buffer, 16)
  return { buffer, start: 16, end: 16 + payload.length }
}

function validate(payload: Buffer): void {
  const { buffer, start, end } = embed(payload)
  header.validateContentHeader(buffer, start, end)
}

function isRefused(kind: CodecError['kind']): (error: unknown) => boolean {
  return (error) => error instanceof CodecError && error.kind === kind
}

for (const { name, hex, bodySize, value } of readVectors<HeaderRow>('content-headers.json')) {
  test(`content header with ${name} is decoded and encoded as other clients do`, () => {
    const payload = Buffer.from(hex, 'hex')
    const expected = reviveFields(value)
    const { buffer, start, end } = embed(payload)
    header.validateContentHeader(buffer, start, end)
    assert.deepEqual(header.decodeContentHeader(buffer, start, end), {
      bodySize,
      properties: expected,
    })
    assert.deepEqual(header.encodeContentHeader(bodySize, expected), payload)
  })
}

test('every set of properties survives a round trip and validates', () => {
  fc.assert(
    fc.property(properties, fc.maxSafeNat(), (original, bodySize) => {
      const { buffer, start, end } = embed(header.encodeContentHeader(bodySize, original))
      header.validateContentHeader(buffer, start, end)
      assert.deepEqual(header.decodeContentHeader(buffer, start, end), {
        bodySize,
        properties: original,
      })
    }),
  )
})

test('reading one property gives what decoding all gives', () => {
  fc.assert(
    fc.property(properties, (original) => {
      const { buffer, start, end } = embed(header.encodeContentHeader(7, original))
      assert.equal(header.readBodySize(buffer, start), 7)
      assert.equal(header.isPersistent(buffer, start, end), original.deliveryMode === 2)
      assert.equal(header.readDeliveryMode(buffer, start, end), original.deliveryMode)
      assert.equal(header.readPriority(buffer, start, end), original.priority)
      assert.equal(header.readCorrelationId(buffer, start, end), original.correlationId)
      assert.equal(header.readReplyTo(buffer, start, end), original.replyTo)
      assert.equal(header.readExpiration(buffer, start, end), original.expiration)
      assert.equal(header.readMessageId(buffer, start, end), original.messageId)
      assert.equal(header.readTimestamp(buffer, start, end), original.timestamp)
      assert.equal(header.readUserId(buffer, start, end), original.userId)
      assert.deepEqual(header.readHeaders(buffer, start, end), original.headers)
    }),
  )
})

test('findHeader() finds the first header of a name among others', () => {
  const headers = new FieldTable([
    ...table({ deep: { CC: 'no' }, CCC: 'no', C: 'no', list: ['CC'] }).entries,
    ...table({ CC: ['a'] }).entries,
    ...table({ CC: ['b'] }).entries,
  ])
  const payload = header.encodeContentHeader(0, { contentType: 'x', headers, deliveryMode: 2 })
  const { buffer, start, end } = embed(payload)
  assert.deepEqual(header.findHeader(buffer, start, end, 'CC'), {
    type: 'array',
    value: [{ type: 'longstr', value: 'a' }],
  })
  assert.equal(header.findHeader(buffer, start, end, 'BCC'), undefined)
})

test('findHeader() finds nothing where there are no headers', () => {
  const { buffer, start, end } = embed(header.encodeContentHeader(0, { deliveryMode: 2 }))
  assert.equal(header.findHeader(buffer, start, end, 'CC'), undefined)
})

test('a header that is too short is refused with 501', () => {
  const payload = header.encodeContentHeader(0, {})
  for (let size = 0; size < 12; size++) {
    assert.throws(() => validate(payload.subarray(0, size)), isRefused('frame_error'))
  }
})

test('a header of another class or with a weight is refused with 505', () => {
  const otherClass = header.encodeContentHeader(0, {})
  otherClass.writeUInt16BE(50, 0)
  assert.throws(() => validate(otherClass), isRefused('unexpected_frame'))
  const weighty = header.encodeContentHeader(0, {})
  weighty.writeUInt16BE(1, 2)
  assert.throws(() => validate(weighty), isRefused('unexpected_frame'))
})

test('malformed properties are refused with 502', () => {
  const full = header.encodeContentHeader(0, {
    contentType: 'x',
    headers: table({ a: 1 }),
    deliveryMode: 2,
    timestamp: 1,
  })
  for (let size = 12; size < full.length; size++) {
    assert.throws(() => validate(full.subarray(0, size)), isRefused('syntax_error'), `${size}`)
  }
  assert.throws(() => validate(Buffer.concat([full, Buffer.alloc(1)])), isRefused('syntax_error'))
  const continued = header.encodeContentHeader(0, {})
  continued.writeUInt16BE(1, 12)
  assert.throws(() => validate(continued), isRefused('syntax_error'))
})

test('the flag bit that no property has is ignored, as RabbitMQ does', () => {
  const payload = header.encodeContentHeader(0, {})
  payload.writeUInt16BE(2, 12)
  assert.doesNotThrow(() => validate(payload))
})

test('mutated headers are refused alike by validating and decoding; single reads never escape', () => {
  const mutated = fc
    .tuple(properties, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 3 }))
    .map(([original, changes]) => {
      const payload = header.encodeContentHeader(0, original)
      for (const [index, octet] of changes) {
        payload[index % payload.length] = octet
      }
      return payload
    })
  fc.assert(
    fc.property(fc.oneof(mutated, arbitrary.bytes), (payload) => {
      const { buffer, start, end } = embed(payload)
      const verdict = outcome(() => header.validateContentHeader(buffer, start, end))
      assert.equal(
        outcome(() => void header.decodeContentHeader(buffer, start, end)),
        verdict,
      )
      const reads = [
        outcome(() => void header.isPersistent(buffer, start, end)),
        outcome(() => void header.readUserId(buffer, start, end)),
        outcome(() => void header.readHeaders(buffer, start, end)),
        outcome(() => void header.findHeader(buffer, start, end, 'CC')),
      ]
      assert.ok(verdict !== 'accepted' || reads.every((read) => read === 'accepted'))
    }),
    { numRuns: 1000 },
  )
})

test('every property has a flag of its own, highest first', () => {
  const flags = basicProperties.map((property) => property.flag)
  assert.deepEqual(
    flags,
    Array.from({ length: 14 }, (_, index) => 0x8000 >> index),
  )
})

function outcome(action: () => void): string {
  try {
    action()
    return 'accepted'
  } catch (error) {
    assert.ok(error instanceof CodecError, String(error))
    return error.kind
  }
}
