// Space comes back: nothing that nobody needs keeps a file.
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
import { FaultDisk } from '../../testing/fault-disk.ts'
import { seededRandom } from '../../testing/seeded-random.ts'
import type { Log } from '../log.ts'
import type { FileLogStore } from './file-log-store.ts'
import { openFileLogStore } from './open-file-log-store.ts'
import { verifyDataFolder } from './verify.ts'

const quickClock: Clock = {
  ...systemClock,
  after: (_ms, callback) => systemClock.after(1, callback),
  every: (_ms, callback) => systemClock.every(2, callback),
}

function open(disk: FaultDisk): ReturnType<typeof openFileLogStore> {
  disk.capacity = 5_000_000
  return openFileLogStore({
    path: '/data',
    disk,
    clock: quickClock,
    turn: new Turn(quickClock),
    durability: 'fsync',
    random: seededRandom(9),
    limits: { walFileSizeMax: 50_000, tailCacheSizeMax: 20_000, deleteStepSize: 10_000 },
    events: {
      onTrouble: (error) => {
        throw error
      },
    },
  })
}

async function change(store: FileLogStore, body: () => void): Promise<void> {
  store.beginAtom()
  body()
  await durable(store.endAtom())
}

function source(body: string): RecordSource {
  const result = new RecordSource()
  result.body = Buffer.from(body)
  result.bodyEnd = result.body.length
  return result
}

async function fill(store: FileLogStore, log: Log, count: number): Promise<void> {
  for (let done = 0; done < count; done += 10) {
    await change(store, () => {
      for (let at = done; at < done + 10; at++) {
        log.append(source(`message ${at} `.padEnd(1000, 'x')), -1)
      }
    })
  }
}

async function createLog(store: FileLogStore): Promise<Log> {
  let log!: Log
  await change(store, () => (log = createLogWithCursor(store)))
  return log
}

const walSize = (disk: FaultDisk): number => {
  const paths = disk.paths.filter((path) => path.endsWith('.log'))
  return paths.reduce((size, path) => size + disk.contentOf(path).length, 0)
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) {
    await new Promise<void>((resolve) => {
      setImmediate(resolve)
    })
  }
}

async function bodiesOf(store: FileLogStore, log: Log): Promise<string[]> {
  const records = await readAll(store, log, cursorOf(log).acked.floor)
  const living = records.filter(([offset]) => !cursorOf(log).acked.isAcked(offset))
  return living.map(([, body]) => body.split(' x')[0]!)
}

test('a drained log gives its files back', async () => {
  const disk = new FaultDisk(systemClock)
  const { store } = await open(disk)
  const log = await createLog(store)
  await fill(store, log, 1000)
  assert.ok(walSize(disk) > 1_000_000)
  await change(store, () => cursorOf(log).ackRange(0, 999))
  await until(() => walSize(disk) < 150_000)
  await store.close()
})

test('a file goes in steps, so that no step holds writes up for long', async () => {
  const disk = new FaultDisk(systemClock)
  const { store } = await open(disk)
  const log = await createLog(store)
  await fill(store, log, 1000)
  const stepsOf = new Map<string, number>()
  const steps: number[] = []
  disk.onOperation = (operation, path) => {
    if (operation === 'truncate') stepsOf.set(path, (stepsOf.get(path) ?? 0) + 1)
    if (operation === 'unlink' && stepsOf.has(path)) steps.push(stepsOf.get(path) as number)
    return undefined
  }
  await change(store, () => cursorOf(log).ackRange(0, 999))
  await until(() => steps.length >= 10)
  // Each file is a little more than 50,000 bytes.
  assert.ok(steps.every((count) => count >= 5))
  await store.close()
})

test('a deleted log gives its files back', async () => {
  const disk = new FaultDisk(systemClock)
  const { store } = await open(disk)
  const log = await createLog(store)
  const other = await createLog(store)
  await fill(store, log, 1000)
  await fill(store, other, 20)
  await change(store, () => store.deleteLog(log))
  await until(() => walSize(disk) < 150_000)
  assert.equal((await bodiesOf(store, other)).length, 20)
  await store.close()
})

test('a trimmed log gives its files back', async () => {
  const disk = new FaultDisk(systemClock)
  const { store } = await open(disk)
  const log = await createLog(store)
  await fill(store, log, 1000)
  await change(store, () => store.trim(log, 990))
  await until(() => walSize(disk) < 150_000)
  assert.equal((await bodiesOf(store, log)).length, 10)
  await store.close()
})

test('messages that are stuck here and there do not pin files, and are still there', async () => {
  const disk = new FaultDisk(systemClock)
  const { store } = await open(disk)
  const log = await createLog(store)
  await fill(store, log, 1000)
  const stuck = [3, 140, 141, 500, 777]
  await change(store, () => {
    for (let offset = 0; offset < 1000; offset++)
      if (!stuck.includes(offset)) cursorOf(log).ack(offset)
  })
  await until(() => walSize(disk) < 150_000)
  const expected = stuck.map((offset) => `message ${offset}`)
  assert.deepEqual(await bodiesOf(store, log), expected)
  const opened = await open(disk.kill())
  const again = opened.recovered.logs[0]!
  assert.equal(cursorOf(again).acked.floor, 3)
  assert.deepEqual(await bodiesOf(opened.store, again), expected)
  await opened.store.close()
})

