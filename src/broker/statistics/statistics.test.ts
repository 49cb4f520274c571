import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { messageTo, NotingClient } from '../../../test/support/noting-client.ts'
import { statisticsLimits } from '../../limits/statistics.ts'
import { ClientRegistry } from '../client/client-registry.ts'
import type { Queue } from '../queue/queue.ts'
import { Statistics } from './statistics.ts'

const { freeShareWeight, sampleMs, samplesMax, wantedMs } = statisticsLimits

let client: NotingClient
let statistics: Statistics
let queue: Queue
beforeEach(() => {
  client = new NotingClient()
  const { broker, clock } = client
  queue = broker.getVHost('/').findQueue('q') as Queue
  statistics = new Statistics({ broker, clients: new ClientRegistry(clock), clock })
})

async function pass(ms: number): Promise<void> {
  client.clock.advance(ms)
  client.clock.endTurn()
  await new Promise((resolve) => void setImmediate(resolve))
}

function publish(count: number): void {
  for (let index = 0; index < count; index++) client.intake.offer(messageTo('q', 'm'), 0)
  client.clock.endTurn()
}

test('rates are what happened between the last two samples, per second', async () => {
  statistics.want()
  await pass(0)
  publish(10)
  assert.equal(statistics.ratesOf(queue).of('published'), 0)
  await pass(sampleMs)
  publish(20)
  await pass(sampleMs)
  assert.equal(statistics.ratesOf(queue).of('published'), 4)
  assert.equal(statistics.ratesOf(queue).of('ready'), 4)
  assert.equal(statistics.totalRates.of('ready'), 4)
  const exchange = client.broker.getVHost('/').getExchange('')
  assert.equal(statistics.ratesOf(exchange).of('publishedIn'), 4)
  await pass(sampleMs)
  assert.equal(statistics.ratesOf(queue).of('published'), 0)
})

test('totals are sampled all the time, and no more of them are kept than ten minutes', async () => {
  statistics.start()
  publish(5)
  for (let count = 0; count < samplesMax + 2; count++) await pass(sampleMs)
  assert.equal(statistics.totals.length, samplesMax)
  assert.equal(statistics.totals.at(-1)?.counts['ready'], 5)
  assert.equal(statistics.ratesOf(queue).of('ready'), 0)
})

test('single things are sampled as long as somebody asks for them', async () => {
  statistics.want()
  await pass(0)
  for (let passed = 0; passed <= wantedMs; passed += sampleMs) await pass(sampleMs)
  publish(10)
  await pass(2 * sampleMs)
  assert.equal(statistics.ratesOf(queue).of('published'), 0)
  assert.equal(client.clock.timerCount, 0)
})

test('a history is kept of what it is asked for', async () => {
  statistics.want()
  await pass(0)
  assert.deepEqual(statistics.historyOf({}), [])
  for (let count = 0; count < 2; count++) {
    publish(1)
    await pass(sampleMs)
  }
  const published = (): unknown[] =>
    statistics.historyOf(queue).map(({ counts }) => counts['published'])
  assert.deepEqual(published(), [1, 2])
  publish(1)
  await pass(sampleMs)
  assert.deepEqual(published(), [1, 2, 3])
})

test('a queue is idle since the first sample that says what the later ones say', async () => {
  const { clock } = client
  statistics.want()
  await pass(0)
  publish(1)
  await pass(sampleMs)
  assert.equal(statistics.idleSince(queue), undefined)
  const since = clock.now()
  await pass(sampleMs)
  await pass(sampleMs)
  assert.equal(statistics.idleSince(queue), since)
  publish(1)
  await pass(sampleMs)
  assert.equal(statistics.idleSince(queue), undefined)
  assert.equal(statistics.idleSince({}), undefined)
})

test('the share of samples in which no message of a queue was ready is known', async () => {
  statistics.want()
  await pass(0)
  assert.equal(statistics.freeShareOf(queue), undefined)
  publish(1)
  await pass(sampleMs)
  assert.equal(statistics.freeShareOf(queue), 0)
  queue.purge()
  await pass(sampleMs)
  assert.equal(statistics.freeShareOf(queue), freeShareWeight)
  for (let count = 0; count < 50; count++) await pass(sampleMs)
  assert.ok((statistics.freeShareOf(queue) ?? 0) > 0.99)
})

test('what was sampled is forgotten by a reset', async () => {
  statistics.want()
  await pass(0)
  publish(1)
  await pass(sampleMs)
  await pass(sampleMs)
  statistics.reset()
  assert.deepEqual([statistics.totals, statistics.idleSince(queue)], [[], undefined])
  await pass(sampleMs)
  assert.equal(statistics.totals.length, 1)
})
