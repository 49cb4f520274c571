// A backup that is not whole: it is said where, and nothing of it gets into a data folder.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLogWithCursor, durable, readAll } from '../../../test/support/log-engines.ts'
import { systemClock } from '../../lib/clock.ts'
import { Turn } from '../../lib/turn.ts'
import { RecordSource } from '../../record/message/record-source.ts'
import { FaultDisk } from '../../testing/fault-disk.ts'
import { seededRandom } from '../../testing/seeded-random.ts'
import { decodeManifest, encodeManifest } from '../file/manifest.ts'
import { openFileLogStore } from '../file/open-file-log-store.ts'
import { openFolderSnapshot } from '../file/snapshot.ts'
import type { Log } from '../log.ts'
import { readBackup } from './read-backup.ts'
import { restoreBackup } from './restore.ts'
import { sealBackup } from './seal-backup.ts'
import { streamBackup } from './stream-backup.ts'
import { encodeTarHeader, readTar } from './tar.ts'

const now = Date.UTC(2026, 10, 29)
const bodies = Array.from({ length: 20 }, (_, number) => `message ${number}`)

function open(disk: FaultDisk): ReturnType<typeof openFileLogStore> {
  return openFileLogStore({
    path: '/data',
    disk,
    clock: systemClock,
    turn: new Turn(systemClock),
    durability: 'fsync',
    random: seededRandom(5),
    limits: { walFileSizeMax: 1500 },
  })
}

/** A folder that no broker holds. */
async function folder(): Promise<FaultDisk> {
  const disk = new FaultDisk(systemClock)
  disk.capacity = 1_000_000
  const { store } = await open(disk)
  store.beginAtom()
  const log = createLogWithCursor(store)
  store.endAtom()
  for (const body of bodies) {
    const source = new RecordSource()
    source.body = Buffer.from(body)
    source.bodyEnd = source.body.length
    store.beginAtom()
    log.append(source, -1)
    await durable(store.endAtom())
  }
  await store.close()
  return disk.copy()
}

async function backupOf(disk: FaultDisk): Promise<Buffer> {
  const snapshot = await openFolderSnapshot(disk, '/data')
  const stream = streamBackup(snapshot, { clock: systemClock })
  const pieces: Buffer[] = []
  const progress = { info: undefined, fileCount: 0, byteCount: 0 }
  for await (const piece of sealBackup(stream, progress)) pieces.push(piece)
  assert.equal(progress.fileCount, snapshot.fileCount)
  return Buffer.concat(pieces)
}

/** In pieces that end anywhere. */
async function* cut(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += 700) yield bytes.subarray(at, at + 700)
}

function emptyDisk(): FaultDisk {
  const disk = new FaultDisk(systemClock)
  disk.capacity = 1_000_000
  return disk
}

function restore(disk: FaultDisk, bytes: Buffer): ReturnType<typeof restoreBackup> {
  return restoreBackup({ disk, path: '/data', source: cut(bytes), now, random: seededRandom(1) })
}

async function assertRestored(disk: FaultDisk): Promise<void> {
  const { store, recovered } = await open(disk)
  const found = await readAll(store, recovered.logs[0] as Log)
  assert.deepEqual(
    found.map(([, body]) => body),
    bodies,
  )
  await store.close()
}

test('a folder that no broker holds is backed up and restored', async () => {
  const backup = await backupOf(await folder())
  const disk = emptyDisk()
  const { fileCount } = await restore(disk, backup)
  assert.ok(fileCount > 1)
  await assertRestored(disk)
})

test('a backup that is cut off is refused wherever that is, and leaves nothing', async () => {
  const backup = await backupOf(await folder())
  for (let size = 0; size < backup.length; size += 997) {
    const disk = emptyDisk()
    await assert.rejects(restore(disk, backup.subarray(0, size)), /cut off after \d+ bytes, in \S+/)
    assert.deepEqual(disk.paths, [])
  }
})

test('a flipped bit is found wherever it is, and which file it is in', async () => {
  const backup = await backupOf(await folder())
  const random = seededRandom(3)
  for (let count = 0; count < 300; count++) {
    const flipped = Buffer.from(backup)
    const at = random.below(backup.length)
    flipped[at] = flipped[at]! ^ (1 << random.below(8))
    const sink = {
      async take({ pieces }: { readonly pieces: AsyncIterable<Buffer> }) {
        for await (const _ of pieces);
      },
    }
    const says = /damaged (?:in|behind) \S+|no backup|cut off .*|backup has format/
    await assert.rejects(readBackup(cut(flipped), sink), says, `byte ${at}`)
  }
  const place = backup.indexOf('message 7')
  const flipped = Buffer.from(backup)
  flipped[place] = 0
  await assert.rejects(restore(emptyDisk(), flipped), /damaged in wal\/\d+\.log: take another one/)
})

