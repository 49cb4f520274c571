import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, it } from 'node:test'
import {
  batchOf,
  leaderEpoch,
  logNamed,
  type Message,
  messagesIn,
  recordsIn,
  runOf,
} from '../../test/support/crossing-run.ts'
import { systemClock } from '../lib/clock.ts'
import { crossingLimits } from '../limits/crossing.ts'
import { recordLimits } from '../limits/record.ts'
import { Run } from '../log/run.ts'
import { RecordBatchBuilder } from '../record/batch/batch-builder.ts'
import { hasValidCrc, readBatchHeader } from '../record/batch/batch-header.ts'
import type { CompressionName } from '../record/batch/compression.ts'
import { encodeAddress } from '../record/message/address.ts'
import { decodeContentHeader } from '../record/message/content-header.ts'
import { FieldTable, type FieldValue } from '../record/message/field-table.ts'
import { basicProperties, type BasicProperties } from '../record/message/properties.gen.ts'
import { BatchWorker } from './batch-worker.ts'
import { CrossedRuns } from './crossed-runs.ts'
import { kafkaHeader, mappedProperties, messageHeader } from './crossing-map.ts'
import { Crossing } from './crossing.ts'

const log = logNamed('orders')
const now = 1_700_000_000_000
const crossing = new Crossing({
  worker: new BatchWorker(systemClock),
  onUndecodable: () => undefined,
})

/** What the thread makes of the batch is there. */
function prepared(by: Crossing, batch: Run, offset: number): Promise<void> {
  return new Promise((resolve) => {
    by.prepare(log, batch, offset, resolve)
  })
}

function message(rest: Partial<Message>): Message {
  const exchange = 'events'
  const routingKey = 'order.created'
  const body = Buffer.from('body')
  return { offset: 5, timestamp: now, exchange, routingKey, properties: {}, body, ...rest }
}

const headersOf = (entries: Readonly<Record<string, FieldValue>>): BasicProperties => ({
  headers: new FieldTable(Object.entries(entries).map(([name, value]) => ({ name, value }))),
})

/** What a Kafka consumer gets of one message: headers as text. */
function seenByKafka(given: Message) {
  const [record] = recordsIn(crossing.toKafkaBatch(log, runOf([given])) as Buffer)
  const headers = record?.headers.map(({ key, value }) => [key, value && value.toString('latin1')])
  const { key, value, timestamp, offset } = record ?? {}
  return {
    key: key?.toString() ?? null,
    value,
    timestamp,
    offset,
    headers: Object.fromEntries(headers ?? []),
  }
}

interface Draft {
  readonly key?: Buffer | null
  readonly value?: Buffer | null
  readonly timestamp?: number
  readonly headers?: Readonly<Record<string, string | Buffer | null>>
}

/** What an AMQP consumer gets of one record. */
function seenByAmqp({ key = null, value = null, timestamp = now, headers = {} }: Draft) {
  const list = Object.entries(headers).map(([name, bytes]) => ({
    key: name,
    value: bytes === null ? null : Buffer.from(bytes),
  }))
  const batch = batchOf([{ offset: 9, timestamp, key, value, headers: list }])
  const run = crossing.toMessages(log, batch, 9) as Run
  const [stored] = messagesIn(log, run)
  assert.ok(stored)
  const { properties, bodySize } = decodeContentHeader(stored.header, 0, stored.header.length)
  assert.equal(bodySize, stored.body.length)
  const { headers: table, ...others } = properties
  const entries = table?.entries.map(({ name, value: field }) => [name, field] as const) ?? []
  return { ...stored, properties: others, headers: Object.fromEntries(entries) }
}

