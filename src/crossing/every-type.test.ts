// The tables of docs/crossing.md, row by row and in both directions: a property or a type that is added
// to the codec does not compile here until it has a row.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  batchOf,
  convert,
  logNamed,
  messagesIn,
  type PlainRecord,
  recordsIn,
  runOf,
} from '../../test/support/crossing-run.ts'
import { encodeAddress } from '../record/message/address.ts'
import { decodeContentHeader } from '../record/message/content-header.ts'
import { type FieldEntry, FieldTable, type FieldValue } from '../record/message/field-table.ts'
import type { BasicProperties } from '../record/message/properties.gen.ts'
import { kafkaHeader, mappedProperties } from './crossing-map.ts'
import { toKafkaBatch } from './to-kafka-batch.ts'

const log = logNamed('orders')
const now = 1_700_000_000_000
const body = Buffer.from('body')

type Headers = PlainRecord['headers']

/** The Kafka headers of a message with these properties, without its address. */
function toKafka(properties: BasicProperties, address = ['', 'orders']): Headers {
  const [exchange, routingKey] = address as [string, string]
  const message = { offset: 5, timestamp: now, exchange, routingKey, properties, body }
  const [record] = recordsIn(toKafkaBatch(log, runOf([message])) as Buffer)
  const names: readonly string[] = [kafkaHeader.exchange, kafkaHeader.routingKey]
  return record!.headers.filter(({ key }) => !names.includes(key))
}

/** What an AMQP consumer gets of a record with these headers, written by a Kafka client. */
function toAmqp(headers: Headers, rest: Partial<PlainRecord> = {}): BasicProperties {
  const record = { offset: 5, timestamp: -1, key: null, value: body, headers, ...rest }
  const [message] = messagesIn(log, convert(log, batchOf([record])))
  return decodeContentHeader(message!.header, 0, message!.header.length).properties
}

/** Bytes of a text or as they are, as a Kafka header. */
const header = (key: string, value: string | Buffer | null): Headers[number] => ({
  key,
  value: typeof value === 'string' ? Buffer.from(value) : value,
})

const entriesOf = ({ headers }: BasicProperties): readonly FieldEntry[] => headers?.entries ?? []

describe('every property', () => {
  const rows: Record<
    Exclude<keyof BasicProperties, 'headers'>,
    readonly [header: string, value: string | number | bigint, text: string]
  > = {
    contentType: [
      'amqp.content-type',
      'text/plain; charset="utf-8"',
      'text/plain; charset="utf-8"',
    ],
    contentEncoding: ['amqp.content-encoding', 'gzip', 'gzip'],
    deliveryMode: ['amqp.delivery-mode', 2, '2'],
    priority: ['amqp.priority', 255, '255'],
    correlationId: ['amqp.correlation-id', 'ü-1', 'ü-1'],
    replyTo: ['amqp.reply-to', 'amq.rabbitmq.reply-to', 'amq.rabbitmq.reply-to'],
    expiration: ['amqp.expiration', '60000', '60000'],
    messageId: ['amqp.message-id', '', ''],
    timestamp: ['amqp.timestamp', 2n ** 64n - 1n, '18446744073709551615'],
    type: ['amqp.type', 'x'.repeat(255), 'x'.repeat(255)],
    userId: ['amqp.user-id', 'guest', 'guest'],
    appId: ['amqp.app-id', 'shop', 'shop'],
    clusterId: ['amqp.cluster-id', 'c', 'c'],
  }

  for (const [property, [name, value, text]] of Object.entries(rows)) {
    it(`${property} from AMQP is ${name} in Kafka`, () => {
      assert.deepEqual(toKafka({ [property]: value }), [header(name, text)])
    })

    const isTaken = property !== 'userId'
    it(`${name} from Kafka is ${isTaken ? property : 'a header'} in AMQP`, () => {
      const seen = toAmqp([header(name, text)])
      if (isTaken) assert.deepEqual(seen, { [property]: value })
      else assert.deepEqual(entriesOf(seen), [{ name, value: { type: 'longstr', value: text } }])
    })
  }

  it('has a row in the map', () => {
    const mapped = mappedProperties.map((row) => row.header)
    assert.deepEqual(
      mapped,
      Object.values(rows).map(([name]) => name),
    )
  })

  it('whose header has a value that it cannot take is a header', () => {
    for (const [name, text] of [
      ['amqp.type', 'x'.repeat(256)],
      ['amqp.priority', '256'],
      ['amqp.priority', '-1'],
      ['amqp.delivery-mode', '02'],
      ['amqp.timestamp', '18446744073709551616'],
      ['amqp.timestamp', 'now'],
    ] as const) {
      const given = [header(name, text)]
      const seen = toAmqp(given)
      assert.deepEqual(entriesOf(seen), [{ name, value: { type: 'longstr', value: text } }])
    }
    const twice = toAmqp([header('amqp.type', 'a'), header('amqp.type', 'b')])
    assert.equal(twice.type, 'a')
    assert.deepEqual(entriesOf(twice), [{ name: 'amqp.type', value: text('b') }])
    const absent = toAmqp([header('amqp.type', null)])
    assert.deepEqual(entriesOf(absent), [
      { name: 'amqp.type', value: { type: 'void', value: null } },
    ])
  })
})

