// What happens when the disk does not do what it is told: nothing is confirmed that is not on it,
// nothing is lost, and it goes on by itself when it can.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  createLogWithCursor,
  cursorOf,
  durable,
  readAll,
} from '../../../test/support/log-engines.ts'
import { systemClock } from '../../lib/clock.ts'
import type { Clock } from '../../lib/clock.ts'
import { Turn } from '../../lib/turn.ts'
import { RecordSource } from '../../record/message/record-source.ts'
import { RecordView } from '../../record/message/record-view.ts'
import { diskError, FaultDisk } from '../../testing/fault-disk.ts'
import { seededRandom } from '../../testing/seeded-random.ts'
import type { LogStoreEvents } from '../log-store.ts'
import type { Log } from '../log.ts'
import type { FileLimits } from './file-limits.ts'
import type { FileLogStore } from './file-log-store.ts'
import { openFileLogStore } from './open-file-log-store.ts'

/** Pauses take no time, and what is done every second is done every few turns. */
const quickClock: Clock = {
  ...systemClock,
  after: (_ms, callback) => systemClock.after(1, callback),
  every: (_ms, callback) => systemClock.every(2, callback),
}

interface Opening {
  readonly events?: LogStoreEvents
  readonly limits?: Partial<FileLimits>
}

function open(disk: FaultDisk, opening: Opening = {}): ReturnType<typeof openFileLogStore> {
  return openFileLogStore({
    path: '/data',
    disk,
    clock: quickClock,
    turn: new Turn(quickClock),
    durability: 'fsync',
    random: seededRandom(1),
    limits: opening.limits ?? {},
    events: opening.events ?? {},
  })
}

function source(body: string): RecordSource {
  const result = new RecordSource()
  result.body = Buffer.from(body)
  result.bodyEnd = result.body.length
  return result
}

function change(store: FileLogStore, body: () => void): Promise<void> {
  store.beginAtom()
  body()
  return durable(store.endAtom())
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) {
    await new Promise<void>((resolve) => {
      setImmediate(resolve)
    })
  }
}

async function bodiesOf(store: FileLogStore, log: Log): Promise<string[]> {
  return (await readAll(store, log, cursorOf(log).acked.floor)).map(([, body]) => body)
}

async function storeWithLog(disk: FaultDisk, opening?: Opening): Promise<[FileLogStore, Log]> {
  const { store } = await open(disk, opening)
  let log!: Log
  await change(store, () => {
    log = createLogWithCursor(store)
    log.append(source('first'), -1)
  })
  return [store, log]
}

const walFiles = (disk: FaultDisk): string[] => disk.paths.filter((path) => path.endsWith('.log'))

test('a commit is not confirmed while its sync is under way', async () => {
  const disk = new FaultDisk(systemClock)
  const [store, log] = await storeWithLog(disk)
  disk.onOperation = (operation, path) =>
    operation === 'sync' && path.includes('/wal/') ? 'hold' : undefined
  let isConfirmed = false
  const confirmed = change(store, () => log.append(source('second'), -1)).then(() => {
    isConfirmed = true
  })
  await until(() => disk.heldCount > 0)
  for (let turns = 0; turns < 20; turns++) await until(() => true)
  assert.equal(isConfirmed, false)
  assert.equal(log.durableEnd, 1)
  disk.onOperation = () => undefined
  disk.release()
  await confirmed
  assert.equal(log.durableEnd, 2)
  await store.close()
})

for (const operation of ['sync', 'write'] as const) {
  test(`a commit whose ${operation} fails is written again to another file`, async () => {
    const disk = new FaultDisk(systemClock)
    const troubles: Error[] = []
    const events = { onTrouble: (error: Error) => troubles.push(error) }
    const [store, log] = await storeWithLog(disk, { events })
    const [first] = walFiles(disk)
    let failures = 0
    disk.onOperation = (current, path) =>
      current === operation && path.includes('/wal/') && failures++ < 1
        ? diskError('EIO', path)
        : undefined
    await change(store, () => log.append(source('second'), -1))
    assert.equal(troubles.length, 1)
    assert.ok(walFiles(disk).some((path) => path > first!))
    await change(store, () => log.append(source('third'), -1))
    // The power goes: what the failed file still holds is anybody's guess.
    const opened = await open(disk.crash(seededRandom(3)))
    const again = opened.recovered.logs[0]!
    assert.deepEqual(await bodiesOf(opened.store, again), ['first', 'second', 'third'])
    await opened.store.close()
  })
}

