// Random work on a cell whose owner dies, or is taken for dead and goes on, at any moment, again and again, while
// answers of the database are lost and the store of objects is slow, fails, cuts answers short and says that what it
// has is not there. Each next owner must hold exactly the commits up to some commit that is not before the last
// confirmed one, and an earlier owner confirms nothing that it does not hold.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CellOwner, cellRoot } from '../../../test/support/cell-owner.ts'
import { applyModelEntry, LogModel } from '../../../test/support/log-model.ts'
import {
  contentOf,
  modelConverter,
  tinyLimits,
  Workload,
} from '../../../test/support/store-workload.ts'
import type { Random } from '../../lib/random.ts'
import { Turn } from '../../lib/turn.ts'
import { HastyClock } from '../../testing/hasty-clock.ts'
import { MemoryCells } from '../../testing/memory-cells.ts'
import { MemoryObjects, seededFates } from '../../testing/memory-objects.ts'
import { seededRandom } from '../../testing/seeded-random.ts'
import { VirtualClock } from '../../testing/virtual-clock.ts'
import { diskErrorKind } from '../file/disk-error.ts'
import { findManifest } from '../file/find-manifest.ts'
import { inspectFolder } from '../file/inspect-folder.ts'
import { openFileLogStore, type OpenedFileLogStore } from '../file/open-file-log-store.ts'
import { verifyDataFolder } from '../file/verify.ts'
import type { LogError } from '../log-error.ts'

/** How far the database and the store of objects get in a turn: some turns for an answer. */
const turnMs = 20

/** What all owners share. */
class World {
  readonly random: Random
  readonly objects: MemoryObjects
  readonly #clock = new VirtualClock()
  readonly #cells: MemoryCells

  constructor(random: Random) {
    this.random = random
    const clock = this.#clock
    const delays = { delayMsMax: random.below(4) * turnMs, lostMsMax: 10 * turnMs }
    const lostShare = random.next() * 0.2
    this.#cells = new MemoryCells({ clock, random, ...delays, lostShare })
    this.objects = new MemoryObjects({ clock, onRequest: seededFates(random, random.next() * 0.4) })
  }

