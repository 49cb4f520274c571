import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Random } from '../../lib/random.ts'
import { seededRandom } from '../../testing/seeded-random.ts'
import { decodeContentHeader, encodeContentHeader } from './content-header.ts'
import { isDeathCycle, withDeath } from './deaths.ts'
import { type Death, encodeDeath, nameQueue } from './encode-death.ts'
import { FieldTable, fieldValue, table, type FieldInput } from './field-table.ts'
import type { BasicProperties } from './properties.gen.ts'

interface TimedDeath extends Death {
  readonly time: number
}

const death: TimedDeath = {
  queue: 'tasks',
  reason: 'expired',
  exchange: 'jobs',
  routingKeys: ['k', 'copy'],
  time: 1000,
}

function dieAgain(header: Buffer, { time, ...again }: TimedDeath): Buffer {
  const last = { death: encodeDeath(again), time, isKnown: true }
  return withDeath({ buffer: header, start: 0, end: header.length }, last)
}

function die(properties: BasicProperties, last: TimedDeath = death): Buffer {
  const encoded = encodeContentHeader(7, properties)
  // Somewhere in a larger buffer, as it is in a run.
  const buffer = Buffer.concat([Buffer.from('before'), encoded, Buffer.from('after')])
  const { time, ...first } = last
  const payload = { buffer, start: 6, end: 6 + encoded.length }
  return withDeath(payload, { death: encodeDeath(first), time, isKnown: false })
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
  const other: TimedDeath = { ...death, queue: 'retry', time: 2000 }
  const twice = dieAgain(once, other)
  const again = { ...death, time: 3000 }
  const thrice = dieAgain(twice, again)
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
    isDeathCycle({ buffer: header, start: 0, end: header.length }, nameQueue(queue))
  assert.equal(isCycle(expired, 'tasks'), true)
  assert.equal(isCycle(expired, 'other'), false)
  const rejected = { ...death, queue: 'other', reason: 'rejected' } as const
  const later = dieAgain(expired, rejected)
  assert.equal(isCycle(later, 'tasks'), false)
})

interface ModelDeath {
  readonly queue: string
  readonly reason: string
  readonly count: number
  readonly time: number
}

function drawMessage(random: Random): Buffer {
  return encodeContentHeader(7, {
    ...(random.next() < 0.5 ? { contentType: 'text/plain' } : {}),
    ...(random.next() < 0.5 ? { headers: table({ mine: 1, 'x-deathly': 'stays' }) } : {}),
    ...(random.next() < 0.5 ? { expiration: '60000' } : {}),
    messageId: 'm',
  })
}

function goesRound(deaths: readonly ModelDeath[], queue: string): boolean {
  const at = deaths.findIndex((entry) => entry.queue === queue)
  return at !== -1 && deaths.slice(0, at + 1).every(({ reason }) => reason !== 'rejected')
}

test('any sequence of deaths leaves what its rules say', () => {
  const random = seededRandom(7)
  const pick = <T>(values: readonly T[]): T => values[Math.floor(random.next() * values.length)]!
  for (let round = 0; round < 200; round++) {
    let header = drawMessage(random)
    const before = propertiesOf(header)
    const model: ModelDeath[] = []
    for (let time = 1; time <= 1 + random.next() * 12; time++) {
      const queue = pick(['a', 'b', 'übung', 'a longer name than the others have'])
      const reason = pick(['expired', 'rejected', 'maxlen'] as const)
      const known = { death: encodeDeath({ ...death, queue, reason }), time, isKnown: time > 1 }
      // Somewhere in a larger buffer, as it is in a run.
      const buffer = Buffer.concat([Buffer.from('before'), header, Buffer.from('after')])
      header = withDeath({ buffer, start: 6, end: 6 + header.length }, known)
      const index = model.findIndex((entry) => entry.queue === queue && entry.reason === reason)
      const [same] = index === -1 ? [] : model.splice(index, 1)
      model.unshift({ queue, reason, count: (same?.count ?? 0) + 1, time: same?.time ?? time })
      assert.deepEqual(
        entriesOf(header).map((entry) => [
          entry['queue'],
          entry['reason'],
          entry['count'],
          entry['time'],
        ]),
        model.map((entry) => [entry.queue, entry.reason, entry.count, entry.time]),
      )
      const { headers, ...others } = propertiesOf(header)
      const { headers: own, expiration, ...kept } = before
      assert.deepEqual(others, kept)
      assert.deepEqual(
        headers?.entries.filter(({ name }) => !/^x-(death|first|last)($|-)/.test(name)),
        own?.entries ?? [],
      )
      assert.equal(headers?.findText('x-last-death-queue'), queue)
      const original = entriesOf(header).flatMap((entry) => entry['original-expiration'] ?? [])
      assert.deepEqual(original, expiration === undefined ? [] : [expiration])
      for (const name of ['a', 'b', 'übung', 'nowhere']) {
        const isCycle = goesRound(model, name)
        const payload = { buffer: header, start: 0, end: header.length }
        assert.equal(isDeathCycle(payload, nameQueue(name)), isCycle)
      }
    }
  }
})
