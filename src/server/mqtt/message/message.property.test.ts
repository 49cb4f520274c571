// What is published by MQTT comes back as it was, and every table of AMQP and Kafka becomes something that MQTT can say.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { PacketReader } from '../../../codec/mqtt/packet-reader.ts'
import { noProperties, type Properties } from '../../../codec/mqtt/properties.ts'
import {
  OutgoingPublish,
  PublishPacket,
  publishSize,
  readPublish,
  writePublish,
} from '../../../codec/mqtt/publish.ts'
import { decodeAddress, encodeAddress } from '../../../record/message/address.ts'
import {
  decodeContentHeader,
  encodeContentHeader,
  validateContentHeader,
} from '../../../record/message/content-header.ts'
import { fieldValue, table } from '../../../record/message/field-table.ts'
import { sourceFrom } from '../../../record/message/fill-source.ts'
import type { BasicProperties } from '../../../record/message/properties.gen.ts'
import {
  asksToBeRetained,
  isKeyExact,
  publishQosOf,
  topicOfRecord,
} from '../../../record/message/published-topic.ts'
import { RecordSource } from '../../../record/message/record-source.ts'
import { viewOfSource } from '../../../record/message/view-of-source.ts'
import { PublishToRecord, type PublishedMessage } from './publish-to-record.ts'
import { bytesOfSource, bytesOfView, contentOf } from './record-to-publish.ts'

const now = 1_800_000_000_000

/** Text that may be in a packet. */
const texts = (maxLength: number): fc.Arbitrary<string> =>
  fc.oneof(
    fc.string({
      unit: fc.constantFrom('a', 'B', '/', '.', '*', '-', ' ', 'ü', '€', '😀'),
      maxLength,
    }),
    fc.string({ unit: fc.constantFrom('x'), minLength: 250, maxLength: 300 }),
  )
const topics = fc
  .string({ unit: fc.constantFrom('a', 'b', '/', '.', '*', '$', 'ü'), minLength: 1, maxLength: 40 })
  .filter((topic) => Buffer.byteLength(topic) <= 255)
const names = fc.oneof(
  texts(3),
  fc.constantFrom('mqtt.topic', 'x-mqtt-retain', 'CC', 'x-mqtt-user-properties', 'x-death'),
)
const properties: fc.Arbitrary<Properties> = fc
  .record(
    {
      payloadFormat: fc.constant(1),
      messageExpiry: fc.oneof(fc.nat(100), fc.constantFrom(315_360_000, 315_360_001, 2 ** 32 - 1)),
      contentType: texts(10),
      responseTopic: topics,
      correlationData: fc.oneof(
        fc.uint8Array({ maxLength: 8 }).map((bytes) => Buffer.from(bytes)),
        texts(100).map((text) => Buffer.from(text)),
      ),
      userProperties: fc
        .array(fc.tuple(names, texts(5)), { minLength: 1, maxLength: 6 })
        .map((pairs) => pairs.flat()),
    },
    { requiredKeys: [] },
  )
  .map((given) => (Object.keys(given).length === 0 ? noProperties : given))

interface Published {
  readonly topic: string
  readonly qos: 0 | 1 | 2
  readonly isRetained: boolean
  readonly payload: Buffer
  readonly properties: Readonly<Properties>
}

const published: fc.Arbitrary<Published> = fc.record({
  topic: topics,
  qos: fc.constantFrom(0, 1, 2),
  isRetained: fc.boolean(),
  payload: fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
  properties,
})

function sourceOf(message: Published, converter = new PublishToRecord('amq.topic')): RecordSource {
  const topic = Buffer.from(message.topic)
  const source = new RecordSource()
  const bytes = Buffer.concat([topic, message.payload])
  const published: PublishedMessage = {
    ...message,
    buffer: bytes,
    payloadStart: topic.length,
    payloadEnd: bytes.length,
  }
  assert(converter.convert(published, { buffer: bytes, start: 0, end: topic.length }, source))
  return source
}

/** What a client of MQTT 5 gets, having gone over the wire. */
function delivered(
  content: { readonly topic: Buffer; readonly properties: Buffer },
  body: Buffer,
): { readonly topic: string; readonly payload: Buffer; readonly properties: Properties } {
  const outgoing = new OutgoingPublish()
  Object.assign(outgoing, { ...content, payload: body, payloadEnd: body.length })
  const packet = Buffer.alloc(publishSize(outgoing, 5))
  writePublish(packet, 0, outgoing, 5)
  const reader = new PacketReader('server', 2 ** 28)
  reader.version = 5
  reader.push(packet)
  assert(reader.next())
  const got = new PublishPacket()
  readPublish(reader, got, 'server')
  return {
    topic: got.buffer.toString('utf8', got.topicStart, got.topicEnd),
    payload: Buffer.from(got.buffer.subarray(got.payloadStart, got.payloadEnd)),
    properties: { ...got.properties },
  }
}

