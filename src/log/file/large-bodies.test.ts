// Large bodies in files of their own over crashes, damage and repair: what counts is whether a
// record refers to them, not what the folder lists.
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
import { writeInt64 } from '../../lib/int64.ts'
import { Turn } from '../../lib/turn.ts'
import { RecordSource } from '../../record/message/record-source.ts'
import { FaultDisk } from '../../testing/fault-disk.ts'
import { seededRandom } from '../../testing/seeded-random.ts'
import type { LogStoreEvents } from '../log-store.ts'
import type { Log } from '../log.ts'
import { fileKind } from './file-format.ts'
import type { FileLogStore } from './file-log-store.ts'
import { openFileLogStore } from './open-file-log-store.ts'
import { repairDataFolder } from './repair.ts'
import type { RepairReport } from './repair.ts'
import { verifyDataFolder } from './verify.ts'
import type { VerifyProblem } from './verify.ts'

/** Looks for work at once. */
const quickClock: Clock = {
  ...systemClock,
  after: (_ms, callback) => systemClock.after(1, callback),
  every: (_ms, callback) => systemClock.every(2, callback),
}

function open(
  disk: FaultDisk,
  clock = systemClock,
  events: LogStoreEvents = {},
): ReturnType<typeof openFileLogStore> {
  return openFileLogStore({
    events,
    path: '/data',
    disk,
    clock,
    turn: new Turn(clock),
    durability: 'fsync',
    random: seededRandom(5),
    limits: { walFileSizeMax: 3000, tailCacheSizeMax: 500 },
  })
}

function change(store: FileLogStore, make: () => void): Promise<void> {
  store.beginAtom()
  make()
  return durable(store.endAtom())
}

function writeAside(store: FileLogStore, body: string): Promise<number> {
  return new Promise((resolve) => {
    store.writeAside(Buffer.from(body), resolve)
  })
}

async function appendLarge(store: FileLogStore, log: Log, body: string): Promise<void> {
  const source = new RecordSource()
  source.bodyEnd = body.length
  source.asideId = await writeAside(store, body)
  await change(store, () => log.append(source, -1))
}

async function appendSmall(store: FileLogStore, log: Log, body: string): Promise<void> {
  const source = new RecordSource()
  source.body = Buffer.from(body)
  source.bodyEnd = body.length
  await change(store, () => log.append(source, -1))
}

/** A store with three messages that have large bodies in its only log. */
async function storeWithBodies(
  disk: FaultDisk,
  clock?: Clock,
): Promise<{ store: FileLogStore; log: Log }> {
  const { store } = await open(disk, clock)
  let log: Log | undefined
  await change(store, () => (log = createLogWithCursor(store)))
  for (const body of ['one', 'two', 'three']) await appendLarge(store, log as Log, body)
  return { store, log: log as Log }
}

/** What a killed broker left of it. */
async function diskWithBodies(): Promise<FaultDisk> {
  const disk = new FaultDisk(systemClock)
  disk.capacity = 1_000_000
  await storeWithBodies(disk)
  return disk.kill()
}

const bodyPath = (id: number): string => `/data/aside/000000000${id}.body`

async function damages(disk: FaultDisk): Promise<readonly VerifyProblem[]> {
  const options = { disk, path: '/data', isLocked: () => false }
  const { problems } = await verifyDataFolder(options)
  return problems.filter(({ severity }) => severity === 'damage')
}

function repair(disk: FaultDisk): Promise<RepairReport> {
  return repairDataFolder({ disk, path: '/data', isLocked: () => false, isDryRun: false })
}

async function bodiesAfterStart(disk: FaultDisk): Promise<{ count: number; bodies: string[] }> {
  const { store, recovered } = await open(disk)
  const log = recovered.logs[0] as Log
  const count = cursorOf(log).unackedCount
  const bodies = (await readAll(store, log, log.floor)).map(([, body]) => body)
  await store.close()
  return { count, bodies }
}

function flipLastByte(disk: FaultDisk, path: string): void {
  const content = disk.contentOf(path)
  content[content.length - 1]! ^= 1
  disk.setContent(path, content)
}

test('a torn body that no record refers to is no damage, and the next start removes it', async () => {
  const disk = await diskWithBodies()
  disk.setContent(bodyPath(4), disk.contentOf(bodyPath(1)).subarray(0, 20))
  assert.deepEqual(await damages(disk), [])
  assert.deepEqual(await bodiesAfterStart(disk), { count: 3, bodies: ['one', 'two', 'three'] })
  assert.ok(!disk.paths.includes(bodyPath(4)))
})

test('a start leaves files in the folder of bodies alone that are none', async () => {
  const disk = await diskWithBodies()
  for (const name of ['notes.txt', '0000000009.body.bak']) {
    disk.setContent(`/data/aside/${name}`, Buffer.from('mine'))
  }
  await bodiesAfterStart(disk)
  for (const name of ['notes.txt', '0000000009.body.bak']) {
    assert.ok(disk.paths.includes(`/data/aside/${name}`), name)
  }
})

