import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeContentHeader, encodeContentHeader } from './content-header.ts'
import { type Death, isDeathCycle, withDeath } from './deaths.ts'
import { FieldTable, fieldValue, table, type FieldInput } from './field-table.ts'
import type { BasicProperties } from './properties.gen.ts'

const death: Death = {
  queue: 'tasks',
  reason: 'expired',
  exchange: 'jobs',
  routingKeys: ['k', 'copy'],
  time: 1000,
}

function die(properties: BasicProperties, last: Death = death, isKnown = false): Buffer {
  const encoded = encodeContentHeader(7, properties)
  // Somewhere in a larger buffer, as it is in a run.
  const buffer = Buffer.concat([Buffer.from('before'), encoded, Buffer.from('after')])
  return withDeath({ buffer, start: 6, end: 6 + encoded.length }, last, isKnown)
}

const propertiesOf = (header: Buffer): BasicProperties =>
  decodeContentHeader(header, 0, header.length).properties

const entriesOf = (header: Buffer): Record<string, unknown>[] => {
  const deaths = propertiesOf(header).headers?.get('x-death')
  assert.ok(deaths?.type === 'array')
  return deaths.value.map((item) => {
    assert.ok(item.type === 'table')
    return Object.fromEntries(item.value.entries.map(({ name, value }) => [name, value.value]))
  })
}

test('a first death is told with all that RabbitMQ tells, and the expiration is gone', () => {
  const header = die({
    contentType: 'text/plain',
    headers: table({ mine: 'stays' }),
    deliveryMode: 2,
    expiration: '500',
    appId: 'app',
  })
  const { headers, ...rest } = propertiesOf(header)
  assert.deepEqual(rest, { contentType: 'text/plain', deliveryMode: 2, appId: 'app' })
  assert.deepEqual(
    headers?.entries.map(({ name }) => name),
    [
      'mine',
      'x-death',
      'x-first-death-reason',
      'x-first-death-queue',
      'x-first-death-exchange',
      'x-last-death-reason',
      'x-last-death-queue',
      'x-last-death-exchange',
    ],
  )
  const deaths = headers?.get('x-death')
  assert.deepEqual(
    deaths?.type === 'array' && deaths.value[0]?.type === 'table' && deaths.value[0].value.entries,
    [
      { name: 'original-expiration', value: { type: 'longstr', value: '500' } },
      { name: 'count', value: { type: 'long', value: 1 } },
      { name: 'reason', value: { type: 'longstr', value: 'expired' } },
      { name: 'queue', value: { type: 'longstr', value: 'tasks' } },
      { name: 'time', value: { type: 'timestamp', value: 1000 } },
      { name: 'exchange', value: { type: 'longstr', value: 'jobs' } },
      {
        name: 'routing-keys',
        value: {
          type: 'array',
          value: [
            { type: 'longstr', value: 'k' },
            { type: 'longstr', value: 'copy' },
          ],
        },
      },
    ],
  )
  assert.equal(headers?.findText('x-first-death-queue'), 'tasks')
})

test('a message without headers gets some', () => {
  const header = die({ messageId: 'm' })
  assert.equal(propertiesOf(header).messageId, 'm')
  assert.equal(entriesOf(header)[0]?.['reason'], 'expired')
})

test('the same death again is counted, comes first and keeps its time; the first death stays', () => {
  const once = die({})
  const other: Death = { ...death, queue: 'retry', time: 2000 }
  const twice = withDeath({ buffer: once, start: 0, end: once.length }, other, true)
  const again = { ...death, time: 3000 }
  const thrice = withDeath({ buffer: twice, start: 0, end: twice.length }, again, true)
  assert.deepEqual(
    entriesOf(thrice).map(({ queue, count, time }) => [queue, count, time]),
    [
      ['tasks', 2, 1000],
      ['retry', 1, 2000],
    ],
  )
  const { headers } = propertiesOf(thrice)
  assert.equal(headers?.findText('x-first-death-queue'), 'tasks')
  const lasts = propertiesOf(twice).headers
  assert.deepEqual(
    [lasts?.findText('x-first-death-queue'), lasts?.findText('x-last-death-queue')],
    ['tasks', 'retry'],
  )
})

test('deaths that a client wrote do not count', () => {
  const invented = { 'x-death': [{ queue: 'tasks', reason: 'expired', count: 7 }] } as const
  const headers = table({ ...(invented as unknown as Record<string, FieldInput>), a: 1 })
  const header = die({ headers: new FieldTable([...headers.entries]) })
  assert.deepEqual(
    entriesOf(header).map(({ count }) => count),
    [1],
  )
  assert.deepEqual(propertiesOf(header).headers?.get('a'), fieldValue(1))
})

test('a message goes round when it comes to a queue again and nobody has rejected it since', () => {
  const expired = die({})
  const isCycle = (header: Buffer, queue: string): boolean =>
    isDeathCycle(propertiesOf(header).headers, queue)
  assert.equal(isCycle(expired, 'tasks'), true)
  assert.equal(isCycle(expired, 'other'), false)
  const rejected = { ...death, queue: 'other', reason: 'rejected' } as const
  const later = withDeath({ buffer: expired, start: 0, end: expired.length }, rejected, true)
  assert.equal(isCycle(later, 'tasks'), false)
})
