// A planted migration: in the planted format, data files lie elsewhere with all their bits turned round.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  createLogWithCursor,
  cursorOf,
  durable,
  readAll,
} from '../../../test/support/log-engines.ts'
import { systemClock } from '../../lib/clock.ts'
import { crc32c } from '../../lib/crc32c.ts'
import { Turn } from '../../lib/turn.ts'
import { version } from '../../lib/version.ts'
import { RecordSource } from '../../record/message/record-source.ts'
import { FaultDisk } from '../../testing/fault-disk.ts'
import { HastyClock } from '../../testing/hasty-clock.ts'
import { seededRandom } from '../../testing/seeded-random.ts'
import type { Log } from '../log.ts'
import { fileName, formatVersion } from './file-format.ts'
import { readWholeFile, syncFile, writeAt } from './file-operations.ts'
import { findManifest } from './find-manifest.ts'
import { decodeManifest, encodeManifest } from './manifest.ts'
import type { ManifestContent } from './manifest.ts'
import { migrations, stepsFrom } from './migrations.ts'
import type { MigratingFolder, Migration } from './migrations.ts'
import { openFileLogStore } from './open-file-log-store.ts'
import { repairDataFolder } from './repair.ts'
import { verifyDataFolder } from './verify.ts'

const manifestPath = '/data/MANIFEST'
const plantedFormat = 2
const bodies = Array.from({ length: 30 }, (_, number) => `message ${number}`)

const turned = (bytes: Buffer): Buffer => bytes.map((byte) => byte ^ 0xff) as Buffer

async function turnFilesBack({ disk, path, content }: MigratingFolder): Promise<ManifestContent> {
  for (const { id } of content.files) {
    const bytes = await readWholeFile(disk, `${path}/turned/${fileName(id)}`)
    assert.ok(bytes)
    const name = `${path}/wal/${fileName(id)}`
    await disk.unlink(name)
    const file = await disk.open(name, 'create')
    await writeAt(file, turned(bytes), 0)
    await syncFile(file)
    await file.close()
  }
  await disk.syncFolder(`${path}/wal`)
  return content
}

const known: readonly Migration[] = [{ from: plantedFormat, migrate: turnFilesBack }, ...migrations]

function open(
  disk: FaultDisk,
  onMigrated?: (from: number, to: number) => void,
): ReturnType<typeof openFileLogStore> {
  return openFileLogStore({
    path: '/data',
    disk,
    clock: new HastyClock(),
    turn: new Turn(systemClock),
    durability: 'fsync',
    random: seededRandom(5),
    limits: { walFileSizeMax: 3000 },
    migrations: known,
    events: { ...(onMigrated && { onMigrated }) },
  })
}

async function plantedFolder(): Promise<FaultDisk> {
  const disk = new FaultDisk(systemClock)
  disk.capacity = 1_000_000
  const { store } = await open(disk)
  store.beginAtom()
  const log = createLogWithCursor(store)
  store.endAtom()
  for (const body of bodies) {
    store.beginAtom()
    const source = new RecordSource()
    source.body = Buffer.from(body)
    source.bodyEnd = source.body.length
    log.append(source, -1)
    await durable(store.endAtom())
  }
  await store.close()
  const content = contentOf(disk)
  assert.ok(content.files.length > 1)
  await disk.createFolder('/data/turned')
  for (const { id } of content.files) {
    const bytes = disk.contentOf(`/data/wal/${fileName(id)}`)
    disk.remove(`/data/wal/${fileName(id)}`)
    disk.setContent(`/data/turned/${fileName(id)}`, turned(bytes))
  }
  const { writtenBy: _, ...planted } = content
  disk.setContent(manifestPath, encodeManifest({ ...planted, version: plantedFormat }))
  return disk.copy()
}

function contentOf(disk: FaultDisk): ManifestContent {
  const content = decodeManifest(disk.contentOf(manifestPath))
  assert.ok(content)
  return content
}

