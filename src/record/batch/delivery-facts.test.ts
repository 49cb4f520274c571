// What headers of records say about their delivery, and how much of a batch is looked at.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RecordBatchBuilder } from './batch-builder.ts'
import { readBatchHeader, recordsOf } from './batch-header.ts'
import { checkRecords } from './check-records.ts'
import type { CompressionName } from './compression.ts'
import { type DeliveryFacts, deliveryFactsOf } from './delivery-facts.ts'

const timestamp = 1_700_000_000_000
const all = { from: 0, sizeMax: 1e6, workMax: Infinity, factsMax: 100 }
type Headers = readonly (readonly [name: string, value: string | null])[]

function batchOf(records: readonly Headers[], compression: CompressionName = 'none'): Buffer {
  const builder = new RecordBatchBuilder(0)
  for (const [offset, headers] of records.entries()) {
    builder.append({
      offset,
      timestamp,
      key: null,
      value: Buffer.from('v'),
      headers: headers.map(([key, value]) => {
        return { key, value: value === null ? null : Buffer.from(value) }
      }),
    })
  }
  return builder.finish({ compression })
}

function factsOf(...headers: Headers): Omit<DeliveryFacts, 'offset'> | undefined {
  const [found] = deliveryFactsOf(batchOf([headers]), all).facts
  if (found === undefined) return undefined
  const { offset, ...rest } = found
  assert.equal(offset, 0)
  return rest
}

test('a record is for a time, until a time, and before others, as its headers say', () => {
  const plain = { deliverAt: 0, expiresAt: Infinity, priority: 0 }
  assert.equal(factsOf(), undefined)
  assert.equal(factsOf(['pabal.other', '1'], ['amqp.priority', '0']), undefined)
  const later = timestamp + 5000
  assert.deepEqual(factsOf(['pabal.deliver-after-ms', '5000']), { ...plain, deliverAt: later })
  const at = ['pabal.deliver-at', '2026-11-30T07:00:00Z'] as const
  const time = Date.UTC(2026, 10, 30, 7)
  assert.deepEqual(factsOf(['pabal.deliver-after-ms', '5'], at), { ...plain, deliverAt: time })
  const both = { ...plain, deliverAt: time, expiresAt: time + 7 }
  assert.deepEqual(factsOf(['pabal.ttl-ms', '7'], at), both)
  assert.deepEqual(factsOf(['amqp.expiration', '7']), { ...plain, expiresAt: timestamp + 7 })
  assert.deepEqual(factsOf(['pabal.priority', '255']), { ...plain, priority: 255 })
})

test('what makes no sense says nothing, and the first that does counts', () => {
  for (const value of ['', 'soon', '-1', '99999999999999999999', null]) {
    for (const name of ['deliver-at', 'deliver-after-ms', 'ttl-ms', 'priority']) {
      assert.equal(factsOf([`pabal.${name}`, value]), undefined, `${name} ${value}`)
    }
  }
  assert.equal(factsOf(['pabal.priority', '256']), undefined)
  const two = factsOf(['pabal.priority', 'x'], ['amqp.priority', '4'], ['pabal.priority', '9'])
  assert.equal(two?.priority, 4)
})

test('a batch is looked at from an offset on, and so far as there is room for what is found', () => {
  const headers: Headers = [['pabal.priority', '1']]
  const batch = batchOf([headers, [], headers, headers, [], headers], 'gzip')
  const look = (from: number, factsMax: number): [number[], number] => {
    const { facts, until } = deliveryFactsOf(batch, { ...all, from, factsMax })
    return [facts.map(({ offset }) => offset), until]
  }
  assert.deepEqual(look(0, 9), [[0, 2, 3, 5], 5])
  assert.deepEqual(look(1, 2), [[2, 3], 4])
  assert.deepEqual(look(0, 1), [[0], 1])
  assert.throws(() => deliveryFactsOf(batch, { ...all, sizeMax: 10 }), { kind: 'frame_error' })
  assert.throws(() => deliveryFactsOf(batch, { ...all, workMax: 5 }), { kind: 'frame_error' })
})

test('a produced batch says whether some of its records have such headers', () => {
  const rules = { isKeyRequired: false, timestampMin: -Infinity, timestampMax: Infinity }
  const has = (...headers: Headers): boolean => {
    const batch = batchOf([[], headers])
    return checkRecords(readBatchHeader(batch), recordsOf(batch), rules).hasDeliveryHeaders
  }
  assert.equal(has(), false)
  assert.equal(has(['pabal.ttl', '1'], ['priority', '1'], ['amqp.type', 'a']), false)
  assert.equal(has(['a', 'b'], ['pabal.ttl-ms', '1'], ['c', 'd']), true)
})
