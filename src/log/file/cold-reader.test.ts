// Readers of messages that left the tail: one who goes through a log finds the next window there.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  committed,
  createLogWithCursor,
  cursorOf,
  readAll,
  source,
} from '../../../test/support/log-engines.ts'
import { plainBatch } from '../../../test/support/plain-batch.ts'
import { systemClock } from '../../lib/clock.ts'
import { pagePool } from '../../lib/page-pool.ts'
import { Turn } from '../../lib/turn.ts'
import { logLimits } from '../../limits/log.ts'
import { RecordView } from '../../record/message/record-view.ts'
import { diskError, FaultDisk } from '../../testing/fault-disk.ts'
import { seededRandom } from '../../testing/seeded-random.ts'
import type { Log } from '../log.ts'
import type { LogWindow } from '../windows.ts'
import type { FileLimits } from './file-limits.ts'
import type { FileLogStore } from './file-log-store.ts'
import { openFileLogStore } from './open-file-log-store.ts'

const bodySize = 50_000
/** Several windows of the larger kind. */
const recordCount = 100
const recordsPerRun = 5
const view = new RecordView()

async function openStore(disk: FaultDisk, limits: Partial<FileLimits> = {}): Promise<FileLogStore> {
  const { store } = await openFileLogStore({
    path: '/data',
    disk,
    clock: systemClock,
    turn: new Turn(systemClock),
    durability: 'fsync',
    random: seededRandom(1),
    limits: { tailCacheSizeMax: 10_000, ...limits },
  })
  return store
}

async function fill(store: FileLogStore): Promise<Log> {
  let log!: Log
  await committed(store, () => (log = createLogWithCursor(store)))
  for (let n = 0; n < recordCount; n += recordsPerRun) {
    await committed(store, () => {
      for (let of = n; of < n + recordsPerRun; of++) log.append(source('a', bodyOf(of)), -1)
    })
  }
  return log
}

function bodyOf(offset: number): string {
  return `message ${offset} `.padEnd(bodySize, 'x')
}

function load(store: FileLogStore, log: Log, offset: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const absence = { at: 'window', offset } as const
    store.load(log, absence, (error) => (error === undefined ? resolve() : reject(error)))
  })
}

/** Reads one record and says whether that had to be waited for. */
async function readOne(store: FileLogStore, log: Log, offset: number): Promise<boolean> {
  const isAbsent = typeof log.read(offset, view) === 'object'
  if (isAbsent) await load(store, log, offset)
  assert.equal(log.read(offset, view), 'record')
  assert.equal(view.offset, offset)
  assert.equal(view.body.toString('latin1', view.bodyStart, view.bodyEnd), bodyOf(offset))
  return isAbsent
}

/** Reads on from `offset` up to the first record that has to be waited for. */
function readWhatIsThere(log: Log, offset: number): number {
  let at = offset
  while (log.read(at, view) === 'record') at++
  return at
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve))
}

/** Reads the first two windows, as whoever goes through a log does; the third is being loaded. */
async function startDraining(store: FileLogStore, log: Log): Promise<number> {
  await readOne(store, log, 0)
  const second = readWhatIsThere(log, 0)
  await readOne(store, log, second)
  return second
}

interface HeldDisk {
  readonly disk: FaultDisk
  readCount: number
  /** This read is held and those after it. */
  holdFrom: number
}

function heldDisk(holdFrom = Infinity): HeldDisk {
  const held: HeldDisk = { disk: new FaultDisk(systemClock), readCount: 0, holdFrom }
  held.disk.onOperation = (operation) => {
    if (operation !== 'read') return undefined
    return ++held.readCount >= held.holdFrom ? 'hold' : undefined
  }
  return held
}

test('one look into a log brings a small window and nothing after it', async () => {
  const held = heldDisk()
  const store = await openStore(held.disk)
  const log = await fill(store)
  await readOne(store, log, 10)
  const end = readWhatIsThere(log, 10)
  assert.ok((end - 10) * bodySize <= logLimits.coldReadSizeMax)
  assert.equal(held.readCount, 1)
  await store.close()
})

test('who goes through a log waits twice, then finds the next window there', async () => {
  const store = await openStore(new FaultDisk(systemClock))
  const log = await fill(store)
  let waits = 0
  for (let offset = 0; offset < log.tailStart; offset++) {
    if (await readOne(store, log, offset)) waits++
    // A reader that is slower than the disk.
    const { window } = log
    await until(() => window!.end >= log.tailStart || waits < 2 || log.hasWindowAt(window!.end))
  }
  assert.equal(waits, 2)
  await store.close()
})

test('who goes through a log reads larger windows than who looks around', async () => {
  const store = await openStore(new FaultDisk(systemClock))
  const log = await fill(store)
  const second = await startDraining(store, log)
  const { window } = log
  const size = (window!.end - window!.start) * bodySize
  assert.equal(window!.start, second)
  assert.ok(size > logLimits.coldReadSizeMax && size <= logLimits.coldDrainReadSizeMax)
  await store.close()
})

test('when windows take half of what they may, they stay small and none is loaded ahead', async () => {
  const held = heldDisk()
  const store = await openStore(held.disk, { coldWindowsSizeMax: 600_000 })
  const logs = [await fill(store), await fill(store)]
  let waits = 0
  for (let offset = 0; offset < logs[0]!.tailStart; offset++) {
    for (const log of logs) {
      if (await readOne(store, log, offset)) waits++
      if (offset < log.tailStart) assert.ok(log.window!.end - log.window!.start <= recordsPerRun)
    }
  }
  assert.equal(held.readCount, waits)
  await store.close()
})

