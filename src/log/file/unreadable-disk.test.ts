// A disk that cannot read: what is away for a while is waited for, what is lost is skipped once, and
// a disk that has nothing any more ends the store. Nobody loses what could be read later.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { committed, createLogWithCursor, readAll } from '../../../test/support/log-engines.ts'
import { Turn } from '../../lib/turn.ts'
import { RecordSource } from '../../record/message/record-source.ts'
import { diskError, FaultDisk } from '../../testing/fault-disk.ts'
import { seededRandom } from '../../testing/seeded-random.ts'
import { VirtualClock } from '../../testing/virtual-clock.ts'
import type { LogStoreEvents } from '../log-store.ts'
import type { Log } from '../log.ts'
import type { FileLogStore } from './file-log-store.ts'
import { openFileLogStore } from './open-file-log-store.ts'

/** A store whose clock goes on by 10 ms with each turn, however busy the machine is. */
async function openStore(
  context: TestContext,
  events: LogStoreEvents,
): Promise<{ disk: FaultDisk; store: FileLogStore }> {
  const clock = new VirtualClock()
  let isOver = false
  context.after(() => (isOver = true))
  const pass = (): void => {
    clock.advance(10)
    if (!isOver) setImmediate(pass)
  }
  pass()
  const disk = new FaultDisk(clock)
  const { store } = await openFileLogStore({
    path: '/data',
    disk,
    clock,
    turn: new Turn(clock),
    durability: 'fsync',
    random: seededRandom(1),
    limits: { walFileSizeMax: 100_000, tailCacheSizeMax: 1000 },
    events,
  })
  return { disk, store }
}

function source(body: string): RecordSource {
  const result = new RecordSource()
  result.body = Buffer.from(body)
  result.bodyEnd = result.body.length
  return result
}

const bodyOf = (number: number): string => `message ${number} `.padEnd(2000, '.')
const count = 20

/** A log of which hardly anything is in memory: one run for each message. */
async function fill(store: FileLogStore): Promise<Log> {
  let log!: Log
  await committed(store, () => (log = createLogWithCursor(store)))
  for (let number = 0; number < count; number++) {
    await committed(store, () => log.append(source(bodyOf(number)), -1))
  }
  return log
}

async function numbersOf(store: FileLogStore, log: Log): Promise<number[]> {
  return (await readAll(store, log, 0)).map(([offset, body]) => {
    assert.equal(body, bodyOf(offset))
    return offset
  })
}

const all: readonly number[] = Array.from({ length: count }, (_, number) => number)

test('while the disk cannot read, readers wait and nothing is skipped', async (context) => {
  const troubles: string[] = []
  const damages: number[] = []
  const { disk, store } = await openStore(context, {
    onTrouble: ({ message }) => troubles.push(message),
    onDamaged: (_log, first) => damages.push(first),
  })
  const log = await fill(store)
  let failureCount = 0
  disk.onOperation = (operation, path) => {
    if (operation === 'read') failureCount++
    return failureCount <= 200 ? diskError('EIO', path) : undefined
  }
  assert.deepEqual(await numbersOf(store, log), all)
  assert.ok(troubles.length > 0 && troubles.length < 10, `told ${troubles.length} times`)
  assert.deepEqual(damages, [])
  await store.close()
})

test('a place that cannot be read while the disk works is a gap, and only that', async (context) => {
  const damages: string[] = []
  const { disk, store } = await openStore(context, {
    onDamaged: (_log, first, last) => damages.push(`${first}-${last}`),
  })
  const log = await fill(store)
  const path = disk.paths.find((name) => disk.contentOf(name).includes('message 7 ')) as string
  disk.makeUnreadable(path, disk.contentOf(path).indexOf('message 7 '))
  assert.deepEqual(
    await numbersOf(store, log),
    all.filter((number) => number !== 7),
  )
  assert.deepEqual(damages, ['7-7'])
  await store.close()
})

test('a disk that can do nothing any more ends the store, and no message is given up', async (context) => {
  const failures: string[] = []
  const damages: number[] = []
  const { disk, store } = await openStore(context, {
    onFailed: ({ message }) => failures.push(message),
    onDamaged: (_log, first) => damages.push(first),
  })
  const log = await fill(store)
  disk.onOperation = (_operation, path) => diskError('EIO', path)
  let isLoaded = false
  store.load(log, { at: 'window', offset: 3 }, () => (isLoaded = true))
  while (failures.length === 0) {
    await new Promise<void>((resolve) => {
      setImmediate(resolve)
    })
  }
  assert.match(failures[0] as string, /\/data has failed for 60 seconds \(EIO/)
  assert.deepEqual([isLoaded, damages], [false, []])
})

test('a large body is read again when the disk can', async (context) => {
  const damages: number[] = []
  const { disk, store } = await openStore(context, {
    onDamaged: (_log, first) => damages.push(first),
  })
  const log = await fill(store)
  const large = source('large')
  large.asideId = await new Promise<number>((resolve) => {
    store.writeAside(Buffer.from('large'), resolve)
  })
  await committed(store, () => log.append(large, -1))
  const others = Array.from({ length: 8 }, async () => {
    const other = source('other')
    other.asideId = await new Promise<number>((resolve) => {
      store.writeAside(Buffer.alloc(3_000_000, 'o'), resolve)
    })
    await committed(store, () => log.append(other, -1))
  })
  await Promise.all(others)
  let failureCount = 0
  disk.onOperation = (operation, path) => {
    const isBody = operation === 'open' && path.endsWith('0000000001.body')
    return isBody && ++failureCount <= 50 ? diskError('EMFILE', path) : undefined
  }
  const [found] = await readAll(store, log, count)
  assert.equal(found?.[1], 'large')
  assert.equal(failureCount, 51)
  assert.deepEqual(damages, [])
  await store.close()
})