describe('a message read by Kafka', () => {
  it('has its place, time, address, key and body', () => {
    const seen = seenByKafka(message({}))
    assert.equal(seen.offset, 5)
    assert.equal(seen.timestamp, now)
    assert.equal(seen.key, 'order.created')
    assert.equal(seen.value?.toString(), 'body')
    assert.deepEqual(seen.headers, {
      [kafkaHeader.exchange]: 'events',
      [kafkaHeader.routingKey]: 'order.created',
    })
  })

  it('has its key from x-key, or none', () => {
    const keyed = headersOf({ 'x-key': { type: 'longstr', value: 'u1' } })
    assert.equal(seenByKafka(message({ properties: keyed })).key, 'u1')
    const numbered = headersOf({ 'x-key': { type: 'signedint', value: 42 } })
    assert.equal(seenByKafka(message({ properties: numbered })).key, '42')
    const without = headersOf({ 'x-key': { type: 'void', value: null } })
    assert.equal(seenByKafka(message({ properties: without })).key, null)
    assert.equal(seenByKafka(message({ exchange: '', routingKey: 'q' })).key, null)
    assert.equal(seenByKafka(message({ routingKey: '' })).key, null)
  })

  it('has every property as a header', () => {
    const properties: BasicProperties = {
      contentType: 'text/plain',
      contentEncoding: 'gzip',
      deliveryMode: 2,
      priority: 9,
      correlationId: 'c1',
      replyTo: 'answers',
      expiration: '60000',
      messageId: 'm1',
      timestamp: 1_600_000_000,
      type: 'order',
      userId: 'guest',
      appId: 'shop',
      clusterId: '',
    }
    const { headers } = seenByKafka(message({ properties }))
    for (const { name, flag } of basicProperties) {
      const row = mappedProperties.find((mapped) => mapped.flag === flag)
      if (name !== 'headers') assert.equal(headers[row?.header ?? ''], String(properties[name]))
    }
  })

  it('has headers of every type as text, with their types noted', () => {
    const entries: Record<string, FieldValue> = {
      text: { type: 'longstr', value: 'grüße' },
      flag: { type: 'bool', value: true },
      count: { type: 'signedint', value: -3 },
      big: { type: 'long', value: 2n ** 62n },
      price: { type: 'decimal', value: { scale: 2, unscaled: 314 } },
      ratio: { type: 'double', value: 0.5 },
      when: { type: 'timestamp', value: 1_700_000_000 },
      nothing: { type: 'void', value: null },
      bytes: { type: 'binary', value: Buffer.from([0xff, 0]) },
      tags: {
        type: 'array',
        value: [
          { type: 'longstr', value: 'a' },
          { type: 'long', value: 5 },
          {
            type: 'table',
            value: new FieldTable([{ name: 'b', value: { type: 'void', value: null } }]),
          },
        ],
      },
    }
    const { headers } = seenByKafka(message({ properties: headersOf(entries) }))
    const { [kafkaHeader.headerTypes]: types, ...values } = headers
    assert.deepEqual(JSON.parse(types as string), {
      flag: 'bool',
      count: 'signedint',
      big: 'long',
      price: 'decimal',
      ratio: 'double',
      when: 'timestamp',
      tags: 'array',
    })
    assert.deepEqual(values, {
      [kafkaHeader.exchange]: 'events',
      [kafkaHeader.routingKey]: 'order.created',
      text: Buffer.from('grüße').toString('latin1'),
      flag: 'true',
      count: '-3',
      big: '4611686018427387904',
      price: '3.14',
      ratio: '0.5',
      when: '1700000000',
      nothing: null,
      bytes: '\u00ff\0',
      tags: '["a",{"$long":"5"},{"b":null}]',
    })
  })

  it('is a tombstone when it says so and has no body', () => {
    const properties = headersOf({ 'x-tombstone': { type: 'bool', value: true } })
    const deleted = seenByKafka(message({ properties, body: Buffer.alloc(0) }))
    assert.equal(deleted.value, null)
    assert.equal(seenByKafka(message({ body: Buffer.alloc(0) })).value?.length, 0)
    assert.equal(seenByKafka(message({ properties })).value?.toString(), 'body')
  })

  it('is part of one valid batch for the whole run, without what is left out', () => {
    const run = runOf([message({ offset: 5 }), message({ offset: 8 }), message({ offset: 9 })])
    const batch = crossing.toKafkaBatch(log, run, (offset) => offset === 8) as Buffer
    assert.ok(hasValidCrc(batch))
    const header = readBatchHeader(batch)
    assert.deepEqual(
      [header.baseOffset, header.lastOffsetDelta, header.recordCount, header.leaderEpoch],
      [5, 4, 1, leaderEpoch],
    )
    assert.deepEqual(
      recordsIn(batch).map(({ offset }) => offset),
      [8],
    )
    assert.equal(
      readBatchHeader(crossing.toKafkaBatch(log, run, () => false) as Buffer).recordCount,
      0,
    )
  })

  it('is converted once for several readers', () => {
    const run = runOf([message({})])
    const batch = crossing.toKafkaBatch(log, run)
    assert.equal(crossing.toKafkaBatch(log, run), batch)
  })
})

