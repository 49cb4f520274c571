// The storage engines, as the conformance suites open them, and what those suites do all the time.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../src/lib/clock.ts'
import { Turn } from '../../src/lib/turn.ts'
import { openClusterDisk } from '../../src/log/cluster/cluster-disk.ts'
import type { ClusterFiles } from '../../src/log/cluster/cluster-files.ts'
import type { Durability } from '../../src/log/file/file-log-store-parts.ts'
import {
  type FileLogStoreOptions,
  openFileLogStore,
} from '../../src/log/file/open-file-log-store.ts'
import { createSystemDisk } from '../../src/log/file/system-disk.ts'
import { cursorsOf, type LogCursor } from '../../src/log/log-cursor.ts'
import type { LogStore, Recovered } from '../../src/log/log-store.ts'
import type { Log } from '../../src/log/log.ts'
import { MemoryLogStore } from '../../src/log/memory/memory-log-store.ts'
import type { Ticket } from '../../src/log/ticket.ts'
import { batchHeaderSize } from '../../src/record/batch/batch-header.ts'
import { sourceFrom } from '../../src/record/message/fill-source.ts'
import type { RecordSource } from '../../src/record/message/record-source.ts'
import { RecordView } from '../../src/record/message/record-view.ts'
import { FaultDisk } from '../../src/testing/fault-disk.ts'
import { HastyClock } from '../../src/testing/hasty-clock.ts'
import { MemoryCells } from '../../src/testing/memory-cells.ts'
import { MemoryObjects } from '../../src/testing/memory-objects.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { CellOwner, cellRoot } from './cell-owner.ts'

export interface Engine {
  readonly name: string
  /** Opens a store on what earlier stores of this engine left. */
  open(): Promise<{ store: LogStore; recovered: Recovered }>
  readonly isLasting: boolean
  dispose(): Promise<void>
}

export function memoryEngine(): Promise<Engine> {
  return Promise.resolve({
    name: 'memory',
    isLasting: false,
    open: () => {
      const store = new MemoryLogStore({ clock: systemClock, turn: new Turn(systemClock) })
      const recovered = { logs: [], topology: [], state: new Map(), cut: undefined, losses: [] }
      return Promise.resolve({ store, recovered })
    },
    dispose: () => Promise.resolve(),
  })
}

/** On the machine's disk, with little memory, so that most reads are cold. */
export function fileEngine(): Promise<Engine> {
  return systemFileEngine('file', 'fsync')
}

/** The same, trusting the operating system. */
export function osFileEngine(): Promise<Engine> {
  return systemFileEngine('file, os', 'os')
}

async function systemFileEngine(name: string, durability: Durability): Promise<Engine> {
  const path = await mkdtemp(join(tmpdir(), 'pabal-log-'))
  const small = { tailCacheSizeMax: 100_000, volatileMemoryMax: 200_000 }
  return {
    name,
    isLasting: true,
    open: () => openFile({ path, disk: createSystemDisk(), durability, limits: small }),
    dispose: () => rm(path, { recursive: true }),
  }
}

/** On a disk in memory, with files so small that a log has many. */
export function tinyFileEngine(): Promise<Engine> {
  const disk = new FaultDisk(systemClock)
  const tiny = {
    walFileSizeMax: 8000,
    tailCacheSizeMax: 4500,
    indexCacheSizeMax: 400,
    coldRunsSizeMax: 8000,
    checkpointSliceSizeMax: 300,
  }
  return Promise.resolve({
    name: 'file, tiny',
    isLasting: true,
    open: () => openFile({ path: '/data', disk, durability: 'fsync', limits: tiny }),
    dispose: () => Promise.resolve(),
  })
}

type FileOptions = Pick<FileLogStoreOptions, 'path' | 'disk' | 'local' | 'durability' | 'limits'>

function openFile(options: FileOptions): ReturnType<typeof openFileLogStore> {
  return openFileLogStore({
    ...options,
    clock: systemClock,
    turn: new Turn(systemClock),
    random: seededRandom(1),
  })
}

/** On a database and objects, both in memory, with small files: each opening is another owner. */
export function clusterEngine(): Promise<Engine> {
  const clock = new HastyClock()
  const random = seededRandom(1)
  const cells = new MemoryCells({ clock, random })
  const objects = new MemoryObjects({ clock })
  return Promise.resolve({
    name: 'cluster',
    isLasting: true,
    open: async () => {
      const owner = await CellOwner.open({ table: cells.claim(1), objects, clock, random })
      return openClusterStore(owner.files)
    },
    dispose: () => Promise.resolve(),
  })
}

/** A store with small files on what an owner of a cell has. */
export async function openClusterStore(files: ClusterFiles): ReturnType<Engine['open']> {
  const limits = { walFileSizeMax: 8000, tailCacheSizeMax: 4500, checkpointSliceSizeMax: 300 }
  const disk = await openClusterDisk({ ...files, root: cellRoot })
  const where = { path: cellRoot, disk, local: files.local }
  return openFile({ ...where, durability: 'fsync', limits })
}

export function source(address: string, body: string): RecordSource {
  return sourceFrom({
    address: Buffer.from(address),
    header: Buffer.from('header'),
    body: Buffer.from(body),
  })
}

/** Resolves when what the ticket is for is durable. */
export function durable(ticket: Ticket | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (ticket === undefined) resolve()
    else ticket.whenDurable(resolve)
  })
}

/** Makes `change` in one atom; resolves when it is durable. */
export async function committed(store: LogStore, change: () => void): Promise<void> {
  store.beginAtom()
  change()
  await durable(store.endAtom())
}

/** Offsets and bodies of everything from `offset` on that can be read. */
export async function readAll(store: LogStore, log: Log, offset = 0): Promise<[number, string][]> {
  const records: [number, string][] = []
  const view = new RecordView()
  let at = offset
  for (;;) {
    const reading = log.read(at, view)
    if (reading === 'end') return records
    if (typeof reading === 'object') {
      await new Promise<void>((resolve, reject) => {
        store.load(log, reading, (error) => (error === undefined ? resolve() : reject(error)))
      })
      continue
    }
    records.push([view.offset, view.body.toString('latin1', view.bodyStart, view.bodyEnd)])
    at = view.offset + 1
  }
}

/** The same of whole runs. */
export async function readAllRuns(store: LogStore, log: Log): Promise<[number, string][]> {
  const records: [number, string][] = []
  const view = new RecordView()
  for (let at = 0; ;) {
    const runs = await store.readRuns(log, at, 10_000)
    if (runs.length === 0) return records
    for (const run of runs) {
      for (let position = batchHeaderSize; position < run.size;) {
        position = log.readFrom(run, position, view)
        records.push([view.offset, view.body.toString('latin1', view.bodyStart, view.bodyEnd)])
      }
      at = run.lastOffset + 1
      run.release()
    }
  }
}

/** A new log with one cursor, as a queue has it. Within an atom. */
export function createLogWithCursor(store: LogStore, isVolatile = false): Log {
  const log = store.createLog({ isVolatile })
  store.createCursor(log)
  return log
}

/** The first cursor of a log. */
export function cursorOf(log: Log): LogCursor {
  return cursorsOf(log)[0] as LogCursor
}