  /** The next owner; those before can change nothing from now on. Every object that has a name is there. */
  async claim(): Promise<CellOwner> {
    const { random, objects } = this
    const table = this.#cells.claim(1)
    for (const { key } of (await this.settled(table.finishedFiles())).values()) {
      assert.ok(objects.contentOf(key), `${key} is named and not there`)
    }
    const isCaching = random.next() < 0.5
    return CellOwner.open({ table, objects, clock: this.#clock, random, isCaching })
  }

  /** What was asked of the database and the store of objects so far. */
  get operationCount(): number {
    return this.#cells.statementCount + this.objects.requestCount
  }

  async turn(): Promise<void> {
    await new Promise<void>((resolve) => {
      setImmediate(resolve)
    })
    this.#clock.advance(turnMs)
  }

  /** The result of `work`, or undefined when the owner went first: then it may never end. */
  async unless<T>(isOver: () => boolean, work: Promise<T>): Promise<T | undefined> {
    const results: T[] = []
    let problem: Error | undefined
    work.then(
      (value) => results.push(value),
      (error: Error) => (problem = error),
    )
    while (results.length === 0 && !isOver()) {
      if (problem !== undefined) throw problem
      await this.turn()
    }
    return results[0]
  }

  async settled<T>(work: Promise<T>): Promise<T> {
    return (await this.unless(() => false, work)) as T
  }
}

/** An owner of the cell as the test sees it. */
interface Life {
  readonly owner: CellOwner
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

async function openStore(
  owner: CellOwner,
  clock: HastyClock,
  onFailed: (error: LogError) => void,
): Promise<OpenedFileLogStore> {
  return openFileLogStore({
    path: cellRoot,
    disk: await owner.openDisk(),
    local: owner.files.local,
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
async function live(world: World, before: State): Promise<State> {
  const { random } = world
  const owner = await world.claim()
  const clock = new HastyClock()
  const end = world.operationCount + 20 + random.below(250)
  const isOver = (): boolean => world.operationCount >= end
  const life: Pick<Life, 'confirmedCount' | 'failure'> = { confirmedCount: 0, failure: undefined }
  const onFailed = (error: LogError): void => void (life.failure ??= error)
  const opened = await world.unless(isOver, openStore(owner, clock, onFailed))
  if (opened === undefined) return dieEarly({ owner, clock }, before)
  const { store, recovered } = opened
  const topology = new Map<string, string>()
  for (const { bytes } of recovered.topology) applyModelEntry(topology, bytes)
  const found = await world.unless(isOver, contentOf(store, topology, recovered.state))
  if (found === undefined) return dieEarly({ owner, clock }, before)
  const held = before.candidates.findIndex((each) => each.toString() === found.toString())
  assert.notEqual(
    held,
    -1,
    `found\n${String(found)}\nexpected\n${before.candidates.map(String).join('\nor\n')}`,
  )
  await endOf(before.before, held, world)
  const model = before.candidates[held]!.copy()
  const work = new Workload({ random, store, model, counter: before.counter })
  while (!isOver()) await workOn(work, world, clock)
  assert.equal(life.failure, undefined)
  work.onConfirmed = () => life.confirmedCount++
  const alive: Life = Object.assign(life, { owner, clock, work })
  return leave(alive, random, { candidates: candidatesOf(work), counter: work.counter })
}

async function workOn(work: Workload, world: World, clock: HastyClock): Promise<void> {
  const { random } = world
  if (random.next() < 0.1) clock.tick()
  const steps = random.below(4)
  for (let n = 0; n < steps; n++) work.step()
  if (work.pending.length > 0 || random.next() < 0.3) await world.turn()
  if (steps === 0) work.step()
}

function candidatesOf(work: Workload): readonly LogModel[] {
  const candidates = [work.confirmed.copy()]
  for (const { effects } of work.pending) {
    const next = candidates.at(-1)!.copy()
    for (const effect of effects) effect(next)
    candidates.push(next)
  }
  return candidates
}

function dieEarly(life: Pick<Life, 'owner' | 'clock'>, state: State): State {
  die(life)
  return state
}

/** Dies, or is left behind as one that does not know that it is over. */
function leave(life: Life, random: Random, state: Omit<State, 'before'>): State {
  if (random.next() < 0.5) {
    die(life)
    return { ...state, before: undefined }
  }
  zombieCount++
  return { ...state, before: life }
}

/** Whoever had the cell before learns that it is over, and has confirmed no more than was found. */
async function endOf(before: Life | undefined, held: number, world: World): Promise<void> {
  if (before === undefined) return
  for (let n = 0; n < 500 && before.failure === undefined; n++) {
    before.work.step()
    before.clock.tick()
    await world.turn()
  }
  assert.equal(before.failure?.code, 'fenced', String(before.failure))
  fencedCount++
  assert.ok(before.confirmedCount <= held, `${before.confirmedCount} confirmed, ${held} held`)
  die(before)
}

function die({ owner, clock }: Pick<Life, 'owner' | 'clock'>): void {
  owner.die()
  clock.stop()
}

/** What is left is no damage, and every message that is not acked is there. */
async function assertSound(world: World): Promise<void> {
  const owner = await world.claim()
  const disk = await world.settled(owner.openDisk())
  const verified = verifyDataFolder({ disk, path: cellRoot, isLocked: () => false })
  const { problems } = await world.settled(verified)
  const damages = problems.filter(({ severity }) => severity === 'damage')
  assert.deepEqual(damages, [])
  const manifest = await world.settled(findManifest(disk, cellRoot))
  if (manifest.state === 'whole') {
    const { contents } = await world.settled(inspectFolder(disk, cellRoot, manifest.content))
    assert.deepEqual(contents.gaps(), [])
  }
  owner.die()
}

async function liveAndDie(random: Random): Promise<void> {
  const world = new World(random)
  let state: State = { candidates: [new LogModel()], counter: 0, before: undefined }
  for (let life = 0; life < 6; life++) {
    state = await live(world, state)
    // Whoever looks raises the epoch, so that an earlier owner is over.
    if (random.next() < 0.3) await assertSound(world)
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
