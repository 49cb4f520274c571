import { setImmediate as nextTurn } from 'node:timers/promises'
import { Turn } from '../../src/lib/turn.ts'
import { Commit } from '../../src/log/commit.ts'
import { CommitEncoder } from '../../src/log/file/commit-encoder.ts'
import type { FileLogStore } from '../../src/log/file/file-log-store.ts'
import { openFileLogStore } from '../../src/log/file/open-file-log-store.ts'
import type { Log } from '../../src/log/log.ts'
import { appendRecord } from '../../src/log/record.ts'
import { Run } from '../../src/log/run.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { VirtualClock } from '../../src/testing/virtual-clock.ts'
import { createLogWithCursor, cursorOf } from '../../test/support/log-engines.ts'
import { DiskInMemory } from './disk-in-memory.ts'
import { sourceOf } from './log.ts'
import type { MicroBenchmark } from './micro-benchmark.ts'

const MESSAGES = 100
/** No file is ever full: what happens then is not what is measured here. */
const FILE_SIZE_MAX = 1e12
const TURNS_MAX = 10_000

export const wal: readonly MicroBenchmark[] = [
  encoded(`WAL commit of ${MESSAGES} × 1 KiB in 1 run, encode`, { runs: 1, size: 1024 }),
  encoded(`WAL commit of ${MESSAGES} × 16 B in 1 run, encode`, { runs: 1, size: 16 }),
  encoded(`WAL commit of ${MESSAGES} × 1 KiB in 100 runs, encode`, { runs: 100, size: 1024 }),
  committed(`WAL commit of ${MESSAGES} × 16 B, 1 log, commit`, { logs: 1, size: 16 }),
  committed(`WAL commit of ${MESSAGES} × 1 KiB, 1 log, commit`, { logs: 1, size: 1024 }),
  committed(`WAL commit of ${MESSAGES} × 1 KiB, 100 logs, commit`, { logs: 100, size: 1024 }),
]

function encoded(
  name: string,
  { runs, size }: { readonly runs: number; readonly size: number },
): MicroBenchmark {
  return {
    name,
    prepare() {
      const commit = new Commit(1)
      for (let i = 0; i < runs; i++) {
        commit.addRun({ id: i + 1 } as Log, runOf(MESSAGES / runs, size))
      }
      const encoder = new CommitEncoder()
      const place = {
        fileId: 1,
        salt: 1,
        position: 0,
        leaderEpoch: 1,
        sequence: 1,
        syncedThrough: 0,
      }
      return () => {
        // A run is sealed, and its CRC taken, each time anew.
        for (const { run } of commit.runs) run.isSealed = false
        return encoder.encode(commit, place).length
      }
    },
  }
}

function runOf(count: number, size: number): Run {
  const run = new Run(0, 0, 64)
  const source = sourceOf(size)
  for (let offset = 0; offset < count; offset++) appendRecord(run, offset, 0, source)
  return run
}

/** Messages in, commit written and synced, all acked: the whole store but the disk. */
function committed(
  name: string,
  { logs: logCount, size }: { readonly logs: number; readonly size: number },
): MicroBenchmark {
  return {
    name,
    async prepare() {
      const clock = new VirtualClock()
      const store = await openStore(clock)
      const logs = Array.from({ length: logCount }, () => {
        store.beginAtom()
        const created = createLogWithCursor(store)
        store.endAtom()
        return created
      })
      const source = sourceOf(size)
      return () => {
        for (let i = 0; i < MESSAGES; i++) {
          store.beginAtom()
          logs[i % logCount]!.append(source, -1)
          store.endAtom()
        }
        clock.endTurn()
        for (const log of logs)
          cursorOf(log).ackRange(log.endOffset - MESSAGES / logCount, log.endOffset - 1)
        return store.uncommittedSize
      }
    },
  }
}

async function openStore(clock: VirtualClock): Promise<FileLogStore> {
  const progress = { isOpen: false }
  const opening = openFileLogStore({
    path: '/data',
    disk: new DiskInMemory(clock),
    clock,
    turn: new Turn(clock),
    durability: 'fsync',
    random: seededRandom(1),
    limits: { walFileSizeMax: FILE_SIZE_MAX },
  }).finally(() => {
    progress.isOpen = true
  })
  // The clock stands still by itself, and the disk answers at the end of its turns.
  for (let turns = 0; !progress.isOpen && turns < TURNS_MAX; turns++) {
    clock.endTurn()
    await nextTurn()
  }
  if (!progress.isOpen) throw new Error('the store does not open')
  return (await opening).store
}
