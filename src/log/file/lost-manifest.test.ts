// A manifest that is missing, damaged or older than the data files: a start never takes the folder for
// a new one, verify calls it damaged, and repair makes the manifest again.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  durable,
  createLogWithCursor,
  cursorOf,
  readAll,
} from '../../../test/support/log-engines.ts'
import { systemClock } from '../../lib/clock.ts'
import { Turn } from '../../lib/turn.ts'
import { RecordSource } from '../../record/message/record-source.ts'
import { diskError, FaultDisk } from '../../testing/fault-disk.ts'
import { seededRandom } from '../../testing/seeded-random.ts'
import type { Log } from '../log.ts'
import { fileHeaderSize, formatVersion } from './file-format.ts'
import type { FileLogStore } from './file-log-store.ts'
import { decodeManifest, encodeManifest } from './manifest.ts'
import { openFileLogStore } from './open-file-log-store.ts'
import { repairDataFolder } from './repair.ts'
import { verifyDataFolder } from './verify.ts'

const manifestPath = '/data/MANIFEST'

function open(disk: FaultDisk): ReturnType<typeof openFileLogStore> {
  return openFileLogStore({
    path: '/data',
    disk,
    clock: systemClock,
    turn: new Turn(systemClock),
    durability: 'fsync',
    random: seededRandom(5),
    limits: { walFileSizeMax: 3000, tailCacheSizeMax: 500 },
  })
}

function newLog(store: FileLogStore): Log {
  store.beginAtom()
  const log = createLogWithCursor(store)
  store.endAtom()
  return log
}

async function append(store: FileLogStore, log: Log, bodies: readonly string[]): Promise<void> {
  for (const body of bodies) {
    store.beginAtom()
    const source = new RecordSource()
    source.body = Buffer.from(body)
    source.bodyEnd = source.body.length
    log.append(source, -1)
    await durable(store.endAtom())
  }
}

function numbered(count: number): string[] {
  return Array.from({ length: count }, (_, number) => `message ${number}`)
}

/** What a killed broker leaves that had `count` messages confirmed, each in a commit of its own. */
async function diskWith(count: number): Promise<FaultDisk> {
  const disk = new FaultDisk(systemClock)
  disk.capacity = 1_000_000
  const { store } = await open(disk)
  await append(store, newLog(store), numbered(count))
  return disk.kill()
}

const offline = (disk: FaultDisk): Parameters<typeof verifyDataFolder>[0] => ({
  disk,
  path: '/data',
  isLocked: () => false,
})

/** A start refuses, verify finds damage, and after repair `bodies` are all there. */
async function assertRepaired(
  disk: FaultDisk,
  problem: RegExp,
  bodies: readonly string[],
): Promise<void> {
  const before = disk.paths
  await assert.rejects(open(disk.copy()), (error: Error & { code?: string }) => {
    assert.equal(error.code, 'corrupt')
    assert.match(error.message, problem)
    assert.match(error.message, /pabal verify.*pabal repair/)
    return true
  })
  assert.deepEqual(disk.paths, before)
  const { problems } = await verifyDataFolder(offline(disk))
  const damage = problems.filter(({ severity }) => severity === 'damage')
  assert.ok(damage.some((each) => problem.test(each.problem) && each.file === manifestPath))
  const { lost } = await repairDataFolder({ ...offline(disk), isDryRun: false })
  assert.deepEqual(lost, [])
  const left = (await verifyDataFolder(offline(disk))).problems
  assert.deepEqual(
    left.filter(({ severity }) => severity === 'damage'),
    [],
  )
  const { store, recovered } = await open(disk)
  const log = recovered.logs[0] as Log
  assert.deepEqual(
    (await readAll(store, log, cursorOf(log).acked.floor)).map(([, body]) => body),
    bodies,
  )
  await store.close()
}

test('a folder with only the first data file is not new: all its messages are had back', async () => {
  const disk = await diskWith(3)
  disk.remove(manifestPath)
  await assertRepaired(disk, /MANIFEST is missing although there is a data file, wal\/0000000001/, [
    ...numbered(3),
  ])
})

test('a folder whose first data file is damaged from its first byte on is not new', async () => {
  const disk = await diskWith(3)
  disk.remove(manifestPath)
  const path = '/data/wal/0000000001.log'
  const content = disk.contentOf(path)
  content.fill(0xff, 0, fileHeaderSize + 100)
  disk.setContent(path, Buffer.concat([content, Buffer.alloc(5000, 0xff)]))
  await assert.rejects(open(disk.copy()), { code: 'corrupt' })
  const { lost } = await repairDataFolder({ ...offline(disk), isDryRun: false })
  assert.equal(lost.length, 1)
  const { store } = await open(disk)
  await store.close()
  assert.ok(disk.paths.includes('/data/damaged/wal-0000000001.log'), disk.paths.join(' '))
})

test('a folder with many data files and no manifest is had back whole', async () => {
  const disk = await diskWith(60)
  disk.remove(manifestPath)
  await assertRepaired(disk, /MANIFEST is missing/, numbered(60))
})

test('after a clean stop, too', async () => {
  const disk = await diskWith(60)
  const { store } = await open(disk)
  await store.close()
  disk.remove(manifestPath)
  await assertRepaired(disk, /MANIFEST is missing/, numbered(60))
})

