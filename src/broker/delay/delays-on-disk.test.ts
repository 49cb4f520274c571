// What is delayed outlives the process: in good order, killed at any moment, and with parts missing.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { DelaysOnDisk, type DelaysUnderTest } from '../../../test/support/delays-under-test.ts'
import { logLimits } from '../../limits/log.ts'
import type { DelayRow } from '../../meta/topology-change.ts'
import { decodeTopologyChanges } from '../../meta/topology-change.ts'
import { seededRandom } from '../../testing/seeded-random.ts'

const minuteMs = 60_000
/** Processes of one disk; all but the last end with the power. */
const lives = 6

function declare(it: DelaysUnderTest): void {
  it.declare('x', 'x-delayed-message', { 'x-delayed-type': 'direct' })
  it.queue('q', 'x')
}

function delayRows(it: DelaysUnderTest): DelayRow[] {
  const changes = [...it.broker.topologyEntries()].flatMap(decodeTopologyChanges)
  return changes.flatMap((change) => (change.kind === 'delay' ? [change.row] : []))
}

function sorted(rows: readonly DelayRow[]): DelayRow[] {
  return rows.toSorted((a, b) => a.logId - b.logId)
}

describe('delayed messages on a disk', () => {
  it('that are due while the broker is down come at once after the start, in their order', async () => {
    const disk = new DelaysOnDisk()
    const first = await disk.start()
    declare(first)
    const random = seededRandom(3)
    const due = new Map<string, number>()
    for (let number = 0; number < 600; number++) {
      const delay = 1000 + random.below([2000, 2 * minuteMs, 300 * minuteMs][number % 3]!)
      due.set(`${number}`, first.clock.now() + delay)
      first.publish(`${number}`, delay)
    }
    await disk.until(() => first.isConfirmed)
    const rows = delayRows(first)
    await disk.stop(first)

    const second = await disk.start(90 * minuteMs)
    // Before anybody has looked into them.
    assert.deepEqual(sorted(delayRows(second)), sorted(rows))
    const startedAt = second.clock.now()
    assert.equal(second.exchange().delay?.messageCount, 600)
    const overdue = [...due.values()].filter((dueAt) => dueAt <= startedAt)
    const arrivals = await disk.take(second, overdue.length)
    assert.equal(arrivals.length, overdue.length)
    assert.ok(second.clock.now() - startedAt < 1000)
    await disk.advance(220 * minuteMs, 5000)
    arrivals.push(...(await disk.take(second, 600 - arrivals.length)))
    assert.deepEqual(
      arrivals.map(({ text }) => due.get(text)),
      [...due.values()].toSorted((a, b) => a - b),
    )
    assert.equal(second.exchange().delay?.messageCount, 0)
    assert.deepEqual(disk.report?.unowned, [])
    await disk.stop(second)
  })

  it('are neither lost nor doubled, wherever power fails', async () => {
    for (let seed = 1; seed <= 12; seed++) await failAgainAndAgain(seed)
  })

  it('go with their exchange, whose logs nobody finds after a restart', async () => {
    const disk = new DelaysOnDisk()
    const first = await disk.start()
    declare(first)
    first.publish('a', minuteMs)
    await disk.until(() => first.isConfirmed)
    first.deleteExchange('x')
    await disk.until(() => first.broker.store.uncommittedSize === 0)
    await disk.stop(first)
    const second = await disk.start()
    assert.deepEqual(disk.report?.unowned, [])
    assert.deepEqual(delayRows(second), [])
    assert.equal(second.broker.getVHost('/').findExchange('x'), undefined)
    await disk.stop(second)
  })

  it('take large bodies along without reading them', async () => {
    const disk = new DelaysOnDisk()
    const first = await disk.start()
    declare(first)
    const text = 'x'.repeat(logLimits.inlineBodySizeMax + 1)
    first.publish(text, 10 * minuteMs)
    await disk.until(() => first.exchange().delay?.messageCount === 1 && first.isConfirmed)
    await disk.stop(first)
    const second = await disk.start()
    let reads = 0
    disk.disk.onOperation = (operation, path) => {
      if (operation === 'read' && path.includes('aside')) reads++
      return undefined
    }
    await disk.advance(10 * minuteMs)
    await disk.until(() => second.exchange().delay?.messageCount === 0)
    assert.equal(reads, 0)
    const [arrival] = await disk.take(second, 1)
    assert.equal(arrival?.text, text)
    await disk.stop(second)
  })

  it('leave a crowded second in their order, though it is far larger than the memory for it', async () => {
    const disk = new DelaysOnDisk()
    const world = await disk.start()
    declare(world)
    const due = await crowd(disk, world, { aheadMs: minuteMs, spanMs: 1024 })
    await disk.advance(minuteMs + 3000, 100)
    await assertInOrder(disk, world, due)
    assert.ok(delayRows(world).some(({ bucketClass }) => bucketClass === 0))
    await disk.stop(world)
  })

  it('leave in their order when they have left the memory after they were listed', async () => {
    const disk = new DelaysOnDisk()
    const world = await disk.start()
    declare(world)
    const due = await crowd(disk, world, { aheadMs: 100, spanMs: 300 })
    assert.ok(delayRows(world).every(({ bucketClass }) => bucketClass === 1))
    await disk.advance(3000, 100)
    await assertInOrder(disk, world, due)
    assert.ok(delayRows(world).some(({ bucketClass }) => bucketClass === 0))
    await disk.stop(world)
  })

  it('of a moment with too many of them leave at its end, as they lie there', async () => {
    const disk = new DelaysOnDisk()
    const world = await disk.start()
    declare(world)
    const due = await crowd(disk, world, { aheadMs: minuteMs, spanMs: 16 })
    const first = Math.min(...due.values())
    await disk.advance(first - 1 - world.clock.now(), 100)
    for (let count = 0; count < 100; count++) await disk.turn()
    assert.equal(world.readyCount(), 0)
    await disk.advance(1000, 100)
    const arrivals = await disk.take(world, due.size)
    assert.deepEqual(arrivals.map(({ text }) => text).toSorted(), [...due.keys()].toSorted())
    await disk.stop(world)
  })
})

