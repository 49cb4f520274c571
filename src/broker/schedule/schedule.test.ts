// What is due when: bars, the next messages, and ending many.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DelaysOnDisk, type DelaysUnderTest } from '../../../test/support/delays-under-test.ts'
import { runAtOnce } from '../../lib/slices.ts'
import { scheduleLimits } from '../../limits/schedule.ts'
import { compileFilter } from '../browse/message-filter.ts'
import type { DelayedPlace } from '../delay/browse-delayed.ts'
import { type EndAsked, endSeveral } from '../delay/end-several.ts'
import { Queue } from '../queue/queue.ts'
import { countDue, DueBins } from './count-due.ts'
import { findNextDue } from './next-due.ts'
import { ReadBudget } from './read-due.ts'
import { delayedOf, expiringOf, type Waiting } from './waiting.ts'

const minuteMs = 60_000
const hourMs = 60 * minuteMs

interface World {
  readonly disk: DelaysOnDisk
  readonly world: DelaysUnderTest
}

async function open(delays: readonly number[]): Promise<World> {
  const disk = new DelaysOnDisk()
  const world = await disk.start()
  world.declare('x', 'x-delayed-message', { 'x-delayed-type': 'direct' })
  world.queue('q', 'x')
  for (const [number, delay] of delays.entries()) world.publish(`${number}`, delay)
  await disk.until(() => world.isConfirmed && world.broker.store.uncommittedSize === 0)
  return { disk, world }
}

async function binsOf(
  { disk, world }: World,
  waits: readonly Waiting[],
  {
    binMs,
    count,
    budget = new ReadBudget(),
  }: { binMs: number; count: number; budget?: ReadBudget },
): Promise<DueBins> {
  const { store, clock } = world.broker
  const bins = new DueBins({ from: clock.now(), binMs, count })
  await disk.pump(runAtOnce(countDue(waits, bins, { store, clock, budget })))
  return bins
}

test('few messages are counted exactly, wherever they wait', async () => {
  const delays = [1000, 1500, 10 * minuteMs, 50 * minuteMs, 3 * hourMs, 100 * hourMs]
  const it = await open(delays)
  const hour = await binsOf(it, delayedOf(it.world.exchange().delay!), {
    binMs: 10 * minuteMs,
    count: 6,
  })
  assert.deepEqual(hour.bins, [2, 1, 0, 0, 0, 1])
  assert.deepEqual([hour.overdue, hour.later, hour.isExact], [0, 2, true])
  await it.disk.stop(it.world)
})

test('many are spread over the time in which they are due, and none gets lost', async () => {
  const delays = Array.from({ length: 500 }, (_, number) => hourMs + number * minuteMs)
  const it = await open(delays)
  const budget = new ReadBudget(10)
  const asked = { binMs: hourMs, count: 12, budget }
  const bins = await binsOf(it, delayedOf(it.world.exchange().delay!), asked)
  const sum = bins.bins.reduce((all, count) => all + count, bins.overdue + bins.later)
  assert.deepEqual([sum, bins.isExact], [500, false])
  assert.ok(bins.bins[5]! > 40 && bins.bins[5]! < 80, `${bins.bins[5]} of 60`)
  await it.disk.stop(it.world)
})

test('messages of a queue with a time to live are due at its end', async () => {
  const it = await open([])
  const { disk, world } = it
  world.declare('now', 'direct')
  world.queueWith('short', 'now', { 'x-message-ttl': 30 * minuteMs })
  for (const text of ['1', '2', '3']) world.publish(text, undefined, { exchange: 'now' })
  await disk.until(() => world.isConfirmed && world.broker.store.uncommittedSize === 0)
  const queue = world.broker.getVHost('/').findQueue('short')
  assert.ok(queue instanceof Queue)
  const waits = expiringOf(queue, world.clock.now())
  for (const budget of [new ReadBudget(), new ReadBudget(1)]) {
    const bins = await binsOf(it, waits, { binMs: 10 * minuteMs, count: 6, budget })
    assert.equal(bins.bins[2]! + bins.bins[3]!, 3, bins.bins.join())
  }
  await disk.stop(world)
})

test('the next messages come in order, of whatever stretch', async () => {
  const it = await open([50 * minuteMs, 5000, 3 * hourMs, 40 * minuteMs, 2000])
  const { store, clock } = it.world.broker
  const waits = delayedOf(it.world.exchange().delay!).map((waiting) => {
    return { ...waiting, vhost: '/', exchange: 'x' }
  })
  const context = { store, clock, count: 4 }
  const { messages, isExact } = await it.disk.pump(runAtOnce(findNextDue(waits, context)))
  const texts = messages.map(({ message }) => message.payload!.toString())
  assert.deepEqual([texts, isExact], [['4', '1', '3', '0'], true])
  await it.disk.stop(it.world)
})

const everything: EndAsked = { goesOn: false, isDry: false, after: undefined }

async function endAll({ disk, world }: World, asked: Partial<EndAsked>): Promise<number> {
  const { store, clock } = world.broker
  let after: DelayedPlace | undefined
  let count = 0
  do {
    const all = { ...everything, ...asked, after }
    const steps = endSeveral(world.exchange().delay!, all, { store, clock })
    const { ended, next } = await disk.pump(runAtOnce(steps))
    count += ended
    after = next
  } while (after !== undefined)
  return count
}

async function texts({ disk, world }: World): Promise<string[]> {
  const found: string[] = []
  await disk.until(() => {
    found.push(...world.take().map(({ text }) => text))
    return world.readyCount() === 0
  })
  return found
}

test('those that a filter finds go on or are gone, and the others wait', async () => {
  const it = await open([minuteMs, hourMs, 10 * hourMs, 200 * hourMs])
  const { world } = it
  const messageCount = (): number => world.exchange().delay!.messageCount
  const filter = compileFilter({ text: '1' })
  assert.equal(await endAll(it, { filter, isDry: true }), 1)
  assert.equal(messageCount(), 4)
  assert.equal(await endAll(it, { filter, goesOn: true }), 1)
  await it.disk.until(() => world.readyCount() === 1)
  assert.deepEqual(await texts(it), ['1'])
  const soon = world.clock.now() + 2 * minuteMs
  assert.equal(await endAll(it, { dueBefore: soon }), 1)
  assert.equal(await endAll(it, { places: [] }), 0)
  assert.equal(await endAll(it, {}), 2)
  assert.deepEqual([messageCount(), await texts(it)], [0, []])
  await it.disk.stop(world)
})

test('many are ended part by part', async () => {
  const count = scheduleLimits.endedPerBatchMax * 2 + 10
  const it = await open(Array.from({ length: count }, () => hourMs))
  assert.equal(await endAll(it, { goesOn: true }), count)
  await it.disk.until(() => it.world.readyCount() === count)
  await it.disk.stop(it.world)
})