describe('a record read by AMQP', () => {
  it('has its place, key, value, time and headers', () => {
    const headers = { trace: 't1', empty: null, bytes: Buffer.from([0xff]) }
    const seen = seenByAmqp({ key: Buffer.from('u1'), value: Buffer.from('v'), headers })
    assert.equal(seen.offset, 9)
    assert.deepEqual(seen.address, encodeAddress('', 'orders'))
    assert.equal(seen.body.toString(), 'v')
    assert.deepEqual(seen.properties, { timestamp: now / 1000 })
    assert.deepEqual(seen.headers, {
      'x-timestamp-ms': { type: 'long', value: now },
      'x-key': { type: 'longstr', value: 'u1' },
      trace: { type: 'longstr', value: 't1' },
      empty: { type: 'void', value: null },
      bytes: { type: 'binary', value: Buffer.from([0xff]) },
    })
  })

  it('has a binary key, no key, no value, no time', () => {
    const key = Buffer.from([0xfe, 1])
    assert.deepEqual(seenByAmqp({ key }).headers['x-key'], { type: 'binary', value: key })
    const bare = seenByAmqp({ timestamp: -1 })
    assert.deepEqual(bare.headers, { 'x-tombstone': { type: 'bool', value: true } })
    assert.deepEqual(bare.properties, {})
    assert.equal(bare.body.length, 0)
  })

  it('has the properties and types that its producer wrote', () => {
    const seen = seenByAmqp({
      headers: {
        [kafkaHeader.exchange]: 'events',
        [kafkaHeader.routingKey]: 'k',
        'amqp.content-type': 'text/plain',
        'amqp.priority': '9',
        'amqp.delivery-mode': '300',
        'amqp.user-id': 'root',
        [kafkaHeader.headerTypes]: '{"count":"signedint","wrong":"signedint"}',
        count: '5',
        wrong: 'five',
      },
      value: Buffer.from('v'),
    })
    assert.deepEqual(seen.address, encodeAddress('events', 'k'))
    assert.deepEqual(seen.properties, { contentType: 'text/plain', priority: 9 })
    assert.deepEqual(seen.headers, {
      // The routing key would be the key, and the record has none.
      'x-key': { type: 'void', value: null },
      'amqp.delivery-mode': { type: 'longstr', value: '300' },
      'amqp.user-id': { type: 'longstr', value: 'root' },
      count: { type: 'signedint', value: 5 },
      wrong: { type: 'longstr', value: 'five' },
    })
  })

  it('leaves out headers that no frame could hold, and says how many', () => {
    const value = Buffer.alloc(100 * 1024)
    const seen = seenByAmqp({ headers: { a: value, b: value, c: 'c', ['n'.repeat(256)]: 'd' } })
    assert.ok(seen.header.length <= crossingLimits.crossedHeaderSizeMax + 300)
    assert.equal(seen.headers['a']?.type, 'longstr')
    assert.equal(seen.headers['c']?.value, 'c')
    assert.deepEqual(seen.headers['x-omitted-headers'], { type: 'signedint', value: 2 })
  })

  for (const compression of ['none', 'gzip', 'snappy', 'lz4', 'zstd'] satisfies CompressionName[]) {
    it(`is the same when its batch is compressed with ${compression}`, () => {
      const record = { offset: 0, timestamp: now, key: null, headers: [] }
      const values = ['a', 'b'.repeat(1000)].map((text) => Buffer.from(text))
      const batch = batchOf(
        values.map((value, offset) => ({ ...record, offset, value })),
        compression,
      )
      const bodies = messagesIn(log, crossing.toMessages(log, batch, 0) as Run).map(
        ({ body }) => body,
      )
      assert.deepEqual(bodies, values)
    })
  }
})