test('a reader that comes to a window being loaded waits for it and reads nothing twice', async () => {
  const held = heldDisk(3)
  const store = await openStore(held.disk)
  const log = await fill(store)
  const second = await startDraining(store, log)
  await until(() => held.disk.heldCount > 0)
  const third = readWhatIsThere(log, second)
  const isLoaded = load(store, log, third)
  held.holdFrom = Infinity
  held.disk.release()
  await isLoaded
  assert.equal(log.read(third, view), 'record')
  assert.equal(view.offset, third)
  // The fourth is the one after that.
  await until(() => held.readCount === 3 + 1)
  await store.close()
})

test('a look elsewhere does not cost a reader its place', async () => {
  const store = await openStore(new FaultDisk(systemClock))
  const log = await fill(store)
  const second = await startDraining(store, log)
  await until(() => log.hasWindowAt(log.window!.end))
  assert.ok(await readOne(store, log, 1))
  assert.equal(await readOne(store, log, second + 1), false)
  await store.close()
})

test('a log that is deleted while its next window is being loaded keeps nothing', async () => {
  const held = heldDisk(3)
  const store = await openStore(held.disk)
  const log = await fill(store)
  await startDraining(store, log)
  await until(() => held.disk.heldCount > 0)
  const { end } = log.window!
  const isLoaded = load(store, log, end)
  store.beginAtom()
  store.deleteLog(log)
  store.endAtom()
  assert.equal(log.window, undefined)
  held.holdFrom = Infinity
  held.disk.release()
  await isLoaded
  assert.equal(log.hasWindowAt(end), false)
  await store.close()
})

test('a next window that cannot be read at first is read again, and nobody loses a record', async () => {
  const disk = new FaultDisk(systemClock)
  const store = await openStore(disk)
  const log = await fill(store)
  let readCount = 0
  disk.onOperation = (operation, path) => {
    const isBad = operation === 'read' && ++readCount > 2 && readCount < 5
    return isBad ? diskError('EIO', path) : undefined
  }
  await startDraining(store, log)
  const { end } = log.window!
  await load(store, log, end)
  assert.ok(readCount >= 5)
  assert.equal(log.read(end, view), 'record')
  assert.equal(view.offset, end)
  await store.close()
})

test('the windows of who goes through a log take turns in the same memory', async () => {
  const store = await openStore(new FaultDisk(systemClock))
  const log = await fill(store)
  const windows = new Set<LogWindow | undefined>()
  const memories = new Set<ArrayBufferLike>()
  for (let offset = 0; offset < log.tailStart; offset++) {
    await readOne(store, log, offset)
    const { buffer } = view.body
    if (buffer.byteLength < logLimits.coldDrainReadSizeMax) continue
    windows.add(log.window)
    memories.add(buffer)
  }
  assert.ok(windows.size > 3, `${windows.size} windows`)
  assert.equal(memories.size, 3)
  await store.close()
})

test('a body on its way out keeps its bytes when its window is gone', async () => {
  const store = await openStore(new FaultDisk(systemClock))
  const log = await fill(store)
  const first = await startDraining(store, log)
  const body = view.body.subarray(view.bodyStart, view.bodyEnd)
  pagePool.retain(body)
  for (let offset = first; offset < recordCount; offset++) await readOne(store, log, offset)
  assert.equal(body.toString('latin1'), bodyOf(first))
  pagePool.release(body)
  await store.close()
})

test('a batch of which messages are made keeps its bytes when its window is gone', async () => {
  const store = await openStore(new FaultDisk(systemClock))
  let log!: Log
  await committed(store, () => (log = createLogWithCursor(store)))
  for (let n = 0; n < 5; n++) {
    await committed(store, () => void log.appendBatch(plainBatch({ body: bodyOf(n).repeat(20) })))
  }
  assert.ok(log.tailStart > 0)
  await load(store, log, 0)
  log.read(0, view)
  const [run] = log.window!.runs
  const bytes = Buffer.from(run!.bytes())
  run!.retain()
  await committed(store, () => store.deleteLog(log))
  assert.ok(run!.bytes().equals(bytes))
  run!.release()
  assert.equal(run!.bytes().length, 0)
  await store.close()
})

test('everything is read in order whatever is acked ahead of the reader', async () => {
  const store = await openStore(new FaultDisk(systemClock))
  const log = await fill(store)
  await committed(store, () => {
    cursorOf(log).ackRange(0, 1)
    cursorOf(log).ackRange(4, 40)
    cursorOf(log).ackRange(60, 61)
  })
  const offsets = (await readAll(store, log)).map(([offset]) => offset)
  const left = Array.from({ length: recordCount }, (_, n) => n).filter(
    (n) => !cursorOf(log).acked.isAcked(n),
  )
  assert.deepEqual(
    offsets.filter((offset) => !cursorOf(log).acked.isAcked(offset)),
    left,
  )
  await store.close()
})

test('a reader gets past any number of aborted batches that it has not acked', async () => {
  const store = await openStore(new FaultDisk(systemClock))
  let log!: Log
  await committed(store, () => (log = createLogWithCursor(store)))
  for (let n = 0; n < recordCount; n++) {
    await committed(store, () => log.appendBatch(plainBatch({ recordCount: 1, body: bodyOf(n) })))
  }
  for (const body of ['shown', bodyOf(0)]) {
    await committed(store, () => log.append(source('a', body), -1))
  }
  log.hides = (run) => run.isForeign
  for (let loads = 0; ; loads++) {
    const reading = log.read(0, view)
    if (typeof reading !== 'object') break
    assert.ok(loads < 3, 'it asks for ever')
    await load(store, log, reading.offset)
  }
  assert.equal(view.offset, recordCount)
  await store.close()
})