test('a body that is missing or damaged is found by verify, with the message it belonged to', async () => {
  const disk = await diskWithBodies()
  disk.remove(bodyPath(1))
  flipLastByte(disk, bodyPath(3))
  assert.deepEqual(
    (await damages(disk)).map(({ file, problem }) => [file, problem]),
    [
      [bodyPath(1), 'the body of the message at offset 0 of log 1 is missing'],
      [bodyPath(3), 'the body of the message at offset 2 of log 1 is damaged'],
    ],
  )
})

test('a body that no message needs any more may be missing', async () => {
  const disk = new FaultDisk(systemClock)
  const { store, log } = await storeWithBodies(disk)
  await change(store, () => cursorOf(log).ack(1))
  const killed = disk.kill()
  killed.remove(bodyPath(2))
  assert.deepEqual(await damages(killed), [])
  assert.deepEqual(await bodiesAfterStart(killed), { count: 2, bodies: ['one', 'three'] })
})

test('a body is not missed whose message is acked while it is being read', async () => {
  const disk = await diskWithBodies()
  const damaged: string[] = []
  const onDamaged = (_log: Log, _first: number, _last: number, { message }: Error): void => {
    damaged.push(message)
  }
  const { store, recovered } = await open(disk, systemClock, { onDamaged })
  const log = recovered.logs[0] as Log
  const opening = Promise.withResolvers<void>()
  disk.onOperation = (operation, path) => {
    if (operation !== 'open' || path !== bodyPath(1)) return undefined
    opening.resolve()
    return 'hold'
  }
  const reading = readAll(store, log)
  await opening.promise
  await change(store, () => cursorOf(log).ack(0))
  while (disk.paths.includes(bodyPath(1))) await nextTurn()
  disk.onOperation = () => undefined
  disk.release()
  assert.deepEqual(await reading, [
    [1, 'two'],
    [2, 'three'],
  ])
  assert.deepEqual(damaged, [])
  await store.close()
})

test('a start says which bodies are missing and counts only what can be had', async () => {
  const disk = await diskWithBodies()
  const body = disk.contentOf(bodyPath(2))
  disk.remove(bodyPath(2))
  const { store, recovered } = await open(disk)
  assert.equal(recovered.losses.length, 1)
  assert.match(recovered.losses[0] as string, /0000000002\.body is missing.*offset 1 of log 1/)
  assert.equal(cursorOf(recovered.logs[0] as Log).unackedCount, 2)
  await store.close()
  // Nobody has passed over the message yet, so the file can be put back.
  disk.setContent(bodyPath(2), body)
  assert.deepEqual(await bodiesAfterStart(disk), { count: 3, bodies: ['one', 'two', 'three'] })
})

test('repair takes messages without their body off the count, for good', async () => {
  for (const isMissing of [true, false]) {
    const disk = await diskWithBodies()
    if (isMissing) disk.remove(bodyPath(2))
    else flipLastByte(disk, bodyPath(2))
    const { lost } = await repair(disk)
    assert.equal(lost.length, 1)
    assert.match(lost[0] as string, /0000000002\.body.*offset 1 of log 1/)
    assert.deepEqual(await damages(disk), [])
    assert.deepEqual(await bodiesAfterStart(disk), { count: 2, bodies: ['one', 'three'] })
    assert.equal(disk.paths.includes('/data/damaged/aside-0000000002.body'), !isMissing)
    assert.deepEqual((await repair(disk)).actions, [])
  }
})

test('bodies are found again after cleaning moved their records, with or without the directory', async () => {
  const disk = new FaultDisk(systemClock)
  const { store, log } = await storeWithBodies(disk, quickClock)
  for (let count = 0; count < 30; count++) await appendSmall(store, log, 'x'.repeat(500))
  const isSurvivors = (path: string): boolean =>
    path.endsWith('.log') && disk.contentOf(path).readUInt32BE(12) === fileKind.survivors
  const isListed = (): boolean => disk.contentOf('/data/MANIFEST').includes('survivors')
  await change(store, () => cursorOf(log).ackRange(3, log.endOffset - 2))
  while (!isListed()) await nextTurn()
  await store.close()
  const path = disk.paths.find(isSurvivors) as string
  const content = disk.contentOf(path)
  content[content.lastIndexOf('PDIR') + 20]! ^= 1
  disk.setContent(path, content)
  assert.deepEqual(await damages(disk), [])
  const { bodies } = await bodiesAfterStart(disk)
  assert.deepEqual(bodies.slice(0, 3), ['one', 'two', 'three'])
})

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}

test('where records were lost, repair keeps the bodies that may have been theirs', async () => {
  const disk = await diskWithBodies()
  // The entry that says that the message at offset 1 has body 2.
  const entry = Buffer.alloc(24)
  writeInt64(entry, 0, 1)
  writeInt64(entry, 8, 1)
  writeInt64(entry, 16, 2)
  const isIn = (path: string): boolean =>
    path.endsWith('.log') && disk.contentOf(path).includes(entry)
  const wal = disk.paths.find(isIn) as string
  const content = disk.contentOf(wal)
  content[content.indexOf(entry)]! ^= 4
  disk.setContent(wal, content)
  await repair(disk)
  assert.ok(disk.paths.includes('/data/damaged/aside-0000000002.body'))
  assert.deepEqual(await bodiesAfterStart(disk), { count: 2, bodies: ['one', 'three'] })
})