test('bodies that several logs share are copied once', async () => {
  const disk = new FaultDisk(systemClock)
  const { store } = await open(disk)
  const logs = [await createLog(store), await createLog(store), await createLog(store)]
  const filler = await createLog(store)
  for (let number = 0; number < 10; number++) {
    await change(store, () => {
      const message = source(`shared ${number} `.padEnd(2000, 'x'))
      const position = store.shareBody(message.body, 0, message.bodyEnd)
      for (const log of logs) log.append(message, position)
    })
    await fill(store, filler, 100)
  }
  await change(store, () => cursorOf(filler).ackRange(0, 999))
  await until(() => walSize(disk) < 150_000)
  const expected = Array.from({ length: 10 }, (_, number) => `shared ${number}`)
  for (const log of logs) assert.deepEqual(await bodiesOf(store, log), expected)
  await store.close()
  const { problems } = await verifyDataFolder({ disk, path: '/data', isLocked: () => false })
  assert.deepEqual(problems, [])
  const copies = disk.paths.map(
    (path) => disk.contentOf(path).toString('latin1').split('shared 4 ').length - 1,
  )
  assert.equal(
    copies.reduce((sum, count) => sum + count, 0),
    1,
  )
})

test('shared bodies that lie at the same place of different files are not mixed up', async () => {
  const disk = new FaultDisk(systemClock)
  const { store } = await open(disk)
  const logs = [await createLog(store), await createLog(store)]
  const filler = await createLog(store)
  const fileCount = (): number => disk.paths.filter((path) => path.endsWith('.log')).length
  for (let number = 0; number < 5; number++) {
    const before = fileCount()
    await change(store, () => {
      const message = source(`shared ${number} `.padEnd(2000, 'x'))
      const position = store.shareBody(message.body, 0, message.bodyEnd)
      for (const log of logs) log.append(message, position)
    })
    // Until the file is full: the next one begins with the next shared body.
    while (fileCount() === before) {
      await change(store, () => filler.append(source('filler '.padEnd(10_000, 'x')), -1))
    }
  }
  await change(store, () => cursorOf(filler).ackRange(0, filler.endOffset - 1))
  await until(() => walSize(disk) < 150_000)
  const expected = Array.from({ length: 5 }, (_, number) => `shared ${number}`)
  for (const log of logs) assert.deepEqual(await bodiesOf(store, log), expected)
  await store.close()
})

test('cleaning stops at no point where a crash would lose a message', async () => {
  const prepared = new FaultDisk(systemClock)
  const { store } = await open(prepared)
  const log = await createLog(store)
  await fill(store, log, 300)
  const stuck = [3, 140, 250]
  await change(store, () => {
    for (let offset = 0; offset < 300; offset++)
      if (!stuck.includes(offset)) cursorOf(log).ack(offset)
  })
  await store.close()
  const expected = stuck.map((offset) => `message ${offset}`)
  const random = seededRandom(4)
  let isCleaned = false
  for (let steps = 12; !isCleaned; steps++) {
    const disk = prepared.copy()
    disk.onOperation = () => {
      if (disk.operationCount >= steps) disk.stop()
      return undefined
    }
    void open(disk)
    let turns = 0
    await until(() => disk.operationCount >= steps || ++turns > 2000)
    isCleaned = disk.operationCount < steps
    const opened = await open(disk.crash(random))
    assert.deepEqual(await bodiesOf(opened.store, opened.recovered.logs[0]!), expected)
    await opened.store.close()
  }
})

test('large bodies go with their last record, and unused ones at the next start', async () => {
  const disk = new FaultDisk(systemClock)
  const { store } = await open(disk)
  const logs = [await createLog(store), await createLog(store)]
  const write = (body: string): Promise<number> =>
    new Promise((resolve) => {
      store.writeAside(Buffer.from(body), resolve)
    })
  const used = await write('large and used')
  await write('large and forgotten')
  const dropped = await write('large and dropped')
  const bodyFiles = (): string[] => disk.paths.filter((path) => path.includes('/aside/'))
  assert.equal(bodyFiles().length, 3)
  store.dropAside(dropped)
  await until(() => bodyFiles().length === 2)
  await change(store, () => {
    const message = new RecordSource()
    message.asideId = used
    message.bodyEnd = 'large and used'.length
    for (const log of logs) log.append(message, -1)
  })
  const opened = await open(disk.kill())
  const bodies = opened.recovered.logs.map((log) => bodiesOf(opened.store, log))
  assert.deepEqual(await Promise.all(bodies), [['large and used'], ['large and used']])
  await opened.store.close()
})
