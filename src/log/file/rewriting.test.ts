// Logs are written anew again and again, between appends, trims and cleaning, on a disk whose power goes at a
// random operation. What is read must be all of the old or all of the new, and what was confirmed.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLogWithCursor } from '../../../test/support/log-engines.ts'
import { plainBatch } from '../../../test/support/plain-batch.ts'
import { tinyLimits } from '../../../test/support/store-workload.ts'
import { systemClock } from '../../lib/clock.ts'
import type { Random } from '../../lib/random.ts'
import { Turn } from '../../lib/turn.ts'
import { batchHeaderSize, setBatchPlace } from '../../record/batch/batch-header.ts'
import { FaultDisk } from '../../testing/fault-disk.ts'
import { HastyClock } from '../../testing/hasty-clock.ts'
import { seededRandom } from '../../testing/seeded-random.ts'
import type { LogRewriting, RewrittenRun } from '../log-rewriting.ts'
import type { Log } from '../log.ts'
import type { Run } from '../run.ts'
import type { FileLogStore } from './file-log-store.ts'
import { openFileLogStore } from './open-file-log-store.ts'
import { repairDataFolder } from './repair.ts'
import { verifyDataFolder } from './verify.ts'

const recordCount = 3
const logCount = 3

/** Base offset → body, of each log. */
type Content = readonly Map<number, string>[]

interface Expected {
  /** What the next start may find: of what was written anew all before or all after. */
  candidates: Content[]
  /** Confirmed beyond that. */
  ends: number[]
  counter: number
}

async function open(disk: FaultDisk, clock: HastyClock): Promise<FileLogStore> {
  const { store } = await openFileLogStore({
    path: '/data',
    disk,
    clock,
    turn: new Turn(clock),
    durability: 'fsync',
    random: seededRandom(1),
    limits: tinyLimits,
    events: {
      onTrouble: (error) => assert.fail(error),
      onDamaged: (_log, _first, _last, error) => assert.fail(error),
    },
  })
  store.setTopologySource(() => [])
  return store
}

const logsOf = (store: FileLogStore): Log[] =>
  [...store.logs.values()].toSorted((a, b) => a.id - b.id)

async function contentOf(store: FileLogStore): Promise<Content> {
  const content: Map<number, string>[] = []
  for (const log of logsOf(store)) {
    const bodies = new Map<number, string>()
    for (let at = log.floor; at < log.durableEnd;) {
      const runs = await store.readRuns(log, at, 1)
      if (runs.length === 0) break
      for (const run of runs) {
        bodies.set(run.baseOffset, run.bytes().toString('latin1', batchHeaderSize))
        assert.equal(run.lastOffset, run.baseOffset + recordCount - 1)
        at = run.lastOffset + 1
        run.release()
      }
    }
    content.push(bodies)
  }
  return content
}

/** What is left of a run, by its offset and how often all was written anew. */
function rewrite(run: Run, generation: number): RewrittenRun {
  const choice = (run.baseOffset / recordCount + generation) % 4
  if (choice === 0) return { kind: 'gone' }
  if (choice === 1) return { kind: 'whole' }
  const body = run.bytes().toString('latin1', batchHeaderSize)
  const bytes = plainBatch({ recordCount, body: shorter(body) })
  setBatchPlace(bytes, run.baseOffset, 1)
  return { kind: 'batch', bytes }
}

const shorter = (body: string): string => body.slice(0, Math.max(8, body.length - 20))

function rewritten(
  bodies: ReadonlyMap<number, string>,
  end: number,
  generation: number,
): Map<number, string> {
  const left = new Map<number, string>()
  for (const [offset, body] of bodies) {
    const choice = (offset / recordCount + generation) % 4
    if (offset >= end || choice === 1) left.set(offset, body)
    else if (choice !== 0) left.set(offset, shorter(body))
  }
  return left
}

class Life {
  readonly #random: Random
  readonly #store: FileLogStore
  readonly #logs: Log[]
  readonly #expected: Expected
  /** As it is in memory. */
  #now: Map<number, string>[]
  #isRewriting = false
  rewriteCount = 0

  constructor(options: {
    random: Random
    store: FileLogStore
    found: Content
    expected: Expected
  }) {
    this.#random = options.random
    this.#store = options.store
    this.#logs = logsOf(options.store)
    this.#expected = options.expected
    this.#now = options.found.map((bodies) => new Map(bodies))
    this.#expected.candidates = [options.found]
    this.#expected.ends = this.#logs.map(({ durableEnd }) => durableEnd)
  }

