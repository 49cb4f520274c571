// Whole runs for many readers: what is in memory comes at once, the rest is read once.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { committed, createLogWithCursor } from '../../../test/support/log-engines.ts'
import { PageWatch } from '../../../test/support/page-watch.ts'
import { plainBatch } from '../../../test/support/plain-batch.ts'
import { waitFor } from '../../../test/support/wait-for.ts'
import { type Clock, systemClock } from '../../lib/clock.ts'
import { Turn } from '../../lib/turn.ts'
import { logLimits } from '../../limits/log.ts'
import { memoryLimits } from '../../limits/memory.ts'
import { crcOfBatch, batchField } from '../../record/batch/batch-header.ts'
import { RecordView } from '../../record/message/record-view.ts'
import { FaultDisk } from '../../testing/fault-disk.ts'
import { seededRandom } from '../../testing/seeded-random.ts'
import type { LogStoreEvents } from '../log-store.ts'
import type { Log } from '../log.ts'
import type { Run } from '../run.ts'
import type { FileLimits } from './file-limits.ts'
import type { FileLogStore } from './file-log-store.ts'
import { openFileLogStore } from './open-file-log-store.ts'

async function openStore(
  disk: FaultDisk,
  fileLimits: Partial<FileLimits> = {},
  events: LogStoreEvents = {},
  clock: Clock = systemClock,
): Promise<FileLogStore> {
  const { store } = await openFileLogStore({
    path: '/data',
    disk,
    clock,
    turn: new Turn(systemClock),
    durability: 'fsync',
    random: seededRandom(1),
    limits: { tailCacheSizeMax: 10_000, ...fileLimits },
    events,
  })
  return store
}

/** A log of batches of one record. 200 of 1000 bytes share a page, so all are in memory or none. */
async function fill(store: FileLogStore, count = 200, bodySize = 939): Promise<Log> {
  let log!: Log
  await committed(store, () => (log = createLogWithCursor(store)))
  for (let n = 0; n < count; n++) {
    const batch = plainBatch({ body: `batch ${n} `.padEnd(bodySize, 'x') })
    await committed(store, () => log.appendBatch(batch))
  }
  return log
}

/** Changes a byte of batch 5 in its file. */
function damage(disk: FaultDisk): void {
  const [path] = disk.paths.filter((name) => name.startsWith('/data/wal/'))
  const content = disk.contentOf(path!)
  content[content.indexOf('batch 5 ')]! ^= 1
  disk.setContent(path!, content)
}

function countReads(disk: FaultDisk): () => number {
  let count = 0
  disk.onOperation = (operation) => {
    if (operation === 'read') count++
    return undefined
  }
  return () => count
}

test('runs in memory are given at once', async () => {
  const tailCacheSizeMax = 2 * memoryLimits.sharedPageSize
  const store = await openStore(new FaultDisk(systemClock), { tailCacheSizeMax })
  const log = await fill(store)
  const runs = store.readRuns(log, 195, 2000)
  assert.ok(Array.isArray(runs))
  assert.deepEqual(
    runs.map(({ baseOffset }) => baseOffset),
    [195, 196],
  )
  await store.close()
})

test('what several readers want is read from the disk once', async () => {
  const disk = new FaultDisk(systemClock)
  const store = await openStore(disk)
  const log = await fill(store)
  const readCount = countReads(disk)
  const readers = Array.from({ length: 10 }, async () => await store.readRuns(log, 3, 5000))
  for (const runs of await Promise.all(readers)) assert.equal(runs.length, 5)
  const again = store.readRuns(log, 50, 5000)
  assert.ok(Array.isArray(again))
  assert.equal(readCount(), 1)
  await store.close()
})

test('a strict reader is not given, and nobody reads, a run that is too large', async () => {
  const disk = new FaultDisk(systemClock)
  const store = await openStore(disk)
  const log = await fill(store)
  const sizes = (found: readonly Run[]): number[] => found.map(({ baseOffset }) => baseOffset)
  const readCount = countReads(disk)
  assert.deepEqual(await store.readRuns(log, 3, 900, true), [])
  assert.equal(readCount(), 0)
  assert.deepEqual(sizes(await store.readRuns(log, 3, 2500, true)), [3, 4])
  assert.equal(readCount(), 1)
  assert.deepEqual(await store.readRuns(log, 4, 900, true), [], 'it is in memory by now')
  await store.close()
})

