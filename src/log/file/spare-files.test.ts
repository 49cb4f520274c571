// The WAL writes over files that nobody needs any more.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  committed,
  createLogWithCursor,
  cursorOf,
  readAll,
  source,
} from '../../../test/support/log-engines.ts'
import { waitFor } from '../../../test/support/wait-for.ts'
import { systemClock } from '../../lib/clock.ts'
import type { Clock } from '../../lib/clock.ts'
import { Turn } from '../../lib/turn.ts'
import { diskError, FaultDisk } from '../../testing/fault-disk.ts'
import { seededRandom } from '../../testing/seeded-random.ts'
import { LogError } from '../log-error.ts'
import type { Log } from '../log.ts'
import { decodeFileHeader, commitField } from './file-format.ts'
import type { FileLogStore } from './file-log-store.ts'
import { openFileLogStore } from './open-file-log-store.ts'
import { verifyDataFolder } from './verify.ts'

const fileSize = 20_000

/** Timers are quick; `monotonic` says how long files take to fill. */
function clockWith(monotonic: () => number): Clock {
  return {
    ...systemClock,
    monotonic,
    after: (_ms, callback) => {
      const timer = setImmediate(callback)
      return { stop: () => clearImmediate(timer) }
    },
    every: (_ms, callback) => systemClock.every(2, callback),
  }
}

const fastFilling: Clock = clockWith(() => 0)
let slowTime = 0
const slowFilling: Clock = clockWith(() => (slowTime += 1000))

function open(disk: FaultDisk, clock: Clock): ReturnType<typeof openFileLogStore> {
  disk.capacity = 5_000_000
  return openFileLogStore({
    path: '/data',
    disk,
    clock,
    turn: new Turn(clock),
    durability: 'fsync',
    random: seededRandom(3),
    limits: { walFileSizeMax: fileSize, tailCacheSizeMax: 2000, deleteStepSize: 10_000 },
  })
}

async function createLog(store: FileLogStore): Promise<Log> {
  let log!: Log
  await committed(store, () => (log = createLogWithCursor(store)))
  return log
}

async function append(store: FileLogStore, log: Log, count: number): Promise<void> {
  for (let n = 0; n < count; n++) {
    const body = `message ${log.endOffset} `.padEnd(1000, 'x')
    await committed(store, () => log.append(source('', body), -1))
  }
}

/** The numbers of the messages that are there. */
async function numbersOf(store: FileLogStore, log: Log): Promise<number[]> {
  const records = await readAll(store, log, cursorOf(log).acked.floor)
  return records.map(([, body]) => Number(/^message (\d+) x+$/.exec(body)?.[1]))
}

const numbers = (from: number, to: number): number[] =>
  Array.from({ length: to - from }, (_, index) => from + index)

const spares = (disk: FaultDisk): string[] => disk.paths.filter((path) => path.endsWith('.spare'))

const files = (disk: FaultDisk): string[] => disk.paths.filter((path) => path.endsWith('.log'))

/** Data files that were taken over from another one. */
const reusedFiles = (disk: FaultDisk): string[] =>
  files(disk).filter((path) => decodeFileHeader(disk.contentOf(path))!.priorSize > 0)

/** Two spare files are there; the next message is 60. */
async function storeWithSpares(disk: FaultDisk): Promise<[FileLogStore, Log]> {
  const { store } = await open(disk, fastFilling)
  const log = await createLog(store)
  await append(store, log, 60)
  await committed(store, () => cursorOf(log).ackRange(0, 59))
  await waitFor('two spare files', () => spares(disk).length === 2)
  return [store, log]
}

/** A killed broker's disk, whose last file lies over the bytes of an older one, and what is in it. */
async function diskWithReusedFile(): Promise<{ disk: FaultDisk; first: number; end: number }> {
  const disk = new FaultDisk(systemClock)
  const [store, log] = await storeWithSpares(disk)
  while (reusedFiles(disk).length === 0) await append(store, log, 1)
  const [path] = reusedFiles(disk)
  const headOf = (): string => disk.contentOf(path!).toString('latin1', 0, 8000)
  while (!headOf().includes(`message ${log.endOffset - 1} `)) await append(store, log, 1)
  await append(store, log, 2)
  assert.ok(/message [1-5]\d x/.test(disk.contentOf(path!).toString('latin1', 8000)))
  return { disk: disk.kill(), first: 60, end: log.endOffset }
}

/** Where the last commit of the reused file is. */
function lastCommitOf(disk: FaultDisk, end: number): { path: string; start: number } {
  const [path] = reusedFiles(disk)
  const content = disk.contentOf(path!)
  const start = content.lastIndexOf('PGRP', content.indexOf(`message ${end - 1} `))
  return { path: path!, start }
}

const offline = (disk: FaultDisk): Parameters<typeof verifyDataFolder>[0] => ({
  disk,
  path: '/data',
  isLocked: () => false,
})

test('what a file held before is neither read nor spoken of', async () => {
  const { disk, first, end } = await diskWithReusedFile()
  const { path } = lastCommitOf(disk, end)
  const { problems } = await verifyDataFolder(offline(disk))
  assert.deepEqual(
    problems.filter(({ file }) => file === path),
    [],
  )
  const { store, recovered } = await open(disk, fastFilling)
  assert.equal(recovered.cut, undefined)
  assert.deepEqual(await numbersOf(store, recovered.logs[0]!), numbers(first, end))
  await store.close()
})

