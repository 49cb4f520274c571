// Delayed messages for those who look, and ending the wait of one.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DelaysOnDisk, type DelaysUnderTest } from '../../../test/support/delays-under-test.ts'
import { runAtOnce } from '../../lib/slices.ts'
import { brokerLimits } from '../../limits/broker.ts'
import { seededRandom } from '../../testing/seeded-random.ts'
import type { MessageDelay } from '../exchange/message-delay.ts'
import {
  countDue,
  type DelayedMessage,
  type DelayedPlace,
  endDelayed,
  listDelayed,
} from './browse-delayed.ts'

const minuteMs = 60_000

async function open(
  delays: readonly number[],
): Promise<{ disk: DelaysOnDisk; world: DelaysUnderTest }> {
  const disk = new DelaysOnDisk()
  const world = await disk.start()
  world.declare('x', 'x-delayed-message', { 'x-delayed-type': 'direct' })
  world.queue('q', 'x')
  for (const [number, delay] of delays.entries()) world.publish(`${number}`, delay)
  await disk.until(() => world.isConfirmed && world.broker.store.uncommittedSize === 0)
  return { disk, world }
}

function delayOf(world: DelaysUnderTest): MessageDelay {
  return world.exchange().delay!
}

async function list(
  { disk, world }: { disk: DelaysOnDisk; world: DelaysUnderTest },
  count = 100,
): Promise<DelayedMessage[]> {
  const messages: DelayedMessage[] = []
  let after: DelayedPlace | undefined
  do {
    const page = await disk.pump(
      runAtOnce(listDelayed(delayOf(world), { count, after }, world.broker)),
    )
    assert.ok(page.messages.length <= count)
    messages.push(...page.messages)
    after = page.next
  } while (after !== undefined)
  return messages
}

async function end(
  { disk, world }: { disk: DelaysOnDisk; world: DelaysUnderTest },
  { logId, message }: DelayedMessage,
  goesOn: boolean,
): Promise<boolean> {
  const { store } = world.broker
  const place = { logId, offset: message.offset }
  const steps = endDelayed(delayOf(world), place, { store, goesOn })
  return (await disk.pump(runAtOnce(steps))) !== undefined
}

const textOf = ({ message }: DelayedMessage): string => message.payload!.toString()

test('all that waits is listed once, whatever the pages, with when it is due', async () => {
  const random = seededRandom(7)
  const delays = Array.from({ length: 200 }, () => 1 + random.below(600 * minuteMs))
  const it = await open(delays)
  const start = it.world.clock.now()
  for (const count of [7, 100]) {
    const listed = await list(it, count)
    assert.equal(listed.length, 200)
    const due = new Map(listed.map((each) => [textOf(each), each.dueAt]))
    for (const [number, delay] of delays.entries()) {
      assert.ok(Math.abs(due.get(`${number}`)! - start - delay) <= 1000, `message ${number}`)
    }
  }
  await it.disk.stop(it.world)
  const world = await it.disk.start()
  const isKnown = (): boolean => countDue(delayOf(world)).every(({ from }) => from !== -Infinity)
  assert.ok(!isKnown())
  await it.disk.until(isKnown)
  assert.equal((await list({ disk: it.disk, world }, 33)).length, 200)
  await it.disk.stop(world)
})

test('what is due is counted by time, in not too many stretches', async () => {
  const it = await open([...Array(150).keys()].map((number) => 1000 + number * 40 * minuteMs))
  const counts = countDue(delayOf(it.world))
  assert.ok(counts.length <= brokerLimits.delayedBinsMax)
  assert.equal(
    counts.reduce((sum, { count }) => sum + count, 0),
    150,
  )
  const froms = counts.map(({ from }) => from)
  assert.deepEqual(
    froms,
    froms.toSorted((a, b) => a - b),
  )
  assert.ok(counts.every(({ from, to }) => to > from))
  assert.deepEqual(countDue(delayOf((await open([])).world)), [])
  await it.disk.stop(it.world)
})

test('one that is cancelled never comes, one that is fired comes at once', async () => {
  const it = await open([1000, 2000, 3000, 10 * minuteMs, 20 * minuteMs])
  const { disk, world } = it
  const listed = new Map((await list(it)).map((each) => [textOf(each), each]))
  assert.ok(await end(it, listed.get('1')!, false))
  assert.ok(await end(it, listed.get('3')!, false))
  assert.ok(await end(it, listed.get('4')!, true))
  assert.equal(await end(it, listed.get('4')!, true), false)
  assert.equal(delayOf(world).messageCount, 2)
  const [fired] = await disk.take(world, 1)
  assert.equal(fired!.text, '4')
  assert.equal(fired!.headers!.get('x-delay')!.value, -20 * minuteMs)
  await disk.advance(30 * minuteMs, 500)
  const rest = await disk.take(world, 2)
  assert.deepEqual(
    rest.map(({ text }) => text),
    ['0', '2'],
  )
  assert.equal(delayOf(world).messageCount, 0)
  await disk.stop(world)
})

test('cancelled at random moments, what is left comes in its order, also after a restart', async () => {
  for (let seed = 1; seed <= 10; seed++) {
    const random = seededRandom(seed)
    const delays = Array.from(
      { length: 60 },
      () => 100 + random.below([3000, 5 * minuteMs][random.below(2)]!),
    )
    const it = await open(delays)
    const gone = new Set<string>()
    const arrived: string[] = []
    let { world } = it
    const { disk } = it
    for (let round = 0; round < 12; round++) {
      const listed = await list({ disk, world })
      const chosen = listed[random.below(Math.max(1, listed.length))]
      if (chosen !== undefined && (await end({ disk, world }, chosen, false)))
        gone.add(textOf(chosen))
      await disk.advance(random.below(30_000), 200)
      arrived.push(...world.take().map(({ text }) => text))
      if (round !== 6) continue
      await disk.until(() => world.broker.store.uncommittedSize === 0)
      await disk.stop(world)
      world = await disk.start()
    }
    await disk.advance(6 * minuteMs, 500)
    const rest = await disk.take(world, delays.length - gone.size - arrived.length)
    arrived.push(...rest.map(({ text }) => text))
    const expected = [...delays.keys()].map(String).filter((text) => !gone.has(text))
    assert.deepEqual(arrived.toSorted(), expected.toSorted(), `seed ${seed}`)
    assert.equal(delayOf(world).messageCount, 0, `seed ${seed}`)
    await disk.stop(world)
  }
})
