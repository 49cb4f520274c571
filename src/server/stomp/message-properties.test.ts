import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { FrameHeaders } from '../../codec/stomp/frame-headers.ts'
import { FrameReader } from '../../codec/stomp/frame-reader.ts'
import { stompVersions, type StompVersion } from '../../codec/stomp/stomp-version.ts'
import { encodeContentHeader } from '../../record/message/content-header.ts'
import { headerLinesOf, propertiesOf } from './message-properties.ts'
import { StompError } from './stomp-error.ts'

/** What a client gets that reads MESSAGE. */
function throughMessage(headers: FrameHeaders, version: StompVersion): Map<string, string> {
  const header = encodeContentHeader(3, propertiesOf(headers))
  const view = { buffer: header, headerStart: 0, headerEnd: header.length }
  const reader = new FrameReader()
  reader.version = version
  reader.frameSizeMax = 10_000_000
  reader.push(Buffer.from(`MESSAGE\n${headerLinesOf(view, version)}\nabc\0`))
  assert.ok(reader.next())
  return new Map(reader.headers.entries())
}

const text = fc.string({ unit: 'binary', maxLength: 60 })
const controls = ['destination', 'receipt', 'transaction', 'content-length', 'ack']
const known = {
  'content-type': text,
  'content-encoding': text,
  'correlation-id': text,
  'reply-to': text.map((name) => `/queue/${name}`),
  expiration: fc.nat().map(String),
  'amqp-message-id': text,
  type: text,
  'user-id': text,
  'app-id': text,
  priority: fc.nat(255).map(String),
  timestamp: fc.nat().map(String),
  persistent: fc.constant('true'),
}
const others = fc.dictionary(text, text, { maxKeys: 5 })

test('headers of SEND are those of MESSAGE, but for what was for the broker', () => {
  fc.assert(
    fc.property(fc.record(known, { requiredKeys: [] }), others, (properties, own) => {
      const names = [
        ...Object.keys(known),
        'subscription',
        'message-id',
        'redelivered',
        ...controls,
      ]
      const free = Object.entries(own).filter(([name]) => !names.includes(name))
      const sent = { ...Object.fromEntries(free), ...properties }
      const headers = FrameHeaders.of({ ...sent, destination: '/queue/a', receipt: 'r', ack: 'x' })
      assert.deepEqual(throughMessage(headers, '1.2'), new Map(Object.entries(sent)))
    }),
  )
})

test('whatever the headers are, MESSAGE is a frame in every version', () => {
  const unit = fc.constantFrom('\n', '\r', ':', '\\', 'n', 'ü', '\0', ' ')
  const odd = fc.string({ unit, maxLength: 8 })
  fc.assert(
    fc.property(fc.dictionary(odd, odd), fc.constantFrom(...stompVersions), (sent, version) => {
      const headers = FrameHeaders.of(sent)
      assert.equal(throughMessage(headers, version).size <= headers.size, true)
    }),
  )
})

test('values that cannot be properties are refused', () => {
  for (const headers of [
    { priority: '256' },
    { priority: '1.5' },
    { timestamp: '-1' },
    { 'content-type': 'x'.repeat(256) },
    { ['n'.repeat(256)]: 'x' },
  ]) {
    assert.throws(() => propertiesOf(FrameHeaders.of(headers)), StompError)
  }
})