test('a PUBLISH comes back as it was, from what is stored and from what has just come', () => {
  const converter = new PublishToRecord('amq.topic')
  fc.assert(
    fc.property(published, (message) => {
      const source = sourceOf(message, converter)
      validateContentHeader(source.header, source.headerStart, source.headerEnd)
      const { topic, payload, properties: wanted, qos, isRetained } = message
      assert.deepEqual(decodeAddress(source.address, 0).exchange, 'amq.topic')
      assert.equal(source.topic, isKeyExact(topic) ? undefined : topic)
      const view = viewOfSource(source)
      view.timestamp = now
      assert.equal(topicOfRecord(view), topic)
      assert.equal(publishQosOf(view), qos)
      assert.equal(asksToBeRetained(view), isRetained)
      for (const bytes of [bytesOfView(view), bytesOfSource(source, now)]) {
        const content = contentOf(bytes, now, { hasProperties: true })
        assert(content !== undefined)
        const body = bytes.body.subarray(bytes.bodyStart, bytes.bodyEnd)
        const got = delivered(content, body)
        assert.deepEqual(got, { topic, payload, properties: { ...wanted } })
        const old = contentOf(bytes, now, { hasProperties: false })
        assert.deepEqual([old?.topic.toString(), old?.properties.length], [topic, 0])
      }
    }),
    { numRuns: 200 },
  )
})

test('a message without properties has no table of headers, and its header is made once', () => {
  const converter = new PublishToRecord('amq.topic')
  const message = { qos: 1, isRetained: false, properties: noProperties } as const
  const one = sourceOf({ ...message, topic: 'a/b', payload: Buffer.alloc(3) }, converter)
  const { header } = one
  assert.deepEqual(decodeContentHeader(header, 0, header.length), {
    bodySize: 3,
    properties: { deliveryMode: 2 },
  })
  assert.equal(decodeAddress(one.address, 0).routingKey, 'a.b')
  assert.equal(
    sourceOf({ ...message, topic: 'c', payload: Buffer.alloc(70_000) }, converter).header,
    header,
  )
  assert.equal(decodeContentHeader(header, 0, header.length).bodySize, 70_000)
})

test('a topic of 255 bytes is a routing key, a longer one is refused', () => {
  const source = new RecordSource()
  const message = { qos: 0, isRetained: false, properties: noProperties }
  const empty = { ...message, buffer: Buffer.alloc(0), payloadStart: 0, payloadEnd: 0 }
  const taken = (topic: string): boolean => {
    const buffer = Buffer.from(topic)
    const view = { buffer, start: 0, end: buffer.length }
    return new PublishToRecord('amq.topic').convert(empty, view, source)
  }
  assert.equal(taken('ü'.repeat(127)), true)
  assert.equal(taken('a'.repeat(255)), true)
  assert.equal(taken('a'.repeat(256)), false)
  assert.equal(taken('ü'.repeat(128)), false)
})

/** What AMQP's clients read of a PUBLISH. */
function seenByAmqp(properties: Properties, topic = 'a/b'): BasicProperties {
  const source = sourceOf({
    topic,
    qos: 1,
    isRetained: false,
    payload: Buffer.alloc(0),
    properties,
  })
  return decodeContentHeader(source.header, source.headerStart, source.headerEnd).properties
}

test("AMQP's clients see properties as RabbitMQ's do", () => {
  assert.deepEqual(
    seenByAmqp({
      messageExpiry: 12,
      contentType: 'text/plain',
      responseTopic: 'answers/me',
      correlationData: Buffer.from('é1'),
      userProperties: ['b', '1', 'a', '2'],
    }),
    {
      deliveryMode: 2,
      contentType: 'text/plain',
      correlationId: 'é1',
      expiration: '12000',
      headers: table({ 'x-reply-to-topic': 'answers.me', b: '1', a: '2' }),
    },
  )
  const bytes = Buffer.from([1, 0, 255])
  assert.deepEqual(seenByAmqp({ correlationData: bytes }).headers?.get('x-correlation-id'), {
    type: 'longstr',
    value: bytes,
  })
})