describe('a batch', () => {
  const record = { offset: 3, timestamp: now, key: null, value: Buffer.from('v'), headers: [] }

  it('of control records has no messages and still covers its offsets', () => {
    const builder = new RecordBatchBuilder(3)
    builder.append(record)
    const run = Run.fromBytes(builder.finish({ isControl: true }))
    const messages = crossing.toMessages(log, run, 3) as Run
    assert.deepEqual([messages.recordCount, messages.lastOffset], [0, 3])
  })

  it('that decompresses to too much is a gap, reported once', async () => {
    const reported: Error[] = []
    const strict = new Crossing({
      worker: new BatchWorker(systemClock),
      onUndecodable: (_log, _run, error) => reported.push(error),
    })
    const value = Buffer.alloc(recordLimits.decompressedSizeMax)
    const batch = batchOf([{ ...record, value }], 'zstd')
    assert.equal(strict.toMessages(log, batch, 3), undefined)
    await prepared(strict, batch, 3)
    for (let time = 0; time < 3; time++) {
      const messages = strict.toMessages(log, batch, 3) as Run
      assert.deepEqual([messages.recordCount, messages.lastOffset], [0, 3])
    }
    assert.equal(reported.length, 1)
    assert.equal(strict.undecodableCount, 1)
  })

  it('loses settled records and nothing else when a work queue is fetched', () => {
    const records = [3, 4, 5].map((offset) => ({
      ...record,
      offset,
      headers: [{ key: 'h', value: null }],
    }))
    const batch = batchOf(records, 'gzip')
    assert.equal(crossing.toKafkaBatch(log, batch), batch.bytes())
    const filtered = crossing.toKafkaBatch(log, batch, (offset) => offset !== 4) as Buffer
    assert.deepEqual(recordsIn(filtered), [records[0], records[2]])
    assert.equal(readBatchHeader(filtered).lastOffsetDelta, 2)
  })
})

it('what was converted last is kept, as much as fits', () => {
  const kept = new CrossedRuns()
  const runs = Array.from({ length: 5 }, (_, index) => new Run(index, now, 0))
  for (const run of runs) kept.keep(run, new Run(0, now, crossingLimits.crossedRunsSizeMax / 3))
  const isKept = runs.map(({ crossed }) => crossed !== undefined && crossed.size > 0)
  assert.deepEqual(isKept, [false, false, true, true, true])
  kept.keep(new Run(9, now, 0), new Run(0, now, crossingLimits.crossedRunsSizeMax * 2))
  assert.ok(runs.every(({ crossed }) => crossed?.size === 0))
})

it('every name of the table stands in the documentation', () => {
  const page = readFileSync(path.join(import.meta.dirname, '../../docs/crossing.md'), 'utf8')
  const rows = page.split('\n').filter((line) => line.startsWith('|'))
  for (const { header } of mappedProperties) {
    const property = header.slice('amqp.'.length)
    assert.ok(
      rows.some((row) => row.startsWith(`| ${property} | \`${header}\` |`)),
      header,
    )
  }
  for (const name of [...Object.values(kafkaHeader), ...Object.values(messageHeader)]) {
    assert.ok(page.includes(`\`${name}\``), name)
  }
})