test('what a start has found survives a power cut, also when its sync failed before the process was killed', async () => {
  let disk = new FaultDisk(systemClock)
  let hasFailed = false
  const events = { onTrouble: () => (hasFailed = true) }
  const [killed, log] = await storeWithLog(disk, { events })
  const nothingKept = { ...seededRandom(1), next: () => 0 }
  disk.onOperation = (operation, path) =>
    operation === 'sync' || operation === 'create' ? diskError('EIO', path) : undefined
  void change(killed, () => log.append(source('second'), -1))
  await until(() => hasFailed)
  disk = disk.kill()
  const { store, recovered } = await open(disk)
  const found = recovered.logs[0] as Log
  assert.deepEqual(await bodiesOf(store, found), ['first', 'second'])
  await change(store, () => found.append(source('third'), -1))
  const last = await open(disk.crash(nothingKept))
  const [kept] = last.recovered.logs
  assert.deepEqual(await bodiesOf(last.store, kept as Log), ['first', 'second', 'third'])
  await last.store.close()
})

test('a store that can create no file any more says so once and confirms nothing', async () => {
  const disk = new FaultDisk(systemClock)
  const failures: Error[] = []
  const events = { onFailed: (error: Error) => failures.push(error) }
  const [store, log] = await storeWithLog(disk, { events })
  disk.onOperation = (operation, path) =>
    operation === 'write' || operation === 'create' ? diskError('EROFS', path) : undefined
  let isConfirmed = false
  void change(store, () => log.append(source('second'), -1)).then(() => (isConfirmed = true))
  await until(() => failures.length > 0)
  assert.equal(isConfirmed, false)
  assert.equal(failures.length, 1)
})

test('a full disk blocks publishers, lets acks through, and goes on when space is back', async () => {
  const disk = new FaultDisk(systemClock)
  disk.capacity = 4_000_000
  const reasons: (string | undefined)[] = []
  const events = { onBlocked: (reason: string | undefined) => reasons.push(reason) }
  const limits = { walFileSizeMax: 200_000, tailCacheSizeMax: 100_000 }
  const [store, log] = await storeWithLog(disk, { events, limits })
  await until(() => disk.paths.includes('/data/reserve'))
  const body = 'x'.repeat(10_000)
  while (store.blocked === undefined) {
    await change(store, () => {
      for (let count = 0; count < 5; count++) log.append(source(body), -1)
    })
  }
  assert.equal(store.blocked, 'low on disk')
  // Somebody else fills the rest of the disk.
  disk.capacity = disk.usedSize + 100
  await change(store, () => log.append(source(body), -1))
  assert.ok(!disk.paths.includes('/data/reserve'))
  const end = log.endOffset
  for (let offset = 0; offset < end - 1; offset++) {
    store.beginAtom()
    cursorOf(log).ack(offset)
    const ticket = store.endAtom()
    if (offset % 50 === 0) await durable(ticket)
  }
  disk.capacity = 4_000_000
  await until(() => store.blocked === undefined)
  assert.deepEqual(reasons, ['low on disk', undefined])
  await until(() => disk.paths.includes('/data/reserve'))
  assert.deepEqual(await bodiesOf(store, log), [body])
  await store.close()
})

/** Whether there is a record at `offset`. */
async function readOne(store: FileLogStore, log: Log, offset: number): Promise<boolean> {
  const view = new RecordView()
  for (;;) {
    const reading = log.read(offset, view)
    if (typeof reading !== 'object') break
    await new Promise<void>((resolve, reject) => {
      store.load(log, reading, (error) => (error === undefined ? resolve() : reject(error)))
    })
  }
  return view.offset === offset
}

/** A disk on which a broker was killed when publishers were blocked, and what it had confirmed. */
async function diskOfBlocked(): Promise<{ disk: FaultDisk; count: number }> {
  const disk = new FaultDisk(quickClock)
  disk.capacity = 4_000_000
  const limits = { walFileSizeMax: 200_000, tailCacheSizeMax: 100_000 }
  const [store, log] = await storeWithLog(disk, { limits })
  await until(() => disk.paths.includes('/data/reserve'))
  while (store.blocked === undefined) {
    await change(store, () => {
      for (let number = 0; number < 5; number++) log.append(source('x'.repeat(10_000)), -1)
    })
  }
  const count = log.endOffset
  return { disk: disk.kill(), count }
}

test('the reserve of an earlier process is given up when others fill the disk: acks go on', async () => {
  const { disk, count } = await diskOfBlocked()
  const limits = { walFileSizeMax: 200_000, tailCacheSizeMax: 100_000 }
  const { store, recovered } = await open(disk, { limits })
  disk.capacity = disk.usedSize
  await until(() => store.blocked !== undefined)
  const log = recovered.logs[0] as Log
  const offsets = Array.from({ length: count }, (_, offset) => offset)
  let isGivenUp = false
  // As long as every other message waits, acks free nothing.
  const order = offsets.toSorted((a, b) => (b % 2) - (a % 2))
  while (order.length > 0) {
    // Somebody else takes the rest, also what acks have freed.
    isGivenUp ||= !disk.paths.includes('/data/reserve')
    if (!isGivenUp) disk.capacity = disk.usedSize
    const some = order.splice(0, 20)
    for (const offset of some) assert.equal(await readOne(store, log, offset), true)
    await change(store, () => {
      for (const offset of some) cursorOf(log).ack(offset)
    })
  }
  assert.ok(isGivenUp)
  disk.capacity = 4_000_000
  await until(() => store.blocked === undefined)
  await store.close()
})

