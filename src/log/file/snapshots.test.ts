// What a snapshot keeps, for how long, and what its reader is told when it ends before its time.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLogWithCursor, cursorOf, durable } from '../../../test/support/log-engines.ts'
import { waitFor } from '../../../test/support/wait-for.ts'
import { systemClock } from '../../lib/clock.ts'
import { Turn } from '../../lib/turn.ts'
import { logLimits } from '../../limits/log.ts'
import { RecordSource } from '../../record/message/record-source.ts'
import { FaultDisk } from '../../testing/fault-disk.ts'
import { HastyClock } from '../../testing/hasty-clock.ts'
import { seededRandom } from '../../testing/seeded-random.ts'
import type { Log } from '../log.ts'
import type { FileLogStore } from './file-log-store.ts'
import { openFileLogStore } from './open-file-log-store.ts'
import type { Snapshot } from './snapshot.ts'

const body: Buffer = Buffer.alloc(300, 'large ')

class Opened {
  readonly disk: FaultDisk
  readonly clock: HastyClock
  readonly store: FileLogStore
  readonly log: Log

  private constructor(disk: FaultDisk, clock: HastyClock, store: FileLogStore) {
    this.disk = disk
    this.clock = clock
    this.store = store
    store.beginAtom()
    this.log = createLogWithCursor(store)
    store.endAtom()
  }

  static async open(disk = new FaultDisk(systemClock)): Promise<Opened> {
    disk.capacity = 1_000_000
    const clock = new HastyClock()
    const { store } = await openFileLogStore({
      path: '/data',
      disk,
      clock,
      turn: new Turn(clock),
      durability: 'fsync',
      random: seededRandom(5),
      limits: { walFileSizeMax: 3000 },
    })
    return new Opened(disk, clock, store)
  }

  /** Messages that are durable, one with a body in a file of its own for each that is `large`. */
  async append(count: number, isLarge = false): Promise<void> {
    for (let number = 0; number < count; number++) {
      const source = new RecordSource()
      if (isLarge) {
        source.asideId = await new Promise<number>((resolve) =>
          this.store.writeAside(body, resolve),
        )
      } else source.body = body
      source.bodyEnd = body.length
      this.store.beginAtom()
      this.log.append(source, -1)
      await durable(this.store.endAtom())
    }
  }

  async ackAll(): Promise<void> {
    this.store.beginAtom()
    cursorOf(this.log).ackRange(0, this.log.endOffset - 1)
    await durable(this.store.endAtom())
  }

  /** Of data files and bodies. */
  names(): string[] {
    return this.disk.paths.filter((path) => /\/(?:wal\/\d+\.log|aside\/)/.test(path))
  }
}

async function readAll(snapshot: Snapshot): Promise<Map<string, number>> {
  const sizes = new Map<string, number>()
  for await (const file of snapshot.files()) {
    const buffer = Buffer.alloc(file.size + 10)
    sizes.set(file.name, await file.read(buffer, 0))
    await file.close()
  }
  return sizes
}

test('what dies while a snapshot is open goes when it is closed', async () => {
  const opened = await Opened.open()
  await opened.append(3, true)
  await opened.append(30)
  const snapshot = await opened.store.openSnapshot()
  const before = opened.names()
  await opened.ackAll()
  await opened.append(30)
  await opened.ackAll()
  const found = await readAll(snapshot)
  const inSnapshot = [...found.keys()].map((name) => `/data/${name}`)
  assert.equal(snapshot.fileCount, found.size)
  assert.ok(inSnapshot.length > 5 && inSnapshot.every((name) => before.includes(name)))
  assert.ok(inSnapshot.every((name) => opened.disk.paths.includes(name)))
  await snapshot.close()
  await waitFor('all of it is gone', () => {
    const left = opened.names()
    return inSnapshot.filter((name) => left.includes(name)).length <= 1
  })
  await opened.store.close()
})