/** Publishes 800 messages, together far larger than what is listed from a disk; returns when each is due. */
async function crowd(
  disk: DelaysOnDisk,
  world: DelaysUnderTest,
  { aheadMs, spanMs }: { readonly aheadMs: number; readonly spanMs: number },
): Promise<Map<string, number>> {
  const random = seededRandom(9)
  const due = new Map<string, number>()
  const start = Math.ceil((world.clock.now() + aheadMs) / 1024) * 1024
  for (let number = 0; number < 800; number++) {
    const text = `${number} ${'x'.repeat(700)}`
    const dueAt = start + random.below(spanMs)
    due.set(text, dueAt)
    world.publish(text, dueAt - world.clock.now())
    if (number % 50 === 0) await disk.turn()
  }
  await disk.until(() => world.isConfirmed)
  return due
}

async function assertInOrder(
  disk: DelaysOnDisk,
  world: DelaysUnderTest,
  due: ReadonlyMap<string, number>,
): Promise<void> {
  const arrivals = await disk.take(world, due.size)
  assert.deepEqual(
    arrivals.map(({ text }) => due.get(text)),
    [...due.values()].toSorted((a, b) => a - b),
  )
}

/** Publishes and lets time pass on a disk that loses power at random operations. */
async function failAgainAndAgain(seed: number): Promise<void> {
  const random = seededRandom(seed)
  const disk = new DelaysOnDisk()
  const published: string[] = []
  const confirmed: string[] = []
  let isDeclared = false
  for (let life = 0; life < lives; life++) {
    const world = await disk.start(random.below(3 * minuteMs))
    assert.deepEqual(disk.report?.unowned, [], `seed ${seed}`)
    if (!isDeclared) {
      declare(world)
      await disk.until(() => world.broker.store.uncommittedSize === 0)
      for (let count = 0; count < 20; count++) await disk.turn()
      isDeclared = true
    }
    const operations = { left: life === lives - 1 ? Infinity : random.below(120) }
    disk.disk.onOperation = () => (operations.left-- > 0 ? undefined : 'hold')
    const open: string[] = []
    for (let round = 0; round < 40 && operations.left > 0; round++) {
      const text = `${published.length}`
      published.push(text)
      open.push(text)
      world.publish(text, 1 + random.below([1000, 5000, 5 * minuteMs][random.below(3)]!))
      if (random.next() < 0.5) await disk.turn()
      if (random.next() < 0.3) await disk.advance(random.below(3000), 200)
      if (world.isConfirmed) confirmed.push(...open.splice(0))
    }
    if (life < lives - 1) {
      world.broker.prepareToClose()
      disk.crash(random)
      continue
    }
    await disk.until(() => world.isConfirmed)
    confirmed.push(...open)
    await disk.advance(10 * minuteMs, 1000)
    await disk.until(() => world.exchange().delay?.messageCount === 0)
    const arrived = (await disk.take(world, confirmed.length)).map(({ text }) => text)
    assert.equal(new Set(arrived).size, arrived.length, `seed ${seed}: doubled`)
    for (const text of confirmed) assert.ok(arrived.includes(text), `seed ${seed}: lost ${text}`)
    await disk.stop(world)
  }
}