test('doubled names and names of the broker are kept beside the headers', () => {
  const pairs = ['k', '1', 'k', '2', 'mqtt.topic', 'x', 'CC', 'y']
  const { headers } = seenByAmqp({ userProperties: pairs })
  assert.deepEqual(headers, table({ k: '1', 'x-mqtt-user-properties': pairs }))
  const { headers: dotted } = seenByAmqp({ userProperties: pairs }, 'a.b')
  assert.equal(dotted?.findText('mqtt.topic'), 'a.b')
})

/** What a client of MQTT 5 gets of a message of AMQP; undefined when it gets none. */
function fromAmqp(
  routingKey: string,
  properties: BasicProperties = {},
  waitedMs = 0,
): ReturnType<typeof delivered> | undefined {
  const source = sourceFrom({
    address: encodeAddress('amq.topic', routingKey),
    header: encodeContentHeader(0, properties),
    body: Buffer.alloc(0),
  })
  const bytes = bytesOfSource(source, now)
  const content = contentOf(bytes, now + waitedMs, { hasProperties: true })
  return content && delivered(content, Buffer.alloc(0))
}

test('routing keys become topics, and what is no topic goes to nobody', () => {
  for (const [key, topic] of [
    ['a.b', 'a/b'],
    ['a/b.c', 'a/b/c'],
    ['a.*.b', 'a/*/b'],
    ['.a.', '/a/'],
    ['ü.€', 'ü/€'],
    ['', undefined],
    ['a.#', undefined],
    ['a+', undefined],
    ['a\0b', undefined],
    ['a\u0001b', undefined],
  ] as const) {
    assert.equal(fromAmqp(key)?.topic, topic, key)
  }
})

test('of headers those with one value become user properties, as text', () => {
  const headers = table({
    text: 'one',
    number: 7,
    large: 2n ** 40n,
    half: 0.5,
    yes: true,
    list: ['a'],
    table: { a: 1 },
    nothing: null,
    bytes: Buffer.from([0xff]),
    control: 'a\u0001',
    'x-mqtt-retain': true,
    'x-reply-to-topic': 'to.me',
    'x-correlation-id': Buffer.from([1, 2]),
  })
  const got = fromAmqp('k', { headers, replyTo: 'amq.rabbitmq.reply-to', type: 't', priority: 3 })
  assert.deepEqual(got?.properties, {
    responseTopic: 'to/me',
    correlationData: Buffer.from([1, 2]),
    userProperties: [
      'text',
      'one',
      'number',
      '7',
      'large',
      '1099511627776',
      'half',
      '0.5',
      'yes',
      'true',
    ],
  })
})

test('the time that a message waited is taken off, and one whose time is over goes to nobody', () => {
  const expiry = (waitedMs: number): number | undefined =>
    fromAmqp('k', { expiration: '12707' }, waitedMs)?.properties.messageExpiry
  assert.deepEqual([expiry(0), expiry(999), expiry(1000), expiry(12_000)], [12, 12, 11, 0])
  assert.equal(fromAmqp('k', { expiration: '12707' }, 12_708), undefined)
  const old = seenByAmqp({ messageExpiry: 2 ** 32 - 1 })
  assert.deepEqual(old.headers?.get('x-mqtt-message-expiry'), {
    type: 'unsignedint',
    value: 2 ** 32 - 1,
  })
  assert.equal(fromAmqp('k', old, 5000)?.properties.messageExpiry, 2 ** 32 - 6)
})

test('whatever AMQP has, the packet is one that clients take', () => {
  const anyText = fc.string({ unit: 'binary', maxLength: 20 })
  const values = fc
    .oneof(
      anyText,
      fc.double({ noNaN: true }),
      fc.boolean(),
      fc.uint8Array({ maxLength: 9 }).map((bytes) => Buffer.from(bytes)),
      fc.constant('x'.repeat(66_000)),
    )
    .map((value) => fieldValue(value))
  const known = fc.constantFrom(
    'x-reply-to-topic',
    'x-correlation-id',
    'mqtt.topic',
    'x-mqtt-payload-format',
    'x-mqtt-user-properties',
  )
  fc.assert(
    fc.property(
      anyText,
      fc.array(fc.tuple(fc.oneof(anyText, known), values), { maxLength: 8 }),
      anyText,
      (key, entries, contentType) => {
        const size = Buffer.byteLength(key)
        fc.pre(size <= 255 && entries.every(([name]) => Buffer.byteLength(name) <= 255))
        const headers = table({}).entries.concat(entries.map(([name, value]) => ({ name, value })))
        fromAmqp(key, { contentType, headers: Object.assign(table({}), { entries: headers }) })
      },
    ),
    { numRuns: 100 },
  )
})
