import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Random } from '../lib/random.ts'
import type { DiskFile } from '../log/file/disk.ts'
import { readInto, writeAllAt } from '../log/file/file-operations.ts'
import { diskError, FaultDisk } from './fault-disk.ts'
import { seededRandom } from './seeded-random.ts'
import { VirtualClock } from './virtual-clock.ts'

/** Nothing that was not synced survives. */
const strictest: Random = { ...seededRandom(1), next: () => 0 }
const path = '/data/file'

/** Lets the disk answer until `work` is settled. */
async function pass<T>(clock: VirtualClock, work: Promise<T>): Promise<T> {
  const state = { isDone: false }
  void Promise.allSettled([work]).then(() => {
    state.isDone = true
  })
  while (!state.isDone) {
    clock.runUntilIdle()
    await new Promise(setImmediate)
  }
  return work
}

/** A file whose name is durable. */
async function createFile(clock: VirtualClock): Promise<{ disk: FaultDisk; file: DiskFile }> {
  const disk = new FaultDisk(clock)
  const file = await pass(clock, disk.open(path, 'create'))
  await pass(clock, disk.syncFolder('/data'))
  return { disk, file }
}

function sync(file: DiskFile): Promise<void> {
  return new Promise((resolve, reject) => {
    file.datasync((error) => (error === null ? resolve() : reject(error)))
  })
}

test('a sync covers the writes that were finished when it began, and no others', async () => {
  const clock = new VirtualClock()
  const { disk, file } = await createFile(clock)
  await pass(clock, writeAllAt(file, [Buffer.from('first')], 0))
  const synced = sync(file)
  const written = writeAllAt(file, [Buffer.from('second')], 5)
  await pass(clock, Promise.all([synced, written]))
  assert.equal(String(disk.contentOf(path)), 'firstsecond')
  assert.equal(String(disk.crash(strictest).contentOf(path)), 'first')
})

test('a read behind the end of a file finds nothing', async () => {
  const clock = new VirtualClock()
  const { file } = await createFile(clock)
  await pass(clock, writeAllAt(file, [Buffer.from('first')], 0))
  const count = (at: number): Promise<number> => pass(clock, readInto(file, Buffer.alloc(3), at))
  assert.deepEqual([await count(4), await count(5), await count(6)], [1, 0, 0])
})

test('what was unsynced when a sync failed is not made durable by a later one', async () => {
  const clock = new VirtualClock()
  const { disk, file } = await createFile(clock)
  await pass(clock, writeAllAt(file, [Buffer.from('lost')], 0))
  disk.onOperation = (operation) => (operation === 'sync' ? diskError('EIO', path) : undefined)
  await assert.rejects(pass(clock, sync(file)), { code: 'EIO' })
  disk.onOperation = () => undefined
  await pass(clock, writeAllAt(file, [Buffer.from('kept')], 4))
  await pass(clock, sync(file))
  assert.equal(String(disk.crash(strictest).contentOf(path)), '\0\0\0\0kept')
})

test('what was written over and synced never comes back', async () => {
  const clock = new VirtualClock()
  const { disk, file } = await createFile(clock)
  await pass(clock, writeAllAt(file, [Buffer.from('older bytes')], 0))
  disk.onOperation = (operation) => (operation === 'sync' ? diskError('EIO', path) : undefined)
  await assert.rejects(pass(clock, sync(file)), { code: 'EIO' })
  disk.onOperation = () => undefined
  await pass(clock, writeAllAt(file, [Buffer.from('newer')], 0))
  await pass(clock, sync(file))
  for (let seed = 0; seed < 20; seed++) {
    const found = String(disk.kill().crash(seededRandom(seed)).contentOf(path))
    assert.ok(found.startsWith('newer'), found)
  }
})

test('an operation can take its time, and fail after it', async () => {
  const clock = new VirtualClock()
  const { disk, file } = await createFile(clock)
  disk.onOperation = () => ({ delayMs: 7, error: diskError('EIO', path) })
  await assert.rejects(pass(clock, sync(file)), { code: 'EIO' })
  assert.equal(clock.monotonic(), 7)
})

test('a sync that takes long does not bring back what a later write has replaced since', async () => {
  const clock = new VirtualClock()
  const { disk, file } = await createFile(clock)
  await pass(clock, writeAllAt(file, [Buffer.from('old...')], 0))
  disk.onOperation = (operation) => (operation === 'sync' ? 'hold' : undefined)
  const slow = sync(file)
  disk.onOperation = () => undefined
  await pass(clock, sync(file))
  await pass(clock, writeAllAt(file, [Buffer.from('new')], 3))
  await pass(clock, sync(file))
  disk.release()
  await pass(clock, slow)
  assert.equal(String(disk.crash(strictest).contentOf(path)), 'oldnew')
})

test('a power cut does not bring back what was forsaken under a later write that is synced', async () => {
  const clock = new VirtualClock()
  const { disk, file } = await createFile(clock)
  await pass(clock, writeAllAt(file, [Buffer.from('old...')], 0))
  disk.onOperation = (operation) => (operation === 'sync' ? diskError('EIO', path) : undefined)
  await assert.rejects(pass(clock, sync(file)), { code: 'EIO' })
  disk.onOperation = () => undefined
  await pass(clock, writeAllAt(file, [Buffer.from('new')], 3))
  await pass(clock, sync(file))
  const all: Random = { ...seededRandom(1), next: () => 0.6, below: (limit) => limit - 1 }
  assert.equal(String(disk.crash(all).contentOf(path)).slice(3), 'new')
})
