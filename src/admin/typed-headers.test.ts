import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { fieldTable, shortText, timestamp } from '../../test/support/amqp-arbitrary.ts'
import type { BrowsedMessage } from '../broker/browse/browsed-message.ts'
import { decodeContentHeader, encodeContentHeader } from '../record/message/content-header.ts'
import type { BasicProperties } from '../record/message/properties.gen.ts'
import { decodePayload } from './rabbitmq/decode-payload.ts'
import { encodeProperties, ownPropertiesSchema } from './rabbitmq/properties-json.ts'
import { readTypedHeaders } from './typed-headers.ts'
import { exportedJson } from './v1/exported-json.ts'

/** Names and texts that are no UTF-8, too. */
const name = fc.oneof(
  shortText,
  fc.string({ unit: fc.integer({ min: 0xdc80, max: 0xdcff }).map((n) => String.fromCharCode(n)) }),
)
const octet = fc.integer({ min: 0, max: 255 })
const properties = fc.record(
  {
    contentType: name,
    contentEncoding: shortText,
    headers: fieldTable,
    deliveryMode: octet,
    priority: octet,
    correlationId: name,
    replyTo: shortText,
    expiration: shortText,
    messageId: shortText,
    timestamp,
    type: shortText,
    userId: shortText,
    appId: name,
    clusterId: shortText,
  },
  { requiredKeys: [] },
)

test('what is exported is the same message when it is published again', () => {
  fc.assert(
    fc.property(properties, fc.uint8Array({ maxLength: 40 }), (given, bytes) => {
      const payload = Buffer.from(bytes)
      const header = encodeContentHeader(payload.length, given)
      // As it is read from the log.
      const decoded = decodeContentHeader(header, 0, header.length).properties
      const message: BrowsedMessage = {
        partition: undefined,
        offset: 0,
        timestamp: 0,
        state: undefined,
        exchange: '',
        routingKey: 'q',
        properties: decoded,
        payload,
        payloadSize: payload.length,
      }
      const line = JSON.parse(JSON.stringify(exportedJson(message))) as {
        readonly properties: unknown
        readonly payload: string
        readonly payload_encoding: 'string' | 'base64'
      }
      const published: BasicProperties = ownPropertiesSchema.parse(line.properties)
      assert.deepEqual(encodeProperties(published, payload.length), header)
      assert.deepEqual(decodePayload(line), payload)
    }),
  )
})

test('what is no typed header is refused in words', () => {
  const refused: readonly (readonly [unknown, RegExp])[] = [
    ['x', /without a type/],
    [{ name: 'a', value: 1 }, /no typed value/],
    [{ name: 5, type: 'bool', value: true }, /name is no text/],
    [{ name: 'a'.repeat(256), type: 'bool', value: true }, /name is no text/],
    [{ name: 'a', type: 'byte', value: 128 }, /no byte/],
    [{ name: 'a', type: 'long', value: 2 ** 60 }, /no long/],
    [{ name: 'a', type: 'timestamp', value: '-1' }, /no timestamp/],
    [{ name: 'a', type: 'longstr', value: '\ud800' }, /no longstr/],
    [{ name: 'a', type: 'binary', value: '!' }, /no binary/],
    [{ name: 'a', type: 'decimal', value: { scale: 256, unscaled: 0 } }, /no decimal/],
    [{ name: 'a', type: 'double', value: 'one' }, /no double/],
    [{ name: 'a', type: 'table', value: {} }, /no table/],
    [{ name: 'a', type: 'void', value: 0 }, /no void/],
    [{ name: 'a', type: 'constructor', value: 0 }, /no constructor/],
  ]
  for (const [entry, reason] of refused) {
    assert.throws(() => readTypedHeaders([entry]), reason, JSON.stringify(entry))
  }
  let deep: unknown = { name: 'a', type: 'void', value: null }
  for (let depth = 0; depth < 100; depth++) deep = { name: 'a', type: 'table', value: [deep] }
  assert.throws(() => readTypedHeaders([deep]), /too many tables/)
})