async function assertMigrated(disk: FaultDisk): Promise<void> {
  const { store, recovered } = await open(disk)
  const log = recovered.logs[0] as Log
  const found = await readAll(store, log, cursorOf(log).acked.floor)
  assert.deepEqual(
    found.map(([, body]) => body),
    bodies,
  )
  await store.close()
  assert.equal(contentOf(disk).version, formatVersion)
  assert.equal(contentOf(disk).writtenBy, version)
}

test('a start migrates a folder, step by step, and says so', async () => {
  const disk = await plantedFolder()
  const told: number[][] = []
  const { store } = await open(disk, (...versions) => told.push(versions))
  await store.close()
  await assertMigrated(disk)
  assert.deepEqual(told, [[plantedFormat, formatVersion]])
})

test('a crash at any moment of a migration leaves the old folder or the new one', async () => {
  const states = new Set<number>()
  for (let dies = 1; ; dies++) {
    const disk = await plantedFolder()
    const isOver = Promise.withResolvers<boolean>()
    disk.onOperation = () => {
      if (disk.operationCount >= dies) {
        disk.stop()
        isOver.resolve(false)
      }
      return undefined
    }
    void open(disk).then(() => isOver.resolve(true))
    const isOpened = await isOver.promise
    for (const next of [disk.crash(seededRandom(dies)), disk.kill()]) {
      states.add(contentOf(next).version)
      await assertMigrated(next)
    }
    if (isOpened) break
  }
  assert.ok(states.has(plantedFormat) && states.size > 1)
})

test('verify and repair leave a folder alone that a start has to migrate', async () => {
  const disk = await plantedFolder()
  const says = /in format 2: start Pabal \S+ on it once, which brings it to format \d+/
  await assert.rejects(findManifest(disk, '/data', known), says)
  // To them, who know no planted migration, it is simply too old.
  const options = { disk, path: '/data', isLocked: () => false }
  const tooOld = /in format 2, and this Pabal \S+ reads formats 3 to/
  await assert.rejects(verifyDataFolder(options), tooOld)
  await assert.rejects(repairDataFolder({ ...options, isDryRun: false }), tooOld)
  await assertMigrated(disk)
})

test('data files of a newer version are not listed by a repair that finds no manifest', async () => {
  const disk = await plantedFolder()
  await assertMigrated(disk)
  const [first] = contentOf(disk).files
  assert.ok(first)
  const path = `/data/wal/${fileName(first.id)}`
  disk.remove(manifestPath)
  disk.setContent(path, withFormat(disk.contentOf(path), formatVersion + 1))
  const options = { disk, path: '/data', isLocked: () => false }
  await assert.rejects(verifyDataFolder(options), /use the Pabal that wrote it/)
  await assert.rejects(
    repairDataFolder({ ...options, isDryRun: false }),
    /use the Pabal that wrote it/,
  )
})

test('an id that a migration reserves is used up, also by one that never ends', async () => {
  const disk = await plantedFolder()
  const before = contentOf(disk).nextFileId
  const opening = openFileLogStore({
    path: '/data',
    disk,
    clock: systemClock,
    turn: new Turn(systemClock),
    durability: 'fsync',
    migrations: [
      {
        from: plantedFormat,
        async migrate({ reserveFileId }) {
          assert.equal(await reserveFileId(), before)
          throw new Error('planted')
        },
      },
      ...migrations,
    ],
  })
  await assert.rejects(opening, /planted/)
  assert.equal(contentOf(disk).nextFileId, before + 1)
  assert.equal(contentOf(disk).version, plantedFormat)
  await assertMigrated(disk)
})

test('every version from the oldest known one on has its step', () => {
  const [first] = migrations
  assert.ok(first)
  assert.equal(stepsFrom(first.from, formatVersion)?.length, formatVersion - first.from)
  assert.equal(stepsFrom(first.from - 1, formatVersion), undefined)
  assert.equal(stepsFrom(formatVersion + 1, formatVersion), undefined)
})

/** The bytes of a data file with another format in its header. */
function withFormat(bytes: Buffer, format: number): Buffer {
  const copy = Buffer.from(bytes)
  copy.writeUInt32BE(format, 8)
  copy.writeUInt32BE(crc32c(copy.subarray(0, 60)), 60)
  return copy
}
