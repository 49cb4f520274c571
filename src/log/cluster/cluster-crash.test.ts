// Random work on a cell whose owner dies, or is taken for dead and goes on, at a random operation of the database
// or of the store of objects, again and again. Each next owner must hold exactly the commits up to some commit that
// is not before the last confirmed one, and an earlier owner confirms nothing that it does not hold.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { applyModelEntry, LogModel } from '../../../test/support/log-model.ts'
import {
  contentOf,
  modelConverter,
  tinyLimits,
  Workload,
} from '../../../test/support/store-workload.ts'
import { systemClock } from '../../lib/clock.ts'
import type { Random } from '../../lib/random.ts'
import { Turn } from '../../lib/turn.ts'
import { FaultDisk } from '../../testing/fault-disk.ts'
import { HastyClock } from '../../testing/hasty-clock.ts'
import { MemoryCell, type MemoryOwner } from '../../testing/memory-cell.ts'
import { seededRandom } from '../../testing/seeded-random.ts'
import { diskErrorKind } from '../file/disk-error.ts'
import { findManifest } from '../file/find-manifest.ts'
import { inspectFolder } from '../file/inspect-folder.ts'
import { openFileLogStore, type OpenedFileLogStore } from '../file/open-file-log-store.ts'
import { verifyDataFolder } from '../file/verify.ts'
import type { LogError } from '../log-error.ts'
import { type ClusterDisk, openClusterDisk } from './cluster-disk.ts'

const root = 'cell 1'

/** An owner of the cell as the test sees it. */
interface Life {
  readonly owner: MemoryOwner
  readonly clock: HastyClock
  readonly work: Workload
  /** Commits that were confirmed since the candidates were taken. */
  confirmedCount: number
  failure: LogError | undefined
}

interface State {
  /** What the cell may hold now: up to the last confirmed commit, or some more. */
  readonly candidates: readonly LogModel[]
  readonly counter: number
  /** Who had the cell before, and may not know that it is over. */
  readonly before: Life | undefined
}

function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}

/** The result of `work`, or undefined when the owner went first: then it may never end. */
async function unless<T>(isOver: () => boolean, work: Promise<T>): Promise<T | undefined> {
  const results: T[] = []
  let problem: Error | undefined
  work.then(
    (value) => results.push(value),
    (error: Error) => (problem = error),
  )
  while (results.length === 0 && !isOver()) {
    if (problem !== undefined) throw problem
    await turn()
  }
  return results[0]
}

async function openDisk(owner: MemoryOwner): Promise<ClusterDisk> {
  const { table, reader, writer } = owner
  // Another machine each time: nothing of what an owner had there is left.
  const local = { disk: new FaultDisk(systemClock), path: '/cache' }
  return openClusterDisk({ table, reader, writer, local, root })
}

async function openStore(
  owner: MemoryOwner,
  clock: HastyClock,
  onFailed: (error: LogError) => void,
): Promise<OpenedFileLogStore> {
  const disk = await openDisk(owner)
  return openFileLogStore({
    path: root,
    disk,
    local: { disk: new FaultDisk(systemClock), path: '/cache' },
    clock,
    turn: new Turn(clock),
    durability: 'fsync',
    converter: modelConverter,
    random: seededRandom(1),
    limits: tinyLimits,
    events: {
      onTrouble: (error) => {
        if (diskErrorKind(error) !== 'fenced') onFailed(error as LogError)
      },
      onFailed: (error) => onFailed(error as LogError),
      onDamaged: (_log, _first, _last, error) => onFailed(error as LogError),
    },
  })
}

let zombieCount = 0
let fencedCount = 0

