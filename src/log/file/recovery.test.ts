// What a start makes of damaged, torn and missing files, and what `verify` and `repair` say.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  createLogWithCursor,
  cursorOf,
  durable,
  readAll,
} from '../../../test/support/log-engines.ts'
import { systemClock } from '../../lib/clock.ts'
import { Turn } from '../../lib/turn.ts'
import { RecordSource } from '../../record/message/record-source.ts'
import { diskError, FaultDisk } from '../../testing/fault-disk.ts'
import { seededRandom } from '../../testing/seeded-random.ts'
import { LogError } from '../log-error.ts'
import type { Log } from '../log.ts'
import { directBlockSize } from './direct-file.ts'
import { commitField } from './file-format.ts'
import type { FileLogStore } from './file-log-store.ts'
import { decodeManifest, encodeManifest } from './manifest.ts'
import type { ManifestContent } from './manifest.ts'
import { openFileLogStore } from './open-file-log-store.ts'
import { repairDataFolder } from './repair.ts'
import { verifyDataFolder } from './verify.ts'

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

function smallDisk(): FaultDisk {
  const disk = new FaultDisk(systemClock)
  disk.capacity = 1_000_000
  return disk
}

function append(store: FileLogStore, logs: readonly Log[], body: string): Promise<void> {
  store.beginAtom()
  const source = new RecordSource()
  source.body = Buffer.from(body)
  source.bodyEnd = source.body.length
  const position = logs.length > 1 ? store.shareBody(source.body, 0, source.bodyEnd) : -1
  for (const log of logs) log.append(source, position)
  return durable(store.endAtom())
}

async function bodiesOf(store: FileLogStore, log: Log): Promise<string[]> {
  return (await readAll(store, log, cursorOf(log).acked.floor)).map(([, body]) => body)
}

/** A killed broker's disk with `count` messages in one log, one per commit; the power stayed on. */
async function diskWith(count: number): Promise<{ disk: FaultDisk; bodies: string[] }> {
  const disk = smallDisk()
  const { store } = await open(disk)
  store.beginAtom()
  const log = createLogWithCursor(store)
  store.endAtom()
  const bodies: string[] = []
  for (let number = 0; number < count; number++) {
    const body = `message ${number} ${'.'.repeat(number % 40)}`
    bodies.push(body)
    await append(store, [log], body)
  }
  return { disk: disk.kill(), bodies }
}

/** Path of the file that holds `text`, and the text's place in it. */
function find(disk: FaultDisk, text: string): { path: string; position: number } {
  for (const path of disk.paths) {
    const position = disk.contentOf(path).indexOf(text)
    if (position >= 0) return { path, position }
  }
  throw new Error(`${text} is nowhere`)
}

function flip(disk: FaultDisk, path: string, position: number): void {
  const content = disk.contentOf(path)
  content[position]! ^= 0x10
  disk.setContent(path, content)
}

function commitEnd(content: Buffer, start: number): number {
  return start + content.readUInt32BE(start + commitField.size)
}

const offline = (disk: FaultDisk): Parameters<typeof verifyDataFolder>[0] => ({
  disk,
  path: '/data',
  isLocked: () => false,
})

test('a torn last commit is cut off at whatever byte it ends, and everything before is there', async () => {
  const { disk, bodies } = await diskWith(8)
  const { path, position } = find(disk, 'message 7')
  const whole = disk.contentOf(path)
  const start = whole.lastIndexOf('PGRP', position)
  for (let end = start; end < commitEnd(whole, start); end++) {
    const copy = disk.copy()
    copy.setContent(path, whole.subarray(0, end))
    const { store, recovered } = await open(copy)
    assert.deepEqual(await bodiesOf(store, recovered.logs[0]!), bodies.slice(0, 7))
    assert.equal(recovered.cut === undefined, end === start)
    await store.close()
  }
})

test('a flipped bit anywhere in the last commit never yields a wrong message', async () => {
  const { disk, bodies } = await diskWith(8)
  const { path, position } = find(disk, 'message 7')
  const content = disk.contentOf(path)
  const start = content.lastIndexOf('PGRP', position)
  for (let at = start; at < commitEnd(content, start); at++) {
    const copy = disk.copy()
    flip(copy, path, at)
    const { store, recovered } = await open(copy)
    assert.deepEqual(await bodiesOf(store, recovered.logs[0]!), bodies.slice(0, 7))
    assert.match(recovered.cut ?? '', new RegExp(`${path} was cut at byte ${start}`))
    await store.close()
  }
})

