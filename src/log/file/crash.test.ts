// Random work on a disk that crashes at a random operation, again and again. After each crash the
// store must hold exactly the commits up to some commit that is not before the last confirmed one:
// nothing confirmed lost, no commit in half, nothing invented, order kept.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { applyModelEntry, LogModel } from '../../../test/support/log-model.ts'
import {
  contentOf,
  modelConverter,
  tinyLimits,
  Workload,
} from '../../../test/support/store-workload.ts'
import type { Clock } from '../../lib/clock.ts'
import { systemClock } from '../../lib/clock.ts'
import type { Random } from '../../lib/random.ts'
import { Turn } from '../../lib/turn.ts'
import { diskError, FaultDisk } from '../../testing/fault-disk.ts'
import { HastyClock } from '../../testing/hasty-clock.ts'
import { seededRandom } from '../../testing/seeded-random.ts'
import { findManifest } from './find-manifest.ts'
import { inspectFolder } from './inspect-folder.ts'
import { openFileLogStore } from './open-file-log-store.ts'
import { repairDataFolder } from './repair.ts'
import { verifyDataFolder } from './verify.ts'

function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}

/** The result of `work`, or undefined when the power went first: then it may never end. */
async function unless<T>(isDead: () => boolean, work: Promise<T>): Promise<T | undefined> {
  const results: T[] = []
  const working = work.then((value) => results.push(value))
  while (results.length === 0 && !isDead()) await Promise.race([working, turn()])
  return results[0]
}

function open(disk: FaultDisk, clock: Clock): ReturnType<typeof openFileLogStore> {
  return openFileLogStore({
    path: '/data',
    disk,
    clock,
    turn: new Turn(clock),
    durability: 'fsync',
    converter: modelConverter,
    random: seededRandom(1),
    limits: tinyLimits,
    events: {
      onTrouble: fail,
      onFailed: fail,
      onDamaged: (_log, _first, _last, error) => fail(error),
    },
  })
}

/** Nothing but the power, and some writes and syncs, may fail. */
let failure: Error | undefined
function fail(error: Error): void {
  if (!('code' in error && error.code === 'EIO')) failure ??= error
}

/** Long bodies say nothing: only their sizes are shown. */
function difference(found: string, candidates: readonly LogModel[]): string {
  const shorten = (text: string): string => text.replaceAll(/x+/g, (run) => `${run.length}`)
  return `found\n${shorten(found)}\nexpected\n${candidates.map((model) => shorten(String(model))).join('\nor\n')}`
}

interface State {
  /** What the store may hold now: up to the last confirmed commit, or some more. */
  readonly candidates: readonly LogModel[]
  readonly counter: number
  /** Some writes and syncs failed in the life that just ended. */
  readonly hadErrors: boolean
}

/** One life of a store: opens, checks what it finds, works until the power goes. */
async function live(disk: FaultDisk, random: Random, before: State): Promise<State> {
  const dies = 30 + random.below(400)
  let errorRate = 0
  disk.onOperation = (operation, path) => {
    if (operation === 'rename' && path.endsWith('.log')) reusedFileCount++
    if (operation === 'create' && path.endsWith('.spare')) filledFileCount++
    if (disk.operationCount >= dies) disk.stop()
    const mayFail = operation === 'write' || operation === 'sync' || operation === 'syncFolder'
    return mayFail && random.next() < errorRate ? diskError('EIO', path) : undefined
  }
  const isDead = (): boolean => disk.operationCount >= dies
  const clock = new HastyClock()
  const opened = await unless(isDead, open(disk, clock))
  if (opened === undefined) return { ...before, hadErrors: false }
  const { store, recovered } = opened
  const topology = new Map<string, string>()
  for (const { bytes } of recovered.topology) applyModelEntry(topology, bytes)
  const found = await unless(isDead, contentOf(store, topology, recovered.state))
  if (found === undefined) return { ...before, hadErrors: false }
  const text = found.toString()
  const same = before.candidates.find((candidate) => candidate.toString() === text)
  assert.ok(same !== undefined, difference(text, before.candidates))
  const work = new Workload({ random, store, model: same.copy(), counter: before.counter })
  if (random.next() < 0.3) errorRate = 0.02
  while (disk.operationCount < dies) {
    if (random.next() < 0.1) clock.tick()
    const steps = random.below(4)
    for (let n = 0; n < steps; n++) work.step()
    if (work.pending.length > 0 || random.next() < 0.3) await turn()
    if (steps === 0) work.step()
  }
  assert.equal(failure, undefined)
  const candidates = [work.confirmed.copy()]
  for (const { effects } of work.pending) {
    const next = candidates.at(-1)!.copy()
    for (const effect of effects) effect(next)
    candidates.push(next)
  }
  return { candidates, counter: work.counter, hadErrors: errorRate > 0 }
}

async function liveAndDie(random: Random): Promise<void> {
  let disk = new FaultDisk(systemClock)
  disk.capacity = 3_000_000
  let state: State = { candidates: [new LogModel()], counter: 0, hadErrors: false }
  for (let life = 0; life < 5; life++) {
    state = await live(disk, random, state)
    // Now and then it is only the process that dies, and somebody removes the manifest as well. After
    // a failed sync the system takes for written what it may never write, so nobody can rely on it.
    const isKilled = random.next() < 0.25 && !state.hadErrors
    if (isKilled) killCount++
    disk = isKilled ? disk.kill(random) : disk.crash(random)
    if (life % 2 === 0 || isKilled) await assertSound(disk.copy())
    if (isKilled) await loseManifest(disk)
  }
}

/** Whatever a crash leaves is no damage, and every message that is not acked is there. */
async function assertSound(disk: FaultDisk): Promise<void> {
  const { problems } = await verifyDataFolder({ disk, path: '/data', isLocked: () => false })
  const damages = problems.filter(({ severity }) => severity === 'damage')
  assert.deepEqual(damages, [])
  const manifest = await findManifest(disk, '/data')
  if (manifest.state !== 'whole') return
  if (manifest.content.topology !== undefined) topologyFileCount++
  const { contents } = await inspectFolder(disk, '/data', manifest.content)
  assert.deepEqual(contents.gaps(), [])
}

/** Whatever a killed process leaves has its manifest made again, without loss. */
async function loseManifest(disk: FaultDisk): Promise<void> {
  disk.remove('/data/MANIFEST')
  const options = { disk, path: '/data', isLocked: () => false, isDryRun: false }
  const { lost } = await repairDataFolder(options)
  assert.deepEqual(lost, [])
}

/** How often the WAL took a file that it had before, and how often one was written for it. */
let reusedFileCount = 0
let filledFileCount = 0
/** How often a crash left a topology file. */
let topologyFileCount = 0

/** How often only the process died. */
let killCount = 0

const seedCount = Number(process.env['PABAL_CRASH_SEEDS'] ?? 100)
const firstSeed = Number(process.env['PABAL_CRASH_SEED'] ?? 1)

test(`a store keeps every confirmed commit over crashes (seeds ${firstSeed} on, ${seedCount} of them)`, async () => {
  for (let seed = firstSeed; seed < firstSeed + seedCount; seed++) {
    try {
      await liveAndDie(seededRandom(seed))
    } catch (error) {
      throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error })
    }
  }
  assert.ok(reusedFileCount > filledFileCount && filledFileCount >= seedCount)
  assert.ok(topologyFileCount >= seedCount / 2 && killCount >= seedCount / 2)
})