test('an empty, a truncated and a damaged manifest are no manifest', async () => {
  const disk = await diskWith(20)
  const whole = disk.contentOf(manifestPath)
  for (const size of [0, 1, whole.length - 1]) {
    const copy = disk.copy()
    copy.setContent(manifestPath, whole.subarray(0, size))
    await assertRepaired(copy, size === 0 ? /MANIFEST is empty/ : /MANIFEST is damaged/, [
      ...numbered(20),
    ])
  }
  for (let at = 0; at < whole.length; at += 7) {
    const copy = disk.copy()
    const content = Buffer.from(whole)
    content[at]! ^= 0x10
    copy.setContent(manifestPath, content)
    await assertRepaired(copy, /MANIFEST is damaged/, numbered(20))
  }
})

test('a manifest older than the data files stops the start instead of removing the newer ones', async () => {
  const first = await diskWith(3)
  const older = first.contentOf(manifestPath)
  const { store, recovered } = await open(first)
  await append(store, recovered.logs[0] as Log, ['after the copy'])
  const disk = first.kill()
  disk.setContent(manifestPath, older)
  await assertRepaired(disk, /MANIFEST is older than wal\/0000000002\.log/, [
    ...numbered(3),
    'after the copy',
  ])
})

test('bodies, spare files or a reserve without a manifest are no new folder either', async () => {
  for (const path of ['/data/aside/0000000001.body', '/data/wal/1.spare', '/data/reserve']) {
    const disk = new FaultDisk(systemClock)
    disk.capacity = 1_000_000
    disk.setContent(path, Buffer.from('x'))
    await assert.rejects(open(disk.copy()), { code: 'corrupt', message: /MANIFEST is missing/ })
    const { problems } = await verifyDataFolder(offline(disk))
    assert.ok(problems.some(({ file }) => file === manifestPath))
    await repairDataFolder({ ...offline(disk), isDryRun: false })
    const { store } = await open(disk)
    await store.close()
  }
})

test('a first start that the power failed in leaves a folder that starts', async () => {
  const random = seededRandom(3)
  for (let last = 1; ; last++) {
    const disk = new FaultDisk(systemClock)
    disk.capacity = 1_000_000
    let count = 0
    const isOver = Promise.withResolvers<'opened' | 'off'>()
    disk.onOperation = (operation) => {
      if (operation === 'read' || operation === 'open') return undefined
      if (++count === last) {
        disk.stop()
        isOver.resolve('off')
      }
      return undefined
    }
    void open(disk).then(() => isOver.resolve('opened'))
    const ending = await isOver.promise
    const { store, recovered } = await open(disk.crash(random))
    assert.deepEqual(recovered.logs, [])
    await store.close()
    if (ending === 'opened') return
  }
})

test('a folder of an older version starts and is of this one from then on, and of a newer one it does not', async () => {
  const disk = await diskWith(20)
  const content = decodeManifest(disk.contentOf(manifestPath))
  assert.ok(content)
  const setVersion = (version: number): void =>
    disk.setContent(manifestPath, encodeManifest({ ...content, version }))
  setVersion(formatVersion + 1)
  await assert.rejects(open(disk), /in format \d+, and this Pabal \S+ reads formats 3 to/)
  setVersion(2)
  await assert.rejects(open(disk), /in format 2, .* start a version in between on it first/)
  setVersion(3)
  const { store, recovered } = await open(disk)
  assert.equal((await readAll(store, recovered.logs[0] as Log)).length, 20)
  await store.close()
  assert.equal(decodeManifest(disk.contentOf(manifestPath))?.version, formatVersion)
})

/** Resolves when an operation is held. */
async function whenHeld(disk: FaultDisk): Promise<void> {
  while (disk.heldCount === 0) {
    await new Promise<void>((resolve) => {
      setImmediate(resolve)
    })
  }
}

/** After repair `bodies` are all there, also when the power is cut before the next start. */
async function assertRepairedForGood(
  killed: () => Promise<FaultDisk>,
  bodies: readonly string[],
): Promise<void> {
  for (let seed = 1; seed <= 12; seed++) {
    const disk = await killed()
    disk.remove(manifestPath)
    const { lost } = await repairDataFolder({ ...offline(disk), isDryRun: false })
    assert.deepEqual(lost, [])
    const { store, recovered } = await open(disk.crash(seededRandom(seed)))
    const log = recovered.logs[0] as Log
    assert.deepEqual(
      (await readAll(store, log, cursorOf(log).acked.floor)).map(([, body]) => body),
      bodies,
    )
    await store.close()
  }
}

for (const [what, fate] of [
  ['is not synced', 'hold'],
  ['could not be synced', diskError('EIO', 'wal')],
] as const) {
  test(`a file that was to be written over and whose header ${what} is of no use to a repair`, async () => {
    await assertRepairedForGood(async () => {
      const disk = await diskWith(20)
      disk.setContent('/data/wal/1.spare', Buffer.alloc(8192, 'x'))
      let taken = ''
      disk.onOperation = (operation, path) => {
        if (operation === 'rename' && path.endsWith('.log')) taken = path
        if (path !== taken) return undefined
        // It is removed at once, unless the process dies first.
        if (operation === 'unlink') return 'hold'
        return operation === 'sync' ? fate : undefined
      }
      void open(disk).catch(() => {})
      await whenHeld(disk)
      return disk.kill()
    }, numbered(20))
  })
}

test('a directory that is not synced yet is made durable by a repair that relies on it', async () => {
  await assertRepairedForGood(async () => {
    const disk = await diskWith(3)
    const { store, recovered } = await open(disk)
    const [first] = disk.paths.filter((path) => path.endsWith('.log'))
    disk.onOperation = (operation, path) =>
      operation === 'sync' && path === first ? 'hold' : undefined
    await append(store, recovered.logs[0] as Log, numbered(1))
    await whenHeld(disk)
    return disk.kill()
  }, [...numbered(3), ...numbered(1)])
})
