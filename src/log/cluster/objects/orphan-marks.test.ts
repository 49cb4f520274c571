import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryObjects } from '../../../testing/memory-objects.ts'
import { seededRandom } from '../../../testing/seeded-random.ts'
import { VirtualClock } from '../../../testing/virtual-clock.ts'
import { writerOf } from './object-key.ts'
import { bufferSource } from './object-source.ts'
import { readOrphanMarks, writeOrphanMarks } from './orphan-marks.ts'

const random = seededRandom(1)
const owner = { cell: 3, epoch: 17 }

function openStore(): { clock: VirtualClock; store: MemoryObjects } {
  const clock = new VirtualClock()
  return { clock, store: new MemoryObjects({ clock }) }
}

test('the next owner reads what the last one wrote', async () => {
  const { store } = openStore()
  assert.equal((await readOrphanMarks(store, 3)).size, 0)
  await writeOrphanMarks(store, owner, new Map([['c3/e1/a', 100]]), random)
  const marks = new Map([
    ['c3/e1/a', 100],
    ['c3/e2/b', 200],
  ])
  await writeOrphanMarks(store, owner, marks, random)
  assert.deepEqual(await readOrphanMarks(store, 3), marks)
  assert.equal((await readOrphanMarks(store, 30)).size, 0)
  assert.equal(store.keys.length, 1)
  assert.equal(writerOf(store.keys[0]!), undefined)
})

test('what an older owner wrote late counts for nothing, and goes', async () => {
  const { clock, store } = openStore()
  const right = new Map([['c3/e1/a', 500]])
  await writeOrphanMarks(store, { cell: 3, epoch: 18 }, right, random)
  clock.advance(1000)
  await writeOrphanMarks(store, owner, new Map([['c3/e1/a', 1]]), random)
  assert.deepEqual(await readOrphanMarks(store, 3), right)
  await writeOrphanMarks(store, { cell: 3, epoch: 19 }, right, random)
  assert.equal(store.keys.length, 1)
})

test('marks that cannot be read are none', async () => {
  for (const text of ['', '{"c3/e1/a":', 'null', '{"c3/e1/a":"yesterday"}']) {
    const { store } = openStore()
    await store.put('c3/orphans/e1-00', bufferSource(Buffer.from(text)))
    assert.equal((await readOrphanMarks(store, 3)).size, 0)
  }
})
