import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { bytes, fieldTable, shortText, timestamp } from '../../test/support/amqp-arbitrary.ts'
import {
  batchOf,
  convert,
  logNamed,
  type Message,
  messagesIn,
  recordsIn,
  runOf,
} from '../../test/support/crossing-run.ts'
import { Run } from '../log/run.ts'
import { FieldTable } from '../record/message/field-table.ts'
import type { BasicProperties } from '../record/message/properties.gen.ts'
import { messageHeader, reservedKafkaNames, reservedMessageNames } from './crossing-map.ts'
import { toKafkaName, toMessageName } from './crossing-names.ts'
import { toKafkaBatch } from './to-kafka-batch.ts'

const log = logNamed('orders')
const baseTimestamp = 1_700_000_000_000
const octet = fc.integer({ min: 0, max: 255 })

const awkwardNames = fc
  .tuple(
    fc.array(fc.constantFrom('amqp.header.', 'kafka.header.'), { maxLength: 3 }),
    fc.constantFrom(...reservedKafkaNames, ...reservedMessageNames, 'trace', ''),
  )
  .map(([prefixes, name]) => prefixes.join('') + name)

// Headers with a meaning stand first and once; where else they may stand is not kept.
const tables = fc
  .tuple(
    fieldTable,
    fc.array(fc.tuple(awkwardNames, fc.constantFrom('a', 'b')), { maxLength: 3 }),
    fc.option(fc.oneof(bytes, fc.integer(), shortText, fc.constant(null))),
  )
  .map(([table, awkward, key]) => {
    const special: readonly string[] = Object.values(messageHeader)
    const entries = [
      ...table.entries,
      ...awkward.map(([name, value]) => ({ name, value: { type: 'longstr', value } as const })),
    ].filter(({ name }) => !special.includes(name))
    if (key === null) return new FieldTable(entries)
    return new FieldTable([{ name: messageHeader.key, value: keyValue(key) }, ...entries])
  })

function keyValue(key: Buffer | number | string): FieldTable['entries'][number]['value'] {
  if (typeof key === 'number') return { type: 'signedint', value: key }
  return typeof key === 'string' ? { type: 'longstr', value: key } : { type: 'binary', value: key }
}

const properties: fc.Arbitrary<BasicProperties> = fc.record(
  {
    contentType: shortText,
    contentEncoding: shortText,
    headers: tables,
    deliveryMode: octet,
    priority: octet,
    correlationId: shortText,
    replyTo: shortText,
    expiration: shortText,
    messageId: shortText,
    timestamp,
    type: shortText,
    appId: shortText,
    clusterId: shortText,
  },
  { requiredKeys: [] },
)

const messages: fc.Arbitrary<Message[]> = fc
  .array(
    fc.record({
      gap: fc.integer({ min: 1, max: 3 }),
      delay: fc.nat({ max: 100_000 }),
      exchange: fc.oneof(fc.constant(''), shortText),
      routingKey: fc.oneof(fc.constantFrom('', 'orders'), shortText),
      properties,
      body: bytes,
    }),
    { minLength: 1, maxLength: 5 },
  )
  .map((drafts) => {
    let offset = 1000
    return drafts.map(({ gap, delay, ...rest }) => {
      offset += gap
      return { ...rest, offset, timestamp: baseTimestamp + delay }
    })
  })

const records = fc
  .array(
    fc.record({
      timestamp: fc.oneof(
        fc.constant(-1),
        fc.integer({ min: baseTimestamp, max: baseTimestamp + 1e9 }),
      ),
      key: fc.option(bytes),
      value: fc.option(bytes),
      headers: fc.array(
        fc.record(
          {
            key: fc
              .oneof(shortText, awkwardNames)
              .filter((name) => !reservedKafkaNames.has(name) && !name.startsWith('amqp.header.')),
            value: fc.option(bytes),
          },
          { noNullPrototype: true },
        ),
        { maxLength: 5 },
      ),
    }),
    { minLength: 1, maxLength: 5 },
  )
  .map((drafts) => {
    const isTimed = drafts[0]?.timestamp !== -1
    return drafts.map((draft, index) => ({
      ...draft,
      timestamp: isTimed ? Math.max(draft.timestamp, baseTimestamp) : -1,
      offset: 50 + index,
    }))
  })

describe('crossing', () => {
  it('gives a message back as it was after it was a record', () => {
    fc.assert(
      fc.property(messages, (given) => {
        const run = runOf(given)
        const batch = toKafkaBatch(log, run) as Buffer
        const back = convert(log, Run.fromBytes(batch))
        assert.deepEqual(messagesIn(log, back), messagesIn(log, run))
        assert.equal(back.lastOffset, run.lastOffset)
      }),
    )
  })

  it('gives a record back as it was after it was a message', () => {
    fc.assert(
      fc.property(records, (given) => {
        const run = convert(log, batchOf(given))
        run.seal(7, -1)
        const batch = toKafkaBatch(log, run) as Buffer
        assert.deepEqual(recordsIn(batch), given)
      }),
    )
  })

  it('never makes one name of two', () => {
    fc.assert(
      fc.property(awkwardNames, (name) => {
        assert.equal(toMessageName(toKafkaName(name)), name)
        assert.ok(!reservedKafkaNames.has(toKafkaName(name)))
        if (reservedKafkaNames.has(name)) return
        assert.equal(toKafkaName(toMessageName(name)), name)
      }),
    )
  })
})