  step(): void {
    const which = this.#random.below(logCount)
    const log = this.#logs[which]!
    if (this.#random.next() < 0.1) return void this.#rewriteSome()
    const size = 50 + this.#random.below(400)
    const body = `${which} ${this.#expected.counter++} `.padEnd(size, 'x')
    this.#store.beginAtom()
    const offset = log.appendBatch(plainBatch({ recordCount, body }))
    const ticket = this.#store.endAtom()
    this.#now[which]!.set(offset, body)
    for (const candidate of this.#expected.candidates) candidate[which]!.set(offset, body)
    ticket?.whenDurable(() => (this.#expected.ends[which] = log.durableEnd))
  }

  async #rewriteSome(): Promise<void> {
    if (this.#isRewriting) return
    this.#isRewriting = true
    const rewriting = this.#store.openRewriting()
    const generation = this.#random.below(100)
    const chosen = this.#logs.map(() => this.#random.next() < 0.6)
    const rewrittenEnds = this.#logs.map(({ durableEnd, floor }, which) => {
      const span = Math.floor((durableEnd - floor) / recordCount)
      return chosen[which] ? floor + this.#random.below(span + 1) * recordCount : 0
    })
    await this.#add(rewriting, rewrittenEnds, generation)
    const before = this.#now
    // From here on either may be found, with what is appended meanwhile.
    const after = before.map((bodies, which) =>
      rewritten(bodies, rewrittenEnds[which]!, generation),
    )
    this.#expected.candidates = [before, after]
    await rewriting.commit()
    this.#now = after
    this.#expected.candidates = [after]
    this.rewriteCount++
    const ends = this.#logs.map(({ durableEnd }) => durableEnd)
    const found = await contentOf(this.#store)
    assert.ok(
      isPossible(found, { candidates: [after], ends }),
      `found ${show(found)}\nexpected ${show(after)}`,
    )
    this.#isRewriting = false
  }

  async #add(rewriting: LogRewriting, ends: number[], generation: number): Promise<void> {
    for (const [which, end] of ends.entries()) {
      if (end === 0) continue
      await rewriting.add(this.#logs[which]!, end, {
        rewrite: (runs) => Promise.resolve(runs.map((run) => rewrite(run, generation))),
      })
    }
  }
}

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))

async function unless<T>(isDead: () => boolean, work: Promise<T>): Promise<T | undefined> {
  const results: T[] = []
  const working = work.then((value) => results.push(value))
  while (results.length === 0 && !isDead()) await Promise.race([working, turn()])
  return results[0]
}

/** Whether what was found is one of what may be, up to the confirmed ends or beyond. */
function isPossible(found: Content, { candidates, ends }: Omit<Expected, 'counter'>): boolean {
  return candidates.some((candidate) =>
    candidate.every((bodies, which) => {
      const foundBodies = found[which]!
      for (const [offset, body] of foundBodies) if (bodies.get(offset) !== body) return false
      for (const offset of bodies.keys()) {
        if (offset < ends[which]! && !foundBodies.has(offset)) return false
      }
      return true
    }),
  )
}

async function live(disk: FaultDisk, random: Random, expected: Expected): Promise<number> {
  const dies = 30 + random.below(400)
  disk.onOperation = () => {
    if (disk.operationCount >= dies) disk.stop()
    return undefined
  }
  const isDead = (): boolean => disk.operationCount >= dies
  const clock = new HastyClock()
  const store = await unless(isDead, open(disk, clock))
  if (store === undefined) return 0
  if (store.logs.size < logCount) {
    store.beginAtom()
    while (store.logs.size < logCount) createLogWithCursor(store)
    const ticket = store.endAtom()
    await unless(isDead, new Promise<void>((resolve) => ticket?.whenDurable(resolve)))
  }
  const found = await unless(isDead, contentOf(store))
  if (found === undefined || found.length < logCount) return 0
  assert.ok(
    isPossible(found, expected),
    `found ${show(found)}\nexpected ${expected.candidates.map(show).join('\nor ')}`,
  )
  const life = new Life({ random, store, found, expected })
  while (!isDead()) {
    if (random.next() < 0.1) clock.tick()
    for (let n = random.below(4); n > 0; n--) life.step()
    await turn()
  }
  return life.rewriteCount
}

function show(content: Content): string {
  const texts = content.map((bodies) =>
    [...bodies].map(([at, body]) => `${at}:${body.length}`).join(' '),
  )
  return texts.join(' | ')
}

const seedCount = Number(process.env['PABAL_REWRITING_SEEDS'] ?? 3)
const firstSeed = Number(process.env['PABAL_REWRITING_SEED'] ?? 1)

test(`logs that are written anew are old or new after a crash (${seedCount} seeds)`, async () => {
  let rewriteCount = 0
  for (let seed = firstSeed; seed < firstSeed + seedCount; seed++) {
    const random = seededRandom(seed)
    const empty = (): Content => Array.from({ length: logCount }, () => new Map<number, string>())
    const expected: Expected = { candidates: [empty()], ends: [0, 0, 0], counter: 0 }
    let disk = new FaultDisk(systemClock)
    disk.capacity = 5_000_000
    try {
      for (let life = 0; life < 5; life++) {
        rewriteCount += await live(disk, random, expected)
        disk = disk.crash(random)
        const sound = { disk: disk.copy(), path: '/data', isLocked: () => false }
        const { problems } = await verifyDataFolder(sound)
        assert.deepEqual(
          problems.filter(({ severity }) => severity === 'damage'),
          [],
        )
      }
      await withoutManifest(disk.copy())
    } catch (error) {
      throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error })
    }
  }
  assert.ok(rewriteCount > seedCount, `${rewriteCount} times`)
})

/** What a folder holds of which the manifest is made again is at least what it was; more may come back. */
async function withoutManifest(disk: FaultDisk): Promise<void> {
  const clock = new HastyClock()
  const before = await open(disk, clock)
  const expected = await contentOf(before)
  await before.close()
  disk.remove('/data/MANIFEST')
  const { lost } = await repairDataFolder({
    disk,
    path: '/data',
    isLocked: () => false,
    isDryRun: false,
  })
  assert.deepEqual(lost, [])
  const store = await open(disk, clock)
  const found = await contentOf(store)
  for (const [which, bodies] of expected.entries()) {
    for (const [offset, body] of bodies) {
      const foundBody = found[which]?.get(offset)
      assert.ok(foundBody === body || foundBody?.startsWith(body.trimEnd()), `${which} ${offset}`)
    }
  }
  await store.close()
}