test('a killed process leaves nothing for ever that it kept for a snapshot', async () => {
  const opened = await Opened.open()
  await opened.append(3, true)
  await opened.append(30)
  const snapshot = await opened.store.openSnapshot()
  await opened.ackAll()
  await opened.append(20)
  await opened.ackAll()
  assert.ok(opened.names().length > snapshot.fileCount)
  const next = await Opened.open(opened.disk.kill())
  await waitFor('all of it is gone', () => next.names().length < 4)
  assert.ok(next.names().every((name) => !name.includes('aside')))
  await next.store.close()
})

test('a snapshot that nobody reads ends after a while, and its reader is told', async () => {
  const opened = await Opened.open()
  await opened.append(5)
  const snapshot = await opened.store.openSnapshot()
  await assert.rejects(opened.store.openSnapshot(), /another backup is being taken/)
  const looks = logLimits.snapshotIdleMsMax / logLimits.snapshotLookMs
  for (let look = 1; look < looks; look++) opened.clock.tick()
  await readAll(snapshot)
  for (let look = 0; look < looks; look++) opened.clock.tick()
  await assert.rejects(readAll(snapshot), /nobody has read on for 60 s/)
  // The next one can be taken.
  const next = await opened.store.openSnapshot()
  await readAll(next)
  await next.close()
  await opened.store.close()
})

test('a snapshot ends when the disk is full and it keeps what nobody else needs', async () => {
  const opened = await Opened.open()
  await opened.append(30)
  const snapshot = await opened.store.openSnapshot()
  opened.disk.capacity = opened.disk.usedSize + 1000
  opened.clock.tick()
  await waitFor('publishers are blocked', () => opened.store.blocked === 'low on disk')
  opened.clock.tick()
  // A full disk is no reason as long as a snapshot costs nothing.
  await readAll(snapshot)
  opened.disk.capacity = 1_000_000
  opened.clock.tick()
  await waitFor('publishers go on', () => opened.store.blocked === undefined)
  await opened.ackAll()
  await opened.append(30)
  await opened.ackAll()
  await opened.append(10)
  opened.disk.capacity = opened.disk.usedSize + 1000
  await waitFor('the snapshot has ended', async () => {
    opened.clock.tick()
    return readAll(snapshot).then(
      () => false,
      (error: Error) => error.message.includes('nearly full'),
    )
  })
  await opened.store.close()
})

test('a file of what was copied is in a snapshot from the moment on that it stands for others', async () => {
  const opened = await Opened.open()
  await opened.append(40)
  opened.store.beginAtom()
  for (let offset = 0; offset < opened.log.endOffset; offset++) {
    if (offset % 4 !== 0) cursorOf(opened.log).ack(offset)
  }
  await durable(opened.store.endAtom())
  const manifest = '/data/MANIFEST'
  opened.disk.onOperation = (operation, path) => {
    const isListing = operation === 'rename' && path === manifest
    const lists = isListing && opened.disk.contentOf(`${manifest}.new`).includes('survivors')
    return lists ? 'hold' : undefined
  }
  await waitFor('the list with the copy is being written', () => {
    opened.clock.tick()
    return opened.disk.heldCount > 0
  })
  const snapshot = await opened.store.openSnapshot()
  const { files } = snapshot.manifest
  assert.ok(files.some(({ kind }) => kind === 'survivors'))
  assert.equal((await readAll(snapshot)).size, files.length)
  await snapshot.close()
  opened.disk.onOperation = () => undefined
  opened.disk.release()
  await opened.store.close()
})

test('the close of the store ends a snapshot', async () => {
  const opened = await Opened.open()
  await opened.append(5)
  const snapshot = await opened.store.openSnapshot()
  await opened.store.close()
  await assert.rejects(readAll(snapshot), /the broker stops/)
  await snapshot.close()
})

test('a body that is gone already is left out', async () => {
  const opened = await Opened.open()
  await opened.append(2, true)
  const [gone] = opened.names().filter((name) => name.includes('aside'))
  assert.ok(gone)
  opened.disk.remove(gone)
  const snapshot = await opened.store.openSnapshot()
  assert.equal((await readAll(snapshot)).size, snapshot.fileCount - 1)
  await snapshot.close()
  await opened.store.close()
})