/** One owner: claims, checks what it finds, works until its time is over. */
async function live(cell: MemoryCell, random: Random, before: State): Promise<State> {
  const owner = cell.claim()
  const clock = new HastyClock()
  const end = cell.operationCount + 20 + random.below(250)
  const isOver = (): boolean => cell.operationCount >= end
  const life: Partial<Life> & { confirmedCount: number; failure: LogError | undefined } = {
    owner,
    clock,
    confirmedCount: 0,
    failure: undefined,
  }
  const opened = await unless(
    isOver,
    openStore(owner, clock, (error) => (life.failure ??= error)),
  )
  if (opened === undefined) return dieEarly({ owner, clock }, before)
  const { store, recovered } = opened
  const topology = new Map<string, string>()
  for (const { bytes } of recovered.topology) applyModelEntry(topology, bytes)
  const found = await unless(isOver, contentOf(store, topology, recovered.state))
  if (found === undefined) return dieEarly({ owner, clock }, before)
  const held = before.candidates.findIndex((each) => each.toString() === found.toString())
  assert.notEqual(
    held,
    -1,
    `found\n${String(found)}\nexpected\n${before.candidates.map(String).join('\nor\n')}`,
  )
  await endOf(before.before, held, cell)
  const model = before.candidates[held]!.copy()
  const work = new Workload({ random, store, model, counter: before.counter })
  while (!isOver()) {
    if (random.next() < 0.1) clock.tick()
    const steps = random.below(4)
    for (let n = 0; n < steps; n++) work.step()
    if (work.pending.length > 0 || random.next() < 0.3) await turn()
    if (steps === 0) work.step()
  }
  assert.equal(life.failure, undefined)
  const candidates = [work.confirmed.copy()]
  for (const { effects } of work.pending) {
    const next = candidates.at(-1)!.copy()
    for (const effect of effects) effect(next)
    candidates.push(next)
  }
  work.onConfirmed = () => life.confirmedCount++
  const alive = { ...life, work } as Life
  Object.defineProperty(alive, 'confirmedCount', { get: () => life.confirmedCount })
  Object.defineProperty(alive, 'failure', { get: () => life.failure })
  return leave({ owner, clock }, random, { candidates, counter: work.counter, before: alive })
}

function dieEarly(life: Pick<Life, 'owner' | 'clock'>, state: State): State {
  die(life)
  return state
}

/** Dies, or is left behind as one that does not know that it is over. */
function leave(
  { owner, clock }: Pick<Life, 'owner' | 'clock'>,
  random: Random,
  state: State,
): State {
  if (random.next() < 0.5) {
    die({ owner, clock })
    return { ...state, before: state.before?.owner === owner ? undefined : state.before }
  }
  zombieCount++
  return state
}

/** Whoever had the cell before learns that it is over, and has confirmed no more than was found. */
async function endOf(before: Life | undefined, held: number, cell: MemoryCell): Promise<void> {
  if (before === undefined) return
  const epoch = cell.epoch
  before.work.step()
  for (let n = 0; n < 200 && before.failure === undefined; n++) {
    before.work.step()
    before.clock.tick()
    await turn()
  }
  assert.equal(before.failure?.code, 'fenced', String(before.failure))
  fencedCount++
  assert.ok(before.confirmedCount <= held, `${before.confirmedCount} confirmed, ${held} held`)
  assert.equal(cell.epoch, epoch)
  die(before)
}

function die({ owner, clock }: Pick<Life, 'owner' | 'clock'>): void {
  owner.isDead = true
  clock.stop()
}

/** What is left is no damage, every message that is not acked is there, and every object that is named. */
async function assertSound(cell: MemoryCell): Promise<void> {
  const disk = await openDisk(cell.claim())
  const { problems } = await verifyDataFolder({ disk, path: root, isLocked: () => false })
  const damages = problems.filter(({ severity }) => severity === 'damage')
  assert.deepEqual(damages, [])
  const manifest = await findManifest(disk, root)
  if (manifest.state !== 'whole') return
  const { contents } = await inspectFolder(disk, root, manifest.content)
  assert.deepEqual(contents.gaps(), [])
  for (const { key } of cell.finished.values()) assert.ok(cell.objects.has(key), key)
}

async function liveAndDie(random: Random): Promise<void> {
  const delayMs = random.below(3)
  const cell = new MemoryCell({ clock: new HastyClock(), random, delayMs })
  let state: State = { candidates: [new LogModel()], counter: 0, before: undefined }
  for (let life = 0; life < 6; life++) {
    state = await live(cell, random, state)
    if (random.next() < 0.3) {
      // Whoever looks raises the epoch, so that an earlier owner is over.
      await assertSound(cell)
    }
  }
  if (state.before !== undefined) die(state.before)
}

const seedCount = Number(process.env['PABAL_CRASH_SEEDS'] ?? 15)
const firstSeed = Number(process.env['PABAL_CRASH_SEED'] ?? 1)

test(`a cell keeps every confirmed commit over its owners (seeds ${firstSeed} on, ${seedCount} of them)`, async () => {
  for (let seed = firstSeed; seed < firstSeed + seedCount; seed++) {
    try {
      await liveAndDie(seededRandom(seed))
    } catch (error) {
      throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error })
    }
  }
  assert.ok(zombieCount >= seedCount && fencedCount >= seedCount / 4)
})