test('a file that was not full gives the rest of its bytes back when it is sealed', async () => {
  const { disk, end } = await diskWithReusedFile()
  const { path } = lastCommitOf(disk, end)
  const { store } = await open(disk, fastFilling)
  await waitFor('the sealed file is cut', () => disk.contentOf(path).length < fileSize)
  await store.close()
  assert.deepEqual((await verifyDataFolder(offline(disk))).problems, [])
})

test('a torn last commit over old bytes is cut off', async () => {
  const { disk, first, end } = await diskWithReusedFile()
  const { path, start } = lastCommitOf(disk, end)
  const content = disk.contentOf(path)
  const size = content.readUInt32BE(start + commitField.size)
  for (let kept = 1; kept < size; kept += 7) {
    const copy = disk.copy()
    const torn = Buffer.from(content)
    torn.fill('y', start + kept, start + size)
    copy.setContent(path, torn)
    const { store, recovered } = await open(copy, fastFilling)
    assert.deepEqual(await numbersOf(store, recovered.logs[0]!), numbers(first, end - 1))
    await store.close()
    assert.deepEqual((await verifyDataFolder(offline(copy))).problems, [])
  }
})

test('damage in a commit over old bytes stops a start when it was synced', async () => {
  const { disk, end } = await diskWithReusedFile()
  const { path, start } = lastCommitOf(disk, end - 1)
  const content = disk.contentOf(path)
  for (const at of [start, start + 60, start + 500]) {
    const copy = disk.copy()
    const damaged = Buffer.from(content)
    damaged[at]! ^= 0x10
    copy.setContent(path, damaged)
    await assert.rejects(open(copy, fastFilling), (error: Error) => {
      assert.ok(error instanceof LogError)
      assert.match(error.message, new RegExp(`${path}.*byte ${start}`))
      return true
    })
    const { problems } = await verifyDataFolder(offline(copy))
    assert.equal(problems.filter(({ severity }) => severity === 'damage').length, 1)
  }
})

test('a slow writer leaves its growing file for one that was filled ahead', async () => {
  const disk = new FaultDisk(systemClock)
  const { store } = await open(disk, slowFilling)
  const log = await createLog(store)
  await append(store, log, 2)
  const filled = (path: string): boolean => disk.contentOf(path).length >= fileSize
  await waitFor('a spare file', () => spares(disk).some(filled))
  // It is closed in one of the next turns.
  for (let turn = 0; turn < 100; turn++) await new Promise(setImmediate)
  while (reusedFiles(disk).length < 2) await append(store, log, 1)
  const [grown] = files(disk)
  assert.ok(disk.contentOf(grown!).length < fileSize)
  assert.deepEqual(await numbersOf(store, log), numbers(0, log.endOffset))
  await store.close()
})

test('a fast writer is not given a file that was written only for it', async () => {
  const disk = new FaultDisk(systemClock)
  let filledCount = 0
  disk.onOperation = (operation, path) => {
    if (operation === 'create' && path.endsWith('.spare')) filledCount++
    return undefined
  }
  const { store } = await open(disk, fastFilling)
  await append(store, await createLog(store), 60)
  assert.ok(files(disk).length > 2)
  assert.equal(filledCount, 0)
  await store.close()
})

test('the next start takes spare files over, but not one that is only half written', async () => {
  const disk = new FaultDisk(systemClock)
  const [store] = await storeWithSpares(disk)
  await store.close()
  const [half] = spares(disk)
  disk.setContent(half!, disk.contentOf(half!).subarray(0, fileSize / 2))
  const again = await open(disk, fastFilling)
  assert.deepEqual(spares(disk), [])
  assert.equal(reusedFiles(disk).length, 1)
  assert.deepEqual((await numbersOf(again.store, again.recovered.logs[0]!)).length, 0)
  await again.store.close()
})

test('spare files go when the disk is full', async () => {
  const disk = new FaultDisk(systemClock)
  const [store, log] = await storeWithSpares(disk)
  disk.capacity = disk.usedSize + 100
  await waitFor('no spare file', () => spares(disk).length === 0)
  disk.capacity = Infinity
  await append(store, log, 10)
  assert.deepEqual(await numbersOf(store, log), numbers(60, 70))
  await store.close()
})

test('without room, or when the disk refuses, there are no spare files and all goes on', async () => {
  const disk = new FaultDisk(systemClock)
  disk.onOperation = (_operation, path) =>
    path.endsWith('.spare') ? diskError('EIO', path) : undefined
  const { store } = await open(disk, slowFilling)
  const log = await createLog(store)
  await append(store, log, 60)
  await committed(store, () => cursorOf(log).ackRange(0, 59))
  await waitFor('the dead files are gone', () => files(disk).length <= 2)
  await append(store, log, 60)
  assert.deepEqual(await numbersOf(store, log), numbers(60, 120))
  assert.deepEqual(spares(disk), [])
  await store.close()
})
