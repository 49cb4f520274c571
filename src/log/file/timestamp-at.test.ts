// When the first record of a log came, as far as that is known without reading: in memory, in a file that is
// written, in one that was finished, and after a restart.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  committed,
  createLogWithCursor,
  cursorOf,
  source,
} from '../../../test/support/log-engines.ts'
import type { Clock } from '../../lib/clock.ts'
import { systemClock } from '../../lib/clock.ts'
import { Turn } from '../../lib/turn.ts'
import { FaultDisk } from '../../testing/fault-disk.ts'
import { seededRandom } from '../../testing/seeded-random.ts'
import type { Log } from '../log.ts'
import type { FileLogStore } from './file-log-store.ts'
import { openFileLogStore } from './open-file-log-store.ts'

/** The wall clock is this many milliseconds; all else is the machine's. */
let now = 1000
const clock: Clock = { ...systemClock, now: () => now }
const disk = new FaultDisk(systemClock)

async function openStore(): Promise<{ store: FileLogStore; logs: readonly Log[] }> {
  const limits = { walFileSizeMax: 8000, tailCacheSizeMax: 2000, indexCacheSizeMax: 400 }
  const { store, recovered } = await openFileLogStore({
    path: '/data',
    disk,
    clock,
    turn: new Turn(clock),
    durability: 'fsync',
    random: seededRandom(3),
    limits,
  })
  return { store, logs: recovered.logs }
}

test('a record came when it came, or later where only that is known', async () => {
  const { store } = await openStore()
  let log!: Log
  await committed(store, () => (log = createLogWithCursor(store)))
  assert.equal(store.timestampAt(log, 0), undefined)
  for (; now <= 60_000; now += 1000) {
    await committed(store, () => log.append(source('a', 'x'.repeat(500)), -1))
  }
  const last = log.endOffset - 1
  assert.ok(log.tailStart > 10, 'most of it is on disk only')
  for (const offset of [0, 5, last - 1, last]) {
    const at = store.timestampAt(log, offset)
    const cameAt = (offset + 1) * 1000
    assert.ok(at !== undefined && at >= cameAt && at < cameAt + 20_000, `${offset}: ${at}`)
  }
  assert.equal(store.timestampAt(log, last), 60_000)
  assert.equal(store.timestampAt(log, last + 1), undefined)
  const cursor = cursorOf(log)
  await committed(store, () => cursor.ackRange(0, last - 1))
  assert.equal(store.timestampAt(log, 0), 60_000)
  const { walCount, walSize, freeSize } = store.fileStats
  assert.ok(walCount > 1 && walSize > 500 && freeSize > 0)
  const { commitSeconds, committedSize } = store.stats
  assert.ok(commitSeconds.counts.reduce((sum, count) => sum + count) > 60)
  assert.ok(committedSize > 60 * 500)
  await store.close()
  const again = await openStore()
  assert.equal(again.store.timestampAt(again.logs[0]!, 0), 60_000)
  await again.store.close()
})
