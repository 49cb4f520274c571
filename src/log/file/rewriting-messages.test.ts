// Runs of messages that are written anew, with bodies that lie elsewhere: shared in a commit, or in files of their
// own, which go with the last record that needs them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  committed,
  createLogWithCursor,
  durable,
  readAll,
  source,
} from '../../../test/support/log-engines.ts'
import { systemClock } from '../../lib/clock.ts'
import { Turn } from '../../lib/turn.ts'
import { FaultDisk } from '../../testing/fault-disk.ts'
import { seededRandom } from '../../testing/seeded-random.ts'
import type { Log } from '../log.ts'
import type { FileLogStore } from './file-log-store.ts'
import { openFileLogStore } from './open-file-log-store.ts'
import { verifyDataFolder } from './verify.ts'

async function open(disk: FaultDisk): Promise<FileLogStore> {
  const { store } = await openFileLogStore({
    path: '/data',
    disk,
    clock: systemClock,
    turn: new Turn(systemClock),
    durability: 'fsync',
    random: seededRandom(1),
    limits: { walFileSizeMax: 6000, tailCacheSizeMax: 2000 },
  })
  return store
}

const bodyOf = (number: number): string => `${number} `.padEnd(600, 'b')
const isThird = (offset: number): boolean => offset % 3 === 0
const bodyFiles = (disk: FaultDisk): number =>
  disk.paths.filter((path) => path.endsWith('.body')).length

/** Thirty messages in two logs: inline, shared by both, and with files of their own, in turns. */
async function fill(store: FileLogStore, logs: readonly [Log, Log]): Promise<void> {
  for (let number = 0; number < 30; number++) {
    const message = source(`address ${number}`, bodyOf(number))
    const kind = number % 4
    if (kind === 3) {
      message.asideId = await new Promise<number>((resolve) => {
        store.writeAside(message.body, resolve)
      })
    }
    await committed(store, () => {
      const shared = kind === 2 ? store.shareBody(message.body, 0, message.bodyEnd) : -1
      for (const log of logs) log.append(message, shared)
    })
  }
}

async function writeAnew(store: FileLogStore, log: Log, end: number): Promise<void> {
  const rewriting = store.openRewriting()
  await rewriting.add(log, end, {
    rewrite: (runs) =>
      Promise.resolve(runs.map(() => ({ kind: 'messages', keep: isThird, deleteHorizon: 77 }))),
  })
  await rewriting.commit()
}

test('messages that stay have their bodies, wherever those are, and what nobody needs goes', async () => {
  const disk = new FaultDisk(systemClock)
  const store = await open(disk)
  let logs!: [Log, Log]
  await committed(store, () => {
    logs = [createLogWithCursor(store), createLogWithCursor(store)]
  })
  await fill(store, logs)
  const all = Array.from({ length: 30 }, (_, number): [number, string] => [number, bodyOf(number)])
  const left = all.filter(([offset]) => offset >= 24 || isThird(offset))
  const [first, second] = logs
  await writeAnew(store, first, 24)
  assert.deepEqual(await readAll(store, first), left)
  assert.deepEqual(await readAll(store, second), all)
  assert.equal(bodyFiles(disk), 7)
  await writeAnew(store, second, 24)
  assert.deepEqual(await readAll(store, second), left)
  const runs = await store.readRuns(second, 0, 1)
  assert.equal(runs[0]?.deleteHorizon, 77)
  // Of those with a body of their own 3 and 15 stay, and what comes after the end; the store tells it in an atom.
  await committed(store, () => store.putState('any', Buffer.from('x')))
  store.beginAtom()
  await durable(store.endAtom())
  const deadline = systemClock.monotonic() + 5000
  while (bodyFiles(disk) > 3) {
    assert.ok(systemClock.monotonic() < deadline, `${bodyFiles(disk)} bodies are left`)
    await new Promise((resolve) => void setImmediate(resolve))
  }
  const damages = async (): Promise<readonly unknown[]> => {
    const options = { disk: disk.copy(), path: '/data', isLocked: () => false }
    const { problems } = await verifyDataFolder(options)
    return problems.filter(({ severity }) => severity === 'damage')
  }
  assert.deepEqual(await damages(), [])
  await store.close()
  assert.deepEqual(await damages(), [])
  const again = await open(disk)
  for (const log of logs) {
    assert.deepEqual(await readAll(again, again.logs.get(log.id) as Log), left)
  }
  await again.close()
})

test('a rewriting that is thrown away changes nothing and leaves no file', async () => {
  const disk = new FaultDisk(systemClock)
  const store = await open(disk)
  let logs!: [Log, Log]
  await committed(store, () => {
    logs = [createLogWithCursor(store), createLogWithCursor(store)]
  })
  await fill(store, logs)
  const before = await readAll(store, logs[0])
  const rewriting = store.openRewriting()
  let runCount = 0
  const failing = rewriting.add(logs[0], 24, {
    rewrite: (runs) => {
      runCount += runs.length
      if (runCount > 10) return Promise.reject(new Error('enough'))
      return Promise.resolve(runs.map(() => ({ kind: 'whole' })))
    },
  })
  await assert.rejects(failing, /enough/)
  await rewriting.discard()
  assert.deepEqual(await readAll(store, logs[0]), before)
  await store.close()
  const { problems } = await verifyDataFolder({ disk, path: '/data', isLocked: () => false })
  assert.deepEqual(problems, [])
})