const text = (value: string): FieldValue => ({ type: 'longstr', value })
const binary = (...bytes: number[]): Buffer => Buffer.from(bytes)
const nested = new FieldTable([
  { name: 'a', value: { type: 'signedint', value: 1 } },
  { name: 'b', value: { type: 'array', value: [{ type: 'void', value: null }, text('c')] } },
])

type TypeName = FieldValue['type']
type Sample = readonly [
  value: FieldValue['value'],
  bytes: string | Buffer | null,
  isNoted?: 'noted',
]

describe('every type of header', () => {
  const samples: Readonly<Record<TypeName, readonly Sample[]>> = {
    longstr: [
      ['grüße', 'grüße'],
      ['', ''],
      [binary(0xff, 0xfe), binary(0xff, 0xfe), 'noted'],
    ],
    binary: [
      [binary(0xff, 0), binary(0xff, 0)],
      [Buffer.from('text'), 'text', 'noted'],
    ],
    void: [[null, null]],
    bool: [
      [true, 'true', 'noted'],
      [false, 'false', 'noted'],
    ],
    byte: [[-128, '-128', 'noted']],
    unsignedbyte: [[255, '255', 'noted']],
    short: [[-32_768, '-32768', 'noted']],
    unsignedshort: [[65_535, '65535', 'noted']],
    signedint: [[-2_147_483_648, '-2147483648', 'noted']],
    unsignedint: [[4_294_967_295, '4294967295', 'noted']],
    long: [
      [5, '5', 'noted'],
      [-(2n ** 63n), '-9223372036854775808', 'noted'],
    ],
    timestamp: [
      [1_700_000_000, '1700000000', 'noted'],
      [2n ** 64n - 1n, '18446744073709551615', 'noted'],
    ],
    float: [
      [0.5, '0.5', 'noted'],
      [Number.NaN, 'NaN', 'noted'],
    ],
    double: [
      [0.1, '0.1', 'noted'],
      [-0, '-0', 'noted'],
      [Number.POSITIVE_INFINITY, 'Infinity', 'noted'],
      [Number.NEGATIVE_INFINITY, '-Infinity', 'noted'],
    ],
    decimal: [
      [{ scale: 2, unscaled: 314 }, '3.14', 'noted'],
      [{ scale: 0, unscaled: 7 }, '7', 'noted'],
    ],
    array: [[[text('a'), { type: 'long', value: 5 }], '["a",{"$long":"5"}]', 'noted']],
    table: [[nested, '{"a":1,"b":[null,"c"]}', 'noted']],
  }

  for (const [type, rows] of Object.entries(samples)) {
    for (const [value, bytes, isNoted] of rows) {
      const entry = { name: 'h', value: { type, value } as FieldValue }
      const headers = [header('h', bytes)]
      if (isNoted) headers.unshift(header(kafkaHeader.headerTypes, `{"h":"${type}"}`))
      const shown = bytes === null ? 'null' : bytes.toString()

      it(`${type} from AMQP is ${shown} in Kafka`, () => {
        assert.deepEqual(toKafka({ headers: new FieldTable([entry]) }), headers)
      })

      it(`${shown} from Kafka is ${type} in AMQP`, () => {
        assert.deepEqual(entriesOf(toAmqp(headers)), [entry])
      })

      it(`${type} ${shown} is the type of a key, too`, () => {
        const properties = { headers: new FieldTable([{ ...entry, name: 'x-key' }]) }
        const message = { offset: 5, timestamp: now, exchange: '', routingKey: 'orders', body }
        const batch = toKafkaBatch(log, runOf([{ ...message, properties }])) as Buffer
        const [record] = recordsIn(batch)
        assert.deepEqual(record?.key, typeof bytes === 'string' ? Buffer.from(bytes) : bytes)
        const noted = record?.headers.find(({ key }) => key === kafkaHeader.keyType)
        if (bytes !== null) assert.equal(noted?.value?.toString(), isNoted && type)
        const [back] = messagesIn(log, convert(log, batchOf([record])))
        const seen = decodeContentHeader(back!.header, 0, back!.header.length).properties
        assert.deepEqual(entriesOf(seen), properties.headers.entries)
      })
    }
  }

  it('comes back in its place when names repeat', () => {
    const entries = [text('a'), { type: 'signedint', value: 1 } as const, text('b')]
    const headers = new FieldTable(entries.map((value) => ({ name: 'h', value })))
    const crossed = toKafka({ headers })
    assert.equal(crossed[0]?.value?.toString(), '{"h":[null,"signedint",null]}')
    assert.deepEqual(entriesOf(toAmqp(crossed)), headers.entries)
  })
})

