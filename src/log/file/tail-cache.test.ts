import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { committed, createLogWithCursor, cursorOf } from '../../../test/support/log-engines.ts'
import { plainBatch } from '../../../test/support/plain-batch.ts'
import { systemClock } from '../../lib/clock.ts'
import { pagePool } from '../../lib/page-pool.ts'
import { Turn } from '../../lib/turn.ts'
import { RecordSource } from '../../record/message/record-source.ts'
import { FaultDisk } from '../../testing/fault-disk.ts'
import { seededRandom } from '../../testing/seeded-random.ts'
import type { Log } from '../log.ts'
import type { FileLogStore } from './file-log-store.ts'
import { openFileLogStore } from './open-file-log-store.ts'

const cacheSize = 1_200_000
const requestSize = 200_000
/** Of the memory that such a request gets. */
const pageSize = pagePool.take(requestSize).buffer.byteLength

async function openStore(test: TestContext): Promise<FileLogStore> {
  const { store } = await openFileLogStore({
    path: '/data',
    disk: new FaultDisk(systemClock),
    durability: 'fsync',
    limits: { tailCacheSizeMax: cacheSize },
    clock: systemClock,
    turn: new Turn(systemClock),
    random: seededRandom(1),
  })
  test.after(() => store.close())
  return store
}

async function createLogs(store: FileLogStore, count: number): Promise<Log[]> {
  const logs: Log[] = []
  await committed(store, () => {
    for (let n = 0; n < count; n++) logs.push(createLogWithCursor(store))
  })
  return logs
}

/** Batches as they are part of the memory of one request, one after the other. */
function requestOf(count: number, bodySize: number): Buffer[] {
  const memory = pagePool.take(requestSize)
  const batch = plainBatch({ body: 'b'.repeat(bodySize) })
  return Array.from({ length: count }, (_, index) => {
    const start = index * batch.length
    batch.copy(memory, start)
    return memory.subarray(start, start + batch.length)
  })
}

/** The memory that runs in the tails keep, whatever part of it is theirs. */
function memoryOf(logs: readonly Log[]): number {
  const memories = new Set<ArrayBufferLike>()
  for (const { tail } of logs) for (const { buffer } of tail) memories.add(buffer.buffer)
  return [...memories].reduce((sum, { byteLength }) => sum + byteLength, 0)
}

describe('TailCache', () => {
  it('keeps no more memory than its limit, however small the part of a request that is stored', async (test) => {
    const store = await openStore(test)
    const logs = await createLogs(store, 10)
    for (let n = 0; n < 50; n++) {
      const [batch] = requestOf(1, 900) as [Buffer]
      await committed(store, () => logs[n % 10]!.appendBatch(batch))
      assert.ok(memoryOf(logs) <= cacheSize, `${memoryOf(logs)} bytes after ${n + 1} requests`)
    }
    assert.ok(memoryOf(logs) >= cacheSize / 2, 'and it keeps what fits')
  })

  it('counts the memory of a request once, whatever the number of batches in it', async (test) => {
    const store = await openStore(test)
    const logs = await createLogs(store, 100)
    for (let n = 0; n < 4; n++) {
      const batches = requestOf(logs.length, 1500)
      await committed(store, () => {
        for (const [at, log] of logs.entries()) log.appendBatch(batches[at]!)
      })
    }
    assert.equal(memoryOf(logs), 4 * pageSize)
    assert.ok(logs.every(({ tail }) => tail.length === 4))
  })

  it('lets a request go with the last of its batches', async (test) => {
    const store = await openStore(test)
    const logs = await createLogs(store, 2)
    for (let n = 0; n < 50; n++) {
      const batches = requestOf(2, 900)
      await committed(store, () => {
        for (const [at, log] of logs.entries()) log.appendBatch(batches[at]!)
      })
      await committed(store, () => {
        for (const log of logs) store.trim(log, log.endOffset)
      })
    }
    await committed(store, () => logs[0]!.appendBatch(requestOf(1, 900)[0]!))
    assert.equal(memoryOf(logs), pageSize, 'what is gone is not counted any more')
  })

  it('keeps a batch that is most of its request where it is', async (test) => {
    const store = await openStore(test)
    const [log] = (await createLogs(store, 1)) as [Log]
    const [batch] = requestOf(1, requestSize - 500) as [Buffer]
    await committed(store, () => log.appendBatch(batch))
    assert.equal(log.tail.first?.buffer, batch)
  })

  it('leaves no run to readers that was acked while it was open', async (test) => {
    const store = await openStore(test)
    const [log] = (await createLogs(store, 1)) as [Log]
    const source = new RecordSource()
    await committed(store, () => cursorOf(log).ack(log.append(source, -1)))
    assert.equal(log.durableEnd, 1)
    assert.deepEqual(await store.readRuns(log, 0, 1000), [])
    assert.equal(log.tail.first, undefined)
  })
})
