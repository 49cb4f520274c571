// One suite for every engine: what a broker may rely on, whatever stores the bytes.
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { systemClock } from '../lib/clock.ts'
import { Turn } from '../lib/turn.ts'
import type { CommitGroup } from './commit-group.ts'
import { createSystemDisk } from './file/disk.ts'
import { FaultDisk } from './file/fault-disk.ts'
import { openFileLogStore } from './file/open-file-log-store.ts'
import type { FileLogStoreOptions } from './file/open-file-log-store.ts'
import type { LogStore, Recovered } from './log-store.ts'
import type { Log } from './log.ts'
import { MemoryLogStore } from './memory/memory-log-store.ts'
import { RecordSource, RecordView } from './record.ts'

interface Engine {
  readonly name: string
  /** Opens a store on what earlier stores of this engine left. */
  open(): Promise<{ store: LogStore; recovered: Recovered }>
  readonly isLasting: boolean
  dispose(): Promise<void>
}

function memoryEngine(): Promise<Engine> {
  return Promise.resolve({
    name: 'memory',
    isLasting: false,
    open: () => {
      const store = new MemoryLogStore({ clock: systemClock, turn: new Turn(systemClock) })
      return Promise.resolve({ store, recovered: { logs: [], topology: [], cut: undefined } })
    },
    dispose: () => Promise.resolve(),
  })
}

type FileOptions = Pick<FileLogStoreOptions, 'path' | 'disk' | 'durability'>

function openFile(options: FileOptions): ReturnType<typeof openFileLogStore> {
  return openFileLogStore({
    ...options,
    clock: systemClock,
    turn: new Turn(systemClock),
    topologyAfter: 0,
    limits: { tailCacheSizeMax: 100_000, volatileMemoryMax: 200_000 },
  })
}

async function systemFileEngine(name: string, durability: 'fsync' | 'os'): Promise<Engine> {
  const path = await mkdtemp(join(tmpdir(), 'pabal-log-'))
  const disk = createSystemDisk()
  return {
    name,
    isLasting: true,
    open: () => openFile({ path, disk, durability }),
    dispose: () => rm(path, { recursive: true }),
  }
}

const fileEngine = (): Promise<Engine> => systemFileEngine('file', 'fsync')
const osFileEngine = (): Promise<Engine> => systemFileEngine('file, durability os', 'os')

function faultFileEngine(): Promise<Engine> {
  const disk = new FaultDisk(systemClock)
  disk.capacity = 10_000_000
  return Promise.resolve({
    name: 'file on the fault disk',
    isLasting: true,
    open: () => openFile({ path: '/data', disk, durability: 'fsync' }),
    dispose: () => Promise.resolve(),
  })
}

function source(address: string, body: string): RecordSource {
  const result = new RecordSource()
  result.address = Buffer.from(address)
  result.addressEnd = result.address.length
  result.header = Buffer.from('header')
  result.headerEnd = 6
  result.body = Buffer.from(body)
  result.bodyEnd = result.body.length
  return result
}

function finished(group: CommitGroup): Promise<void> {
  return new Promise((resolve) => {
    group.addListener({ onGroupFinished: () => resolve() })
  })
}

async function committed(store: LogStore, change: () => void): Promise<void> {
  const group = store.beginAtom()
  change()
  store.endAtom()
  await finished(group)
}

/** Offsets and bodies of everything from `offset` on that can be read. */
async function readAll(store: LogStore, log: Log, offset = 0): Promise<[number, string][]> {
  const records: [number, string][] = []
  const view = new RecordView()
  let at = offset
  for (;;) {
    const result = log.read(at, view)
    if (result === 'end') return records
    if (result === 'absent') {
      await new Promise<void>((resolve, reject) => {
        store.load(log, at, (error) => (error === undefined ? resolve() : reject(error)))
      })
      continue
    }
    records.push([view.offset, view.body.toString('latin1', view.bodyStart, view.bodyEnd)])
    at = view.offset + 1
  }
}