test('a file that is no data folder’s is no part of a backup', async () => {
  const backup = await backupOf(await folder())
  for await (const { name, pieces } of readTar(cut(backup))) {
    if (name.startsWith('wal/')) break
    for await (const _ of pieces);
  }
  const at = backup.indexOf('wal/')
  for (const name of ['../../etc/passwd', '/etc/passwd', 'wal/../x', 'wal/1.log', 'lock.db']) {
    const size = Number.parseInt(backup.toString('latin1', at + 124, at + 135), 8)
    const renamed = Buffer.concat([
      backup.subarray(0, at),
      encodeTarHeader({ name, size }, now),
      backup.subarray(at + 512),
    ])
    const disk = emptyDisk()
    await assert.rejects(restore(disk, renamed), /damaged in/)
    assert.deepEqual(disk.paths, [])
  }
})

test('a folder with something in it is no place for a restore', async () => {
  const backup = await backupOf(await folder())
  const disk = await folder()
  const before = disk.paths
  await assert.rejects(restore(disk, backup), /there is something in \/data already \(MANIFEST\)/)
  assert.deepEqual(disk.paths, before)
})

test('a backup of a folder of a newer version is refused before anything is moved', async () => {
  const source = await folder()
  const content = decodeManifest(source.contentOf('/data/MANIFEST'))
  assert.ok(content)
  const snapshot = await openFolderSnapshot(source, '/data')
  const newer = { ...snapshot, manifest: { ...content, version: 99, writtenBy: '9.9.9' } }
  const pieces: Buffer[] = []
  const progress = { info: undefined, fileCount: 0, byteCount: 0 }
  for await (const piece of sealBackup(streamBackup(newer, { clock: systemClock }), progress)) {
    pieces.push(piece)
  }
  const disk = emptyDisk()
  await assert.rejects(
    restore(disk, Buffer.concat(pieces)),
    /written by Pabal 9\.9\.9 in format 99/,
  )
  assert.deepEqual(disk.paths, [])
})

test('a file that cannot be read ends the backup with the reason', async () => {
  const disk = await folder()
  let reads = 0
  disk.onOperation = (operation, path) =>
    operation === 'read' && path.endsWith('.log') && ++reads > 2
      ? Object.assign(new Error('the disk is broken'), { code: 'EIO' })
      : undefined
  await assert.rejects(backupOf(disk), /the disk is broken/)
})

/** Restores again what a killed restore has left, unless it got there; returns whether it was half-way. */
async function finish(disk: FaultDisk, backup: Buffer): Promise<boolean> {
  if (disk.paths.includes('/data/MANIFEST')) return false
  const isHalfWay = disk.paths.length > 0
  if (isHalfWay) await assert.rejects(open(disk.copy()), /has not got there/)
  await restore(disk, backup)
  return isHalfWay
}

test('a restore that was killed has not happened, and the next one does not mind', async () => {
  const backup = await backupOf(await folder())
  let unfinishedCount = 0
  for (let dies = 1; ; dies++) {
    const disk = emptyDisk()
    const isOver = Promise.withResolvers<boolean>()
    disk.onOperation = () => {
      if (disk.operationCount >= dies) {
        disk.stop()
        isOver.resolve(false)
      }
      return undefined
    }
    void restore(disk, backup).then(() => isOver.resolve(true))
    const isDone = await isOver.promise
    for (const next of [disk.crash(seededRandom(dies)), disk.kill()]) {
      if (!isDone && (await finish(next, backup))) unfinishedCount++
      await assertRestored(next)
      assert.ok(next.paths.every((path) => !path.includes('restoring')))
    }
    if (isDone) break
  }
  assert.ok(unfinishedCount > 10)
})

test('the epoch of a restored folder is above all that there have been, whatever the clock says', async () => {
  const disk = await folder()
  const epoch = 2_000_000_000
  const content = decodeManifest(disk.contentOf('/data/MANIFEST'))
  assert.ok(content)
  disk.setContent('/data/MANIFEST', encodeManifest({ ...content, epoch }))
  const target = emptyDisk()
  await restore(target, await backupOf(disk))
  assert.equal(decodeManifest(target.contentOf('/data/MANIFEST'))?.epoch, epoch + 1)
})