test('zeros that fill the last block after a kill are nothing to speak of', async () => {
  const { disk, bodies } = await diskWith(8)
  const { path, position } = find(disk, 'message 7')
  const whole = disk.contentOf(path)
  const end = commitEnd(whole, whole.lastIndexOf('PGRP', position))
  assert.equal(whole.length % directBlockSize, 0)
  for (let size = end; size <= whole.length; size += 100) {
    const copy = disk.copy()
    copy.setContent(path, whole.subarray(0, size))
    const { problems } = await verifyDataFolder(offline(copy))
    assert.deepEqual(
      problems.filter((problem) => problem.file === path),
      [],
    )
    const { store, recovered } = await open(copy)
    assert.deepEqual(await bodiesOf(store, recovered.logs[0]!), bodies)
    assert.equal(recovered.cut, undefined)
    await store.close()
  }
})

test('zeros where a confirmed commit belongs stop the start', async () => {
  const disk = smallDisk()
  const { store } = await open(disk)
  store.beginAtom()
  const log = createLogWithCursor(store)
  store.endAtom()
  await append(store, [log], 'confirmed')
  await append(store, [log], 'the last')
  // The manifest of a clean stop says that everything was on stable storage.
  await store.close()
  const { path, position } = find(disk, 'the last')
  const content = disk.contentOf(path)
  const start = content.lastIndexOf('PGRP', position)
  const manifest = decodeManifest(disk.contentOf('/data/MANIFEST')) as ManifestContent
  const files = manifest.files.map(({ id, kind }) => ({ id, kind }))
  disk.setContent('/data/MANIFEST', encodeManifest({ ...manifest, files }))
  disk.setContent(path, Buffer.concat([content.subarray(0, start), Buffer.alloc(50)]))
  await assert.rejects(open(disk), new RegExp(`${path} is damaged at byte ${start}`))
})

test('damage before the end stops the start, naming file, byte and remedy', async () => {
  const { disk } = await diskWith(8)
  const { path, position } = find(disk, 'message 5')
  const start = disk.contentOf(path).lastIndexOf('PGRP', position)
  flip(disk, path, position)
  await assert.rejects(open(disk), (error: LogError) => {
    assert.ok(error instanceof LogError)
    assert.equal(error.code, 'corrupt')
    assert.ok(error.message.includes(`${path} is damaged at byte ${start}`), error.message)
    assert.match(error.message, /pabal verify.*pabal repair/)
    return true
  })
})

test('after a clean stop even the last commit is protected', async () => {
  const disk = smallDisk()
  const { store } = await open(disk)
  store.beginAtom()
  const log = createLogWithCursor(store)
  store.endAtom()
  await append(store, [log], 'the only message')
  await store.close()
  assert.deepEqual((await verifyDataFolder(offline(disk))).problems, [])
  const { path, position } = find(disk, 'the only message')
  flip(disk, path, position)
  const { problems } = await verifyDataFolder(offline(disk))
  assert.equal(problems.length, 1)
  assert.equal(problems[0]?.severity, 'damage')
})

test('a missing file stops the start; repair goes on without what it held', async () => {
  const { disk, bodies } = await diskWith(60)
  const { path } = find(disk, 'message 0 ')
  disk.remove(path)
  await assert.rejects(open(disk.copy()), {
    code: 'corrupt',
    message: /is missing although the manifest lists it/,
  })
  const { problems } = await verifyDataFolder(offline(disk))
  // A file that was being sealed when the broker was killed has a torn end, which is only a note.
  const damaged = problems.filter(({ severity }) => severity === 'damage')
  assert.deepEqual(
    damaged.map(({ file }) => file),
    [path],
  )
  const report = await repairDataFolder({ ...offline(disk), isDryRun: false })
  assert.equal(report.lost.length, 1)
  const { store, recovered } = await open(disk)
  const found = await bodiesOf(store, recovered.logs[0]!)
  assert.ok(found.length > 0 && found.length < bodies.length)
  assert.equal(cursorOf(recovered.logs[0] as Log).unackedCount, found.length)
  assert.deepEqual(found, bodies.slice(-found.length))
  await store.close()
})

const places = ['header', 'entries', 'run'] as const
/** In the file that a start replays, and in one that it only looks into when it is read. */
const cases = places.flatMap((place) => [10, 30].map((count) => ({ place, count })))

