// The double of a cell's table: the suite of all tables, and what it does to appends from seeds.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '../../src/lib/clock.ts'
import { diskErrorKind } from '../../src/log/file/disk-error.ts'
import { MemoryCells } from '../../src/testing/memory-cells.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { VirtualClock } from '../../src/testing/virtual-clock.ts'
import { append, cellTableSuite, readAll } from './cell-table-suite.ts'

let cell = 0
const cells = new MemoryCells({
  clock: systemClock,
  random: seededRandom(1),
  delayMsMax: 1,
  lostShare: 0.3,
  lostMsMax: 5,
})

cellTableSuite('in memory', () => ({
  claimNew() {
    cell += 1
    const own = cell
    return Promise.resolve({
      table: cells.claim(own),
      claimAgain: () => Promise.resolve(cells.claim(own)),
    })
  },
}))

test('in memory: a server that is away answers when it is back, and a full one says so', async () => {
  const clock = new VirtualClock()
  const server = new MemoryCells({ clock, random: seededRandom(2) })
  const table = server.claim(0)
  server.stall()
  let isAnswered = false
  const appended = append(table, 1, 0, Buffer.alloc(100)).then(() => (isAnswered = true))
  clock.advance(60_000)
  await Promise.resolve()
  assert.equal(isAnswered, false)
  server.resume()
  clock.advance(10)
  await appended
  server.capacity = 150
  const refused = append(table, 1, 100, Buffer.alloc(100))
  clock.advance(10)
  await assert.rejects(refused, (error) => diskErrorKind(error) === 'full')
})

test('in memory: what was confirmed survives claims at any moment; nothing is there twice', async () => {
  for (let seed = 0; seed < 200; seed += 1) {
    const clock = new VirtualClock()
    const random = seededRandom(seed)
    const server = new MemoryCells({ clock, random, lostShare: 0.4, lostMsMax: 50 })
    let confirmed = ''
    let pending = ''
    let table = server.claim(0)
    const addOne = (): void => {
      const size = confirmed.length
      pending = String.fromCharCode(97 + random.below(26)).repeat(1 + random.below(5))
      const [current, text] = [table, pending]
      current.append(1, size, [Buffer.from(text)], (error) => {
        if (error) assert.equal(diskErrorKind(error), 'fenced')
        else if (current === table) confirmed += text
        if (!error && current === table) addOne()
      })
    }
    for (let owner = 0; owner < 4; owner += 1) {
      addOne()
      clock.advance(random.below(60))
      if (random.next() < 0.5) await table.close()
      const next = server.claim(0)
      const found = (await finish(clock, readOrNothing(next))).toString()
      assert.ok(found === confirmed || found === confirmed + pending, `seed ${seed}`)
      confirmed = found
      table = next
    }
  }
})

async function readOrNothing(table: ReturnType<MemoryCells['claim']>): Promise<Buffer> {
  return (await table.openFiles()).has(1) ? readAll(table, 1) : Buffer.alloc(0)
}

/** Lets time pass until it is settled. */
async function finish<T>(clock: VirtualClock, work: Promise<T>): Promise<T> {
  const state = { isSettled: false }
  const settled = work.finally(() => (state.isSettled = true))
  settled.catch(() => undefined)
  while (!state.isSettled) {
    clock.advance(1)
    await new Promise(setImmediate)
  }
  return settled
}