test('who is faster than the disk finds the next part being read all the same', async () => {
  const disk = new FaultDisk(systemClock)
  const store = await openStore(disk)
  const log = await fill(store, 40, 90_000)
  const readCount = countReads(disk)
  let at = 0
  for (let part = 1; part <= 4; part++) {
    const runs = await store.readRuns(log, at, 300_000)
    for (const run of runs) run.release()
    at = (runs.at(-1)?.lastOffset ?? 0) + 1
    await waitFor('the next part is read', () => readCount() === part + 1)
  }
  await store.close()
})

test('a batch found intact is checked again when a while has passed', async () => {
  const disk = new FaultDisk(systemClock)
  let now = 0
  const clock = { ...systemClock, monotonic: () => now }
  const damaged: number[] = []
  const events: LogStoreEvents = { onDamaged: (_log, first) => damaged.push(first) }
  const store = await openStore(disk, { coldRunsSizeMax: 1 }, events, clock)
  const log = await fill(store)
  const first = async (): Promise<Run | undefined> => (await store.readRuns(log, 5, 1))[0]
  const read = Buffer.from((await first())!.bytes())
  damage(disk)
  now = logLimits.runIntactMs - 1
  assert.equal(Buffer.compare((await first())!.bytes(), read) === 0, false)
  now++
  assert.equal((await first())?.baseOffset, 6)
  assert.deepEqual(damaged, [5])
  await store.close()
})

test('readers of whole runs leave the window of message readers alone', async () => {
  const store = await openStore(new FaultDisk(systemClock))
  const log = await fill(store)
  await new Promise<void>((resolve) => {
    store.load(log, { at: 'window', offset: 0 }, () => resolve())
  })
  log.read(0, new RecordView())
  const { window } = log
  await store.readRuns(log, 100, 5000)
  assert.ok(window)
  assert.deepEqual(log.dropWindows(), [window])
  await store.close()
})

test('a run that somebody reads keeps its bytes when it leaves the cache', async () => {
  const store = await openStore(new FaultDisk(systemClock))
  const log = await fill(store)
  const [run] = await store.readRuns(log, 199, 1)
  const bytes = Buffer.from(run!.bytes())
  for (let n = 0; n < 20; n++) {
    await committed(store, () => log.appendBatch(plainBatch({ body: 'x'.repeat(900) })))
  }
  assert.ok(log.tailStart > 200)
  assert.ok(run!.bytes().equals(bytes))
  await store.close()
})

for (const coldRunsSizeMax of [1, 500_000, logLimits.coldRunsSizeMax]) {
  test(`memory of runs from files is used again when nobody has them (cache of ${coldRunsSizeMax} bytes)`, async () => {
    using watch = new PageWatch()
    const store = await openStore(new FaultDisk(systemClock), { coldRunsSizeMax })
    const log = await fill(store, 40, 90_000)
    const readers = Array.from({ length: 60 }, async (_, reader) => {
      return store.readRuns(log, (reader * 7) % 36, 300_000)
    })
    const read = (await Promise.all(readers)).flat()
    assert.ok(read.length >= 60)
    assert.ok(watch.retainTotal > 0)
    for (const run of read) {
      assert.equal(crcOfBatch(run.bytes(), run.size), run.bytes().readUInt32BE(batchField.crc))
      run.release()
    }
    await committed(store, () => store.deleteLog(log))
    await waitFor('nobody retains a page', () => watch.retainCount === 0)
    await store.close()
  })
}

test('a damaged run is reported and passed over', async () => {
  const disk = new FaultDisk(systemClock)
  const damaged: [number, number][] = []
  const events: LogStoreEvents = { onDamaged: (_log, first, last) => damaged.push([first, last]) }
  const store = await openStore(disk, {}, events)
  const log = await fill(store)
  await store.close()
  damage(disk)
  const again = await openStore(disk, {}, events)
  const found = again.logs.get(log.id) as Log
  assert.equal((await again.readRuns(found, 5, 1))[0]?.baseOffset, 6)
  assert.deepEqual(damaged, [[5, 5]])
  assert.deepEqual(
    (await again.readRuns(found, 4, 3000)).map(({ baseOffset }) => baseOffset),
    [4, 6, 7],
  )
  await again.close()
})