for (const makeEngine of [memoryEngine, fileEngine, osFileEngine, faultFileEngine]) {
  describe(`LogStore: ${makeEngine.name}`, () => {
    const withStore = (
      name: string,
      body: (store: LogStore, engine: Engine) => Promise<void>,
    ): void => {
      test(name, async () => {
        const engine = await makeEngine()
        const { store } = await engine.open()
        try {
          await body(store, engine)
        } finally {
          await engine.dispose()
        }
      })
    }

    withStore('reads what was appended, in order', async (store) => {
      let log!: Log
      await committed(store, () => {
        log = store.createLog({ isVolatile: false })
        for (const body of ['a', 'b', 'c']) log.append(source('x', body), -1)
      })
      assert.deepEqual(await readAll(store, log), [
        [0, 'a'],
        [1, 'b'],
        [2, 'c'],
      ])
      assert.equal(log.durableEnd, 3)
      await store.close()
    })

    withStore('reads what no longer fits in memory', async (store) => {
      let log!: Log
      await committed(store, () => (log = store.createLog({ isVolatile: false })))
      const expected: [number, string][] = []
      for (let round = 0; round < 50; round++) {
        await committed(store, () => {
          for (let n = 0; n < 10; n++) {
            const body = `${round}.${n}`.padEnd(1000, '.')
            expected.push([log.append(source('x', body), -1), body])
          }
        })
      }
      assert.deepEqual(await readAll(store, log), expected)
      await store.close()
    })

    withStore('finds everything again after it was closed', async (store, engine) => {
      if (!engine.isLasting) return
      let log!: Log
      let deleted!: Log
      await committed(store, () => {
        log = store.createLog({ isVolatile: false })
        deleted = store.createLog({ isVolatile: false })
        store.putTopology(Buffer.from('first'))
        for (const body of ['a', 'b', 'c', 'd']) log.append(source('x', body), -1)
        deleted.append(source('x', 'gone'), -1)
      })
      await committed(store, () => {
        log.ack(0)
        log.ack(2)
        log.raiseDeliveredMark(3)
        store.deleteLog(deleted)
        store.putTopology(Buffer.from('second'))
      })
      await store.close()
      const reopened = await engine.open()
      assert.equal(reopened.store.epoch, store.epoch + 1)
      assert.deepEqual(
        reopened.recovered.topology.map(({ sequence, bytes }) => [sequence, bytes.toString()]),
        [
          [1, 'first'],
          [2, 'second'],
        ],
      )
      const [again, ...others] = reopened.recovered.logs
      assert.ok(again !== undefined)
      assert.equal(others.length, 0)
      assert.equal(again.id, log.id)
      assert.equal(again.endOffset, 4)
      assert.equal(again.deliveredMark, 3)
      assert.equal(again.cursor.floor, 1)
      assert.ok(again.cursor.isAcked(2))
      assert.deepEqual(await readAll(reopened.store, again, 3), [[3, 'd']])
      await reopened.store.close()
    })

    withStore('keeps a volatile log in order, however long it is', async (store) => {
      const log = store.createLog({ isVolatile: true })
      const expected: [number, string][] = []
      for (let number = 0; number < 1000; number++) {
        const body = `${number}`.padEnd(1000, '.')
        expected.push([log.append(source('x', body), -1), body])
        if (number % 50 === 0) {
          await new Promise<void>((resolve) => {
            setImmediate(resolve)
          })
        }
      }
      assert.deepEqual(await readAll(store, log), expected)
      log.ackRange(0, 899)
      assert.deepEqual(await readAll(store, log, 900), expected.slice(900))
      store.deleteLog(log)
      await store.close()
    })

    withStore('keeps large bodies beside the log', async (store, engine) => {
      let log!: Log
      await committed(store, () => (log = store.createLog({ isVolatile: false })))
      const body = 'large '.repeat(1000)
      const id = await new Promise<number>((resolve) => {
        store.writeAside(Buffer.from(body), resolve)
      })
      await committed(store, () => {
        const message = source('x', '')
        message.asideId = id
        message.bodyEnd = body.length
        log.append(message, -1)
        log.append(source('x', 'small'), -1)
      })
      assert.deepEqual(await readAll(store, log), [
        [0, body],
        [1, 'small'],
      ])
      await store.close()
      if (!engine.isLasting) return
      const again = await engine.open()
      const [found] = again.recovered.logs
      assert.ok(found !== undefined)
      assert.deepEqual(await readAll(again.store, found), [
        [0, body],
        [1, 'small'],
      ])
      await again.store.close()
    })

    withStore('stores a body once for several logs', async (store, engine) => {
      const body = 'shared '.repeat(200)
      const logs: Log[] = []
      await committed(store, () => {
        for (let n = 0; n < 3; n++) logs.push(store.createLog({ isVolatile: false }))
      })
      const group = store.beginAtom()
      const message = source('x', body)
      const position = group.sharedBodies().add(message.body, 0, message.body.length)
      for (const log of logs) log.append(message, position)
      store.endAtom()
      await finished(group)
      for (const log of logs) assert.deepEqual(await readAll(store, log), [[0, body]])
      await store.close()
      if (!engine.isLasting) return
      const { store: again, recovered } = await engine.open()
      for (const log of recovered.logs) assert.deepEqual(await readAll(again, log), [[0, body]])
      assert.equal(recovered.logs.length, 3)
      await again.close()
    })
  })
}
