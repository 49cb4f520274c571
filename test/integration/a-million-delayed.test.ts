// A million messages wait for their time on disk, not in memory.
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { systemClock } from '../../src/lib/clock.ts'
import { Turn } from '../../src/lib/turn.ts'
import { logLimits } from '../../src/limits/log.ts'
import { openFileLogStore } from '../../src/log/file/open-file-log-store.ts'
import { createSystemDisk } from '../../src/log/file/system-disk.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { collectGarbage } from '../support/collect-garbage.ts'
import { DelaysUnderTest } from '../support/delays-under-test.ts'
import { waitFor } from '../support/wait-for.ts'

const count = 1_000_000
const dayMs = 86_400_000
/** Ten bytes for each: what is in memory are buckets, some hundred, and extents of logs in files. */
const heapSizeMax = 10_000_000

function heapSize(): number {
  collectGarbage()
  collectGarbage()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

test('a million delayed messages take less than 10 MB of memory', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'pabal-million-'))
  const clock = systemClock
  const turn = new Turn(clock)
  const { store } = await openFileLogStore({
    path: folder,
    disk: createSystemDisk(),
    durability: 'os',
    limits: { tailCacheSizeMax: 1_000_000 },
    clock,
    turn,
    random: seededRandom(1),
  })
  const world = new DelaysUnderTest(store, clock, turn)
  world.declare('x', 'x-delayed-message', { 'x-delayed-type': 'direct' })
  world.queue('q', 'x')
  const random = seededRandom(5)
  const publish = async (number: number): Promise<void> => {
    for (let published = 0; published < number; published++) {
      world.publish('a body', 3_600_000 + random.below(7 * dayMs))
      if (published % 1000 !== 0) continue
      await new Promise(setImmediate)
      await waitFor('the disk', () => store.uncommittedSize < logLimits.uncommittedSizeMax)
    }
    await waitFor('all are durable', () => world.isConfirmed)
  }
  // What buckets and caches take, whatever the number is.
  await publish(count / 20)
  const before = heapSize()
  await publish(count - count / 20)
  assert.equal(world.exchange().delay?.messageCount, count)
  let taken = Infinity
  // A checkpoint that is being written has its bytes for a moment.
  await waitFor(
    'what is in memory is little',
    () => (taken = heapSize() - before) < heapSizeMax,
  ).catch((error: Error) => assert.fail(`${error.message}: ${taken} bytes`))
  world.broker.prepareToClose()
  await store.close()
  await rm(folder, { recursive: true })
})