test('a start on a full disk gives the reserve up', async () => {
  const { disk, count } = await diskOfBlocked()
  disk.capacity = disk.usedSize
  const { store, recovered } = await open(disk)
  const log = recovered.logs[0] as Log
  assert.equal((await bodiesOf(store, log)).length, count)
  await change(store, () => cursorOf(log).ackRange(0, count - 1))
  assert.equal(store.blocked, 'low on disk')
  await store.close()
})

test('a reserve that cannot be written to its end is no use of space', async () => {
  const disk = new FaultDisk(quickClock)
  disk.capacity = 4_000_000
  disk.onOperation = (operation, path) =>
    operation === 'sync' && path === '/data/reserve' ? diskError('ENOSPC', path) : undefined
  const [store, log] = await storeWithLog(disk)
  await until(() => store.blocked !== undefined)
  await change(store, () => log.append(source('second'), -1))
  await until(() => !disk.paths.includes('/data/reserve'))
  await store.close()
})

test('publishers are blocked before the reserve is needed, however fast they are', async () => {
  const disk = new FaultDisk(quickClock)
  disk.capacity = 4_000_000
  let hasLooked = false
  // Only the first look at the disk is answered: those of later seconds come too late.
  disk.onOperation = (operation, path) => {
    if (operation !== 'open' || path !== '/data') return undefined
    const fate = hasLooked && disk.paths.includes('/data/reserve') ? 'hold' : undefined
    hasLooked = true
    return fate
  }
  const [store, log] = await storeWithLog(disk)
  await until(() => disk.paths.includes('/data/reserve'))
  disk.release()
  while (store.blocked === undefined) {
    await change(store, () => log.append(source('x'.repeat(20_000)), -1))
  }
  // A tenth of the disk, without what was under way.
  assert.ok(disk.capacity - disk.usedSize > 350_000)
  assert.ok(disk.paths.includes('/data/reserve'))
  disk.onOperation = () => undefined
  disk.release()
  await store.close()
})

test('a store whose folder is gone fails and confirms nothing more', async () => {
  const disk = new FaultDisk(quickClock)
  const failures: Error[] = []
  const [store, log] = await storeWithLog(disk, {
    events: { onFailed: (error) => failures.push(error) },
  })
  disk.removeFolder('/data')
  await until(() => failures.length > 0)
  assert.match(failures[0]?.message ?? '', /the data folder \/data is gone/)
  let isConfirmed = false
  void change(store, () => log.append(source('second'), -1)).then(() => (isConfirmed = true))
  for (let turn = 0; turn < 50; turn++) {
    await new Promise<void>((resolve) => {
      setImmediate(resolve)
    })
  }
  assert.deepEqual([isConfirmed, failures.length], [false, 1])
})

test('publishers are blocked while nothing can be written, and let go when it works again', async () => {
  const disk = new FaultDisk(quickClock)
  const reasons: (string | undefined)[] = []
  const [store, log] = await storeWithLog(disk, {
    events: { onBlocked: (reason) => reasons.push(reason) },
  })
  disk.onOperation = (operation, path) =>
    operation === 'write' && path.endsWith('.log') ? diskError('EIO', path) : undefined
  const confirmed = change(store, () => log.append(source('second'), -1))
  await until(() => reasons.length > 0)
  assert.deepEqual(reasons, ['disk fails'])
  disk.onOperation = () => undefined
  await confirmed
  assert.deepEqual(reasons, ['disk fails', undefined])
  assert.deepEqual(await bodiesOf(store, log), ['first', 'second'])
  await store.close()
})

test('publishers are blocked before the files run out, and acks go on without any left', async () => {
  const disk = new FaultDisk(quickClock)
  const limits = { walFileSizeMax: 50_000, tailCacheSizeMax: 10_000 }
  const [store, log] = await storeWithLog(disk, { limits })
  await until(() => disk.paths.includes('/data/reserve'))
  disk.fileCountMax = 1000
  await change(store, () => log.append(source('second'), -1))
  assert.equal(store.blocked, undefined)
  // Somebody else takes all files, also the one that a manifest was before it took the place of the old.
  await until(() => {
    disk.fileCountMax = disk.paths.length
    return store.blocked === 'low on disk'
  })
  for (let count = 0; count < 200; count++) {
    await change(store, () => log.append(source('x'.repeat(1000)), -1))
  }
  await change(store, () => cursorOf(log).ackRange(0, log.endOffset - 1))
  disk.fileCountMax = Infinity
  await until(() => store.blocked === undefined)
  await store.close()
})