describe('what cannot be expressed is as documented', () => {
  const table = (...entries: [string, FieldValue][]): BasicProperties => ({
    headers: new FieldTable(entries.map(([name, value]) => ({ name, value }))),
  })

  /** A message of an AMQP client after it was a record. */
  function back(properties: BasicProperties, message: Partial<{ body: Buffer }> = {}) {
    const given = { offset: 5, timestamp: now, exchange: 'e', routingKey: 'k', body, properties }
    const batch = toKafkaBatch(log, runOf([{ ...given, ...message }])) as Buffer
    const [seen] = messagesIn(log, convert(log, batchOf(recordsIn(batch))))
    return decodeContentHeader(seen!.header, 0, seen!.header.length).properties
  }

  it('user-id of a message comes back as a header', () => {
    const seen = back({ userId: 'guest' })
    assert.deepEqual(seen, table(['amqp.user-id', text('guest')]))
  })

  it('x-key and x-tombstone come back first, a second one where it was', () => {
    const tombstone: FieldValue = { type: 'bool', value: true }
    const given = table(
      ['a', text('1')],
      ['x-tombstone', tombstone],
      ['x-key', text('first')],
      ['x-key', text('second')],
    )
    assert.deepEqual(
      back(given, { body: Buffer.alloc(0) }),
      table(
        ['x-key', text('first')],
        ['x-tombstone', tombstone],
        ['a', text('1')],
        ['x-key', text('second')],
      ),
    )
  })

  it('an x-tombstone or x-timestamp-ms that says something else is a header', () => {
    const given = table(['x-tombstone', text('no')], ['x-timestamp-ms', text('late')])
    assert.deepEqual(toKafka(given), [
      header('amqp.header.x-tombstone', 'no'),
      header('amqp.header.x-timestamp-ms', 'late'),
    ])
    assert.deepEqual(back(given), given)
  })

  /** A record of a Kafka client after it was a message. */
  function backInKafka(...records: (Partial<PlainRecord> & { headers: Headers })[]): PlainRecord[] {
    const common = { timestamp: now, key: null, value: body }
    const given = records.map((record, offset) => ({ ...common, offset, ...record }))
    const run = convert(log, batchOf(given))
    run.seal(7, -1)
    return recordsIn(toKafkaBatch(log, run) as Buffer)
  }

  it('a property’s header comes back, one that does not fit under another name', () => {
    const [seen] = backInKafka({
      headers: [
        header('trace', 't'),
        header('amqp.type', 'order'),
        header('amqp.priority', 'high'),
      ],
    })
    assert.deepEqual(seen?.headers, [
      header('amqp.type', 'order'),
      header('trace', 't'),
      header('amqp.header.amqp.priority', 'high'),
    ])
  })

  it('an exchange without a routing key comes back with an empty one', () => {
    const [seen] = backInKafka({ headers: [header('amqp.exchange', 'e')] })
    assert.deepEqual(seen?.headers, [header('amqp.exchange', 'e'), header('amqp.routing-key', '')])
  })

  it('a time far after the first of its batch is right in x-timestamp-ms', () => {
    const late = now + 60 * 24 * 3_600_000
    const records = [now, late].map((timestamp, offset) => ({
      offset,
      timestamp,
      key: null,
      value: body,
      headers: [],
    }))
    const seen = messagesIn(log, convert(log, batchOf(records)))
    const { properties } = decodeContentHeader(seen[1]!.header, 0, seen[1]!.header.length)
    assert.deepEqual(properties.headers?.get('x-timestamp-ms'), { type: 'long', value: late })
    assert.ok(seen[1]!.timestamp < late)
    assert.deepEqual(seen[1]!.address, encodeAddress('', 'orders'))
  })
})