for (const { place, count } of cases) {
  test(`repair after damage to the ${place} of a commit keeps the other ${count - 1} messages`, async () => {
    const { disk, bodies } = await diskWith(count)
    const { path, position } = find(disk, 'message 3 ')
    const start = disk.contentOf(path).lastIndexOf('PGRP', position)
    flip(disk, path, { header: start + 20, entries: start + 60, run: position }[place])
    if (count === 10) await assert.rejects(open(disk.copy()), { code: 'corrupt' })
    const before = disk.paths.map((name) => disk.contentOf(name).toString('hex'))
    const planned = await repairDataFolder({ ...offline(disk), isDryRun: true })
    assert.deepEqual(
      disk.paths.map((name) => disk.contentOf(name).toString('hex')),
      before,
    )
    const report = await repairDataFolder({ ...offline(disk), isDryRun: false })
    assert.deepEqual(report, planned)
    assert.equal(report.lost.length, 1)
    assert.ok(report.lost[0]?.includes(path))
    if (place === 'run') assert.match(report.lost[0] ?? '', /1 messages of log 1, offsets 3 to 3/)
    const { store, recovered } = await open(disk)
    const log = recovered.logs[0]!
    assert.equal(cursorOf(log).unackedCount, count - 1)
    assert.deepEqual(await bodiesOf(store, log), bodies.toSpliced(3, 1))
    await append(store, [log], 'after the repair')
    const again = await open(disk.copy())
    const expected = [...bodies.toSpliced(3, 1), 'after the repair']
    assert.deepEqual(await bodiesOf(again.store, again.recovered.logs[0]!), expected)
    await again.store.close()
    const left = (await verifyDataFolder(offline(disk))).problems
    assert.deepEqual(
      left.filter(({ severity }) => severity === 'damage'),
      [],
    )
  })
}

test('damage that is found only when it is read is told and passed over', async () => {
  const { disk, bodies } = await diskWith(60)
  const opened = await open(disk)
  await opened.store.close()
  const { path, position } = find(disk, 'message 4 ')
  flip(disk, path, position)
  const damages: string[] = []
  const { store, recovered } = await openFileLogStore({
    path: '/data',
    disk,
    clock: systemClock,
    turn: new Turn(systemClock),
    durability: 'fsync',
    events: { onDamaged: (log, first, last) => damages.push(`${log.id} ${first} ${last}`) },
  })
  assert.deepEqual(await bodiesOf(store, recovered.logs[0]!), bodies.toSpliced(4, 1))
  assert.deepEqual(damages, ['1 4 4'])
  await store.close()
})

test('a sealed file whose directory is damaged is read from its commits', async () => {
  const { disk, bodies } = await diskWith(60)
  const opened = await open(disk)
  await opened.store.close()
  const { path } = find(disk, 'message 4 ')
  const whole = disk.contentOf(path)
  const directory = whole.lastIndexOf('PDIR')
  // The first place is in a run index, the second in the tail of the directory.
  for (const place of [whole.readUInt32BE(directory + 36) + 3, directory + 20]) {
    const copy = disk.copy()
    flip(copy, path, place)
    const { store, recovered } = await open(copy)
    assert.deepEqual(await bodiesOf(store, recovered.logs[0]!), bodies)
    await store.close()
  }
})

test('verify and repair refuse while a broker holds the folder', async () => {
  const { disk } = await diskWith(1)
  const options = { ...offline(disk), isLocked: () => true }
  await assert.rejects(verifyDataFolder(options), { code: 'locked' })
  await assert.rejects(repairDataFolder({ ...options, isDryRun: true }), { code: 'locked' })
})

test('a start that fails at any operation leaves a folder that starts', async () => {
  const { disk, bodies } = await diskWith(4)
  let isOver = false
  for (let failing = 0; !isOver; failing++) {
    const failed = disk.copy()
    let count = 0
    failed.onOperation = (_operation, path) =>
      count++ === failing ? diskError('EIO', path) : undefined
    const opened = await open(failed).catch((error: Error) => error)
    isOver = count <= failing
    if (!(opened instanceof Error)) {
      await opened.store.close()
      continue
    }
    const { store, recovered } = await open(failed.kill())
    assert.deepEqual(await bodiesOf(store, recovered.logs[0] as Log), bodies, `after ${failing}`)
    await store.close()
  }
})

test('the highest of what one commit trims to is kept', async () => {
  const disk = smallDisk()
  const { store } = await open(disk)
  store.beginAtom()
  const log = createLogWithCursor(store)
  store.endAtom()
  for (let number = 0; number < 20; number++) await append(store, [log], 'm')
  store.beginAtom()
  store.trim(log, 19)
  store.trim(log, 9)
  await durable(store.endAtom())
  const again = await open(disk.kill())
  assert.equal(again.recovered.logs[0]?.startOffset, 19)
  await again.store.close()
})
