// Backups of a store at random work, read at random moments, while its files fill, die, are copied out of and
// written over. What is restored must be the state after some commit: not before the last one that was
// confirmed when the backup began, and no commit in half.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LogModel } from '../../../test/support/log-model.ts'
import { Workload } from '../../../test/support/store-workload.ts'
import { foundIn, openWorkloadStore } from '../../../test/support/workload-store.ts'
import { systemClock } from '../../lib/clock.ts'
import { FaultDisk } from '../../testing/fault-disk.ts'
import { HastyClock } from '../../testing/hasty-clock.ts'
import { seededRandom } from '../../testing/seeded-random.ts'
import type { FileLogStore } from '../file/file-log-store.ts'
import { inspectFolder } from '../file/inspect-folder.ts'
import { verifyDataFolder } from '../file/verify.ts'
import { restoreBackup } from './restore.ts'
import { sealBackup } from './seal-backup.ts'
import { streamBackup } from './stream-backup.ts'

const now = Date.UTC(2026, 10, 29)

async function* of(pieces: readonly Buffer[]): AsyncGenerator<Buffer> {
  yield* pieces
}

function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}

async function backUpWhile(store: FileLogStore, work: () => Promise<void>): Promise<Buffer[]> {
  const snapshot = await store.openSnapshot()
  const stream = streamBackup(snapshot, { clock: systemClock })
  const pieces: Buffer[] = []
  for await (const piece of sealBackup(stream, progress())) {
    pieces.push(piece)
    await work()
  }
  return pieces
}

function progress(): Parameters<typeof sealBackup>[1] {
  return { info: undefined, fileCount: 0, byteCount: 0 }
}

/** How often a snapshot had to keep a file that was no part of the store any more. */
let keptCount = 0
/** How often there was a topology file. */
let topologyCount = 0

async function backUpAndRestore(seed: number): Promise<void> {
  const random = seededRandom(seed)
  const disk = new FaultDisk(systemClock)
  disk.capacity = 3_000_000
  // Now and then the manifest takes its time, so that snapshots come between it and what it says.
  disk.onOperation = (operation) =>
    operation === 'rename' && random.next() < 0.3 ? { delayMs: 2 } : undefined
  const clock = new HastyClock()
  const { store } = await openWorkloadStore(disk, clock)
  const work = new Workload({ random, store, model: new LogModel(), counter: 0 })
  const states: string[] = []
  const step = async (): Promise<void> => {
    for (let n = random.below(30); n > 0; n--) {
      work.step()
      if (random.next() < 0.3) await turn()
      if (random.next() < 0.1) clock.tick()
    }
    await turn()
  }
  for (let n = 0; n < 20; n++) await step()
  for (let round = 0; round < 3; round++) {
    // From now on every commit is a state that the backup may have.
    states.length = 0
    states.push(work.confirmed.toString())
    work.onConfirmed = () => states.push(work.confirmed.toString())
    // While files are copied out of, in one moment or another.
    clock.tick()
    for (let turns = random.below(40); turns > 0; turns--) await turn()
    const names = new Set(disk.paths)
    const pieces = await backUpWhile(store, step)
    if (disk.paths.filter((name) => names.has(name)).length < names.size) keptCount++
    const target = new FaultDisk(systemClock)
    target.capacity = 6_000_000
    const { manifest } = await restoreBackup({
      disk: target,
      path: '/data',
      source: of(pieces),
      now,
      random,
    })
    if (manifest.topology !== undefined) topologyCount++
    // A crash right behind the restore takes nothing of it.
    const restored = target.crash(random)
    const { problems } = await verifyDataFolder({
      disk: restored,
      path: '/data',
      isLocked: () => false,
    })
    assert.deepEqual(problems, [])
    const { files } = await inspectFolder(restored, '/data', manifest)
    const wal = files.filter(({ listed }) => listed.kind === 'wal')
    assert.equal(
      manifest.syncedThrough,
      Math.max(...wal.map(({ found }) => found?.lastSequence ?? 0)),
    )
    const opened = await openWorkloadStore(restored, new HastyClock())
    assert.ok(states.includes(await foundIn(opened)), 'what was restored never was')
    assert.equal(opened.store.epoch, (now - Date.UTC(2020, 0, 1)) / 1000 + 1)
    await opened.store.close()
  }
  await store.close()
  // Nothing that was kept for a backup is left.
  const again = await openWorkloadStore(disk, new HastyClock())
  assert.equal(await foundIn(again), work.confirmed.toString())
  await again.store.close()
}

const seedCount = Number(process.env['PABAL_BACKUP_SEEDS'] ?? 20)
const firstSeed = Number(process.env['PABAL_BACKUP_SEED'] ?? 1)

test(`a backup of a busy store is a state that it had (seeds ${firstSeed} on, ${seedCount} of them)`, async () => {
  for (let seed = firstSeed; seed < firstSeed + seedCount; seed++) {
    try {
      await backUpAndRestore(seed)
    } catch (error) {
      throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error })
    }
  }
  assert.ok(keptCount > seedCount && topologyCount > seedCount, `${keptCount} ${topologyCount}`)
})
