// Cleaning of files that hold Kafka batches: whole ones are kept, byte for byte, and once is enough.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { committed, createLogWithCursor, cursorOf } from '../../../test/support/log-engines.ts'
import { plainBatch } from '../../../test/support/plain-batch.ts'
import { systemClock } from '../../lib/clock.ts'
import type { Clock } from '../../lib/clock.ts'
import { Turn } from '../../lib/turn.ts'
import { FaultDisk } from '../../testing/fault-disk.ts'
import { seededRandom } from '../../testing/seeded-random.ts'
import type { Log } from '../log.ts'
import type { FileLogStore } from './file-log-store.ts'
import { openFileLogStore } from './open-file-log-store.ts'
import { verifyDataFolder } from './verify.ts'

const quickClock: Clock = {
  ...systemClock,
  after: (_ms, callback) => systemClock.after(1, callback),
  every: (_ms, callback) => systemClock.every(2, callback),
}

async function openStore(disk: FaultDisk): Promise<FileLogStore> {
  disk.capacity = 5_000_000
  const { store } = await openFileLogStore({
    path: '/data',
    disk,
    clock: quickClock,
    turn: new Turn(quickClock),
    durability: 'fsync',
    random: seededRandom(9),
    limits: { walFileSizeMax: 50_000, tailCacheSizeMax: 20_000, coldRunsSizeMax: 0 },
    events: {
      onTrouble: (error) => {
        throw error
      },
    },
  })
  return store
}

async function createLogs(store: FileLogStore, count: number): Promise<Log[]> {
  const logs: Log[] = []
  await committed(store, () => {
    for (let n = 0; n < count; n++) logs.push(createLogWithCursor(store))
  })
  return logs
}

async function appendBatches(store: FileLogStore, log: Log, count: number): Promise<void> {
  for (let n = 0; n < count; n++) {
    const body = `${log.id} ${n} `.padEnd(990, 'x')
    await committed(store, () => log.appendBatch(plainBatch({ recordCount: 10, body })))
  }
}

/** The bytes of all runs in which something lives. */
async function bytesOf(store: FileLogStore, log: Log): Promise<string[]> {
  const all: string[] = []
  for (let at = cursorOf(log).acked.nextUnacked(0); ;) {
    const runs = await store.readRuns(log, at, 1)
    if (runs.length === 0) return all
    for (const run of runs) {
      const isLiving = cursorOf(log).acked.unackedIn(run.baseOffset, run.lastOffset) > 0
      if (isLiving) all.push(run.bytes().toString('latin1'))
      at = run.lastOffset + 1
    }
  }
}

const walFiles = (disk: FaultDisk): string[] => disk.paths.filter((path) => path.endsWith('.log'))

const walSize = (disk: FaultDisk): number =>
  walFiles(disk).reduce((size, path) => size + disk.contentOf(path).length, 0)

async function until(condition: () => boolean): Promise<void> {
  const deadline = systemClock.monotonic() + 20_000
  while (!condition()) {
    assert.ok(systemClock.monotonic() < deadline, 'it never happened')
    await ticks(1)
  }
}

async function ticks(count: number): Promise<void> {
  for (let n = 0; n < count; n++) {
    await new Promise<void>((resolve) => {
      quickClock.after(2, resolve)
    })
  }
}

async function checkFolder(disk: FaultDisk): Promise<void> {
  const report = await verifyDataFolder({ disk, path: '/data', isLocked: () => false })
  assert.deepEqual(report.problems, [])
}

test('batches of a work queue that are acked in part are kept whole', async () => {
  const disk = new FaultDisk(systemClock)
  const store = await openStore(disk)
  const [queue] = (await createLogs(store, 1)) as [Log]
  await appendBatches(store, queue, 300)
  const sizeBefore = walSize(disk)
  await committed(store, () => {
    // Of every twentieth batch one record is left, of the others none.
    for (let batch = 0; batch < 300; batch++) {
      const first = batch * 10
      cursorOf(queue).ackRange(first, first + (batch % 20 === 0 ? 8 : 9))
    }
  })
  const expected = await bytesOf(store, queue)
  assert.equal(expected.length, 15)
  await until(() => walSize(disk) < sizeBefore / 4)
  assert.deepEqual(await bytesOf(store, queue), expected)
  await store.close()
  await checkFolder(disk)
  const again = await openStore(disk)
  assert.deepEqual(await bytesOf(again, again.logs.get(queue.id) as Log), expected)
  await again.close()
})

test('a file of batches that are mostly acked, each in part, is not copied for ever', async () => {
  const disk = new FaultDisk(systemClock)
  const store = await openStore(disk)
  const [queue] = (await createLogs(store, 1)) as [Log]
  await appendBatches(store, queue, 200)
  await committed(store, () => {
    for (let batch = 0; batch < 200; batch++) cursorOf(queue).ackRange(batch * 10, batch * 10 + 8)
  })
  await ticks(40)
  const files = walFiles(disk)
  await ticks(100)
  assert.deepEqual(walFiles(disk), files)
  assert.equal((await bytesOf(store, queue)).length, 200)
  await store.close()
  await checkFolder(disk)
})

test('topics that share files give their space back as they are trimmed', async () => {
  const disk = new FaultDisk(systemClock)
  const store = await openStore(disk)
  const topics = await createLogs(store, 4)
  for (let round = 0; round < 60; round++) {
    for (const topic of topics) await appendBatches(store, topic, 1)
  }
  const sizeBefore = walSize(disk)
  const [long, ...others] = topics as [Log, ...Log[]]
  const expected = await bytesOf(store, long)
  await committed(store, () => {
    for (const log of others) store.trim(log, 595)
  })
  assert.ok(store.sizeOf(others[0]!) < 2000)
  await until(() => walSize(disk) < sizeBefore / 2)
  assert.deepEqual(await bytesOf(store, long), expected)
  for (const log of others) assert.equal((await bytesOf(store, log)).length, 1)
  await committed(store, () => store.trim(long, 600))
  await until(() => walSize(disk) < sizeBefore / 4)
  await store.close()
  await checkFolder(disk)
})
