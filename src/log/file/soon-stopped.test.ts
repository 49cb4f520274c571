// A store that is stopped while it still tidies up after its start holds what it held, also when that comes again.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LogModel } from '../../../test/support/log-model.ts'
import { Workload } from '../../../test/support/store-workload.ts'
import { foundIn, openWorkloadStore } from '../../../test/support/workload-store.ts'
import { systemClock } from '../../lib/clock.ts'
import { FaultDisk } from '../../testing/fault-disk.ts'
import { HastyClock } from '../../testing/hasty-clock.ts'
import { seededRandom } from '../../testing/seeded-random.ts'

const seedCount = 60
const stepCount = 300

/** Of a store that left files without a directory. */
async function folderOfWork(seed: number): Promise<FaultDisk> {
  const disk = new FaultDisk(systemClock)
  disk.capacity = 20_000_000
  const clock = new HastyClock()
  const random = seededRandom(seed)
  const { store } = await openWorkloadStore(disk, clock)
  const work = new Workload({ random, store, model: new LogModel(), counter: 0 })
  for (let step = 0; step < stepCount; step++) {
    work.step()
    if (random.next() < 0.2) await new Promise(setImmediate)
    if (random.next() < 0.1) clock.tick()
  }
  if (seed % 2 === 0) store.abandon()
  else await store.close()
  const left = disk.kill()
  left.capacity = disk.capacity
  return left
}

test('a store that is stopped right after each start holds what it held', async () => {
  for (let seed = 1; seed <= seedCount; seed++) {
    const disk = await folderOfWork(seed)
    const looked = await openWorkloadStore(disk.copy(), new HastyClock())
    const before = await foundIn(looked)
    for (let start = 0; start < 3; start++) {
      const { store } = await openWorkloadStore(disk, new HastyClock())
      await store.close()
    }
    const after = await openWorkloadStore(disk, new HastyClock())
    assert.equal(await foundIn(after), before, `seed ${seed}`)
    await after.store.close()
    await looked.store.close()
  }
})
