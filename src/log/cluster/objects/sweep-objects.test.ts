import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Random } from '../../../lib/random.ts'
import { MemoryObjects } from '../../../testing/memory-objects.ts'
import { seededRandom } from '../../../testing/seeded-random.ts'
import { VirtualClock } from '../../../testing/virtual-clock.ts'
import { objectKey, type ObjectWriter } from './object-key.ts'
import { bufferSource } from './object-source.ts'
import {
  type OrphanMarks,
  sweepObjects,
  type SweepOptions,
  type SweepResult,
} from './sweep-objects.ts'

const hourMs = 3_600_000
const graceMs = 24 * hourMs
const freshMs = hourMs
const owner = { cell: 3, epoch: 17 }

class Sweeping {
  readonly clock = new VirtualClock()
  readonly store = new MemoryObjects({ clock: this.clock })
  readonly names = new Set<string>()
  readonly inFlight = new Set<string>()
  readonly random = seededRandom(5)
  marks: OrphanMarks = new Map()
  isOwner = true

  async put(writer: ObjectWriter = owner, name = 'wal'): Promise<string> {
    const key = objectKey(writer, name, this.random)
    await this.store.put(key, bufferSource(Buffer.from(key)))
    return key
  }

  async sweep(options: Partial<SweepOptions> = {}): Promise<SweepResult> {
    const result = await sweepObjects({
      objects: this.store,
      owner,
      readNames: () => Promise.resolve(new Set(this.names)),
      isInFlight: (key) => this.inFlight.has(key),
      isStillOwner: () => Promise.resolve(this.isOwner),
      marks: this.marks,
      graceMs,
      freshMs,
      ...options,
    })
    this.marks = result.marks
    return result
  }
}

test('what nobody names goes once it has been seen so for the grace', async () => {
  const cell = new Sweeping()
  const key = await cell.put()
  cell.clock.advance(freshMs)
  assert.deepEqual((await cell.sweep()).deleted, [])
  cell.clock.advance(graceMs - 1)
  assert.deepEqual((await cell.sweep()).deleted, [])
  cell.clock.advance(1)
  assert.deepEqual((await cell.sweep()).deleted, [key])
  assert.deepEqual(cell.store.keys, [])
  assert.equal(cell.marks.size, 0)
})

test('what was named until lately stays for the grace, however old it is', async () => {
  const cell = new Sweeping()
  const key = await cell.put()
  cell.names.add(key)
  cell.clock.advance(30 * graceMs)
  await cell.sweep()
  cell.names.delete(key)
  await cell.sweep()
  cell.clock.advance(graceMs - 1)
  await cell.sweep()
  assert.deepEqual(cell.store.keys, [key])
  // PostgreSQL was restored: it has its name again, and all its time when it loses it once more.
  cell.names.add(key)
  await cell.sweep()
  cell.names.delete(key)
  cell.clock.advance(1)
  await cell.sweep()
  assert.deepEqual(cell.store.keys, [key])
  cell.clock.advance(graceMs)
  await cell.sweep()
  assert.deepEqual(cell.store.keys, [])
})

test('what is named, under way, fresh, a later owner’s or no object of the cell stays', async () => {
  const cell = new Sweeping()
  const named = await cell.put()
  cell.names.add(named)
  const inFlight = await cell.put()
  cell.inFlight.add(inFlight)
  const later = await cell.put({ cell: 3, epoch: 18 })
  const other = await cell.put({ cell: 30, epoch: 1 })
  await cell.store.put('c3/README', bufferSource(Buffer.from('somebody’s')))
  const old = await cell.put({ cell: 3, epoch: 2 })
  cell.clock.advance(100 * graceMs)
  const fresh = await cell.put()
  const freshOld = await cell.put({ cell: 3, epoch: 16 })
  const { deleted } = await cell.sweep({ graceMs: 0 })
  assert.deepEqual(deleted, [old])
  const left = [named, inFlight, later, other, 'c3/README', fresh, freshOld]
  assert.deepEqual(cell.store.keys, left.toSorted())
})

test('an object that gets its name during the pass stays, without any grace', async () => {
  const cell = new Sweeping()
  const key = await cell.put()
  cell.inFlight.add(key)
  const readNames = (): Promise<ReadonlySet<string>> => {
    const names = new Set(cell.names)
    cell.names.add(key)
    cell.inFlight.delete(key)
    return Promise.resolve(names)
  }
  assert.deepEqual((await cell.sweep({ readNames, graceMs: 0, freshMs: 0 })).deleted, [])
  assert.deepEqual((await cell.sweep({ graceMs: 0, freshMs: 0 })).deleted, [])
})

test('who is not the owner any more deletes nothing', async () => {
  const cell = new Sweeping()
  const key = await cell.put()
  cell.clock.advance(freshMs)
  cell.isOwner = false
  assert.deepEqual((await cell.sweep({ graceMs: 0 })).deleted, [])
  assert.deepEqual(cell.store.keys, [key])
})

test('passes are bounded and go on where the one before ended', async () => {
  const cell = new Sweeping()
  for (let index = 0; index < 25; index++) await cell.put()
  cell.clock.advance(freshMs)
  const sizes: (readonly [number, number])[] = []
  let after: string | undefined
  do {
    const result = await cell.sweep({ graceMs: 0, listedMax: 10, deletedMax: 4, after })
    sizes.push([result.listed, result.deleted.length])
    after = result.next
  } while (after !== undefined)
  assert.deepEqual(cell.store.keys, [])
  for (const [listed, deleted] of sizes) assert.ok(listed <= 10 && deleted <= 4)
})

test('marks of what is gone are forgotten', async () => {
  const cell = new Sweeping()
  const key = await cell.put()
  cell.clock.advance(freshMs)
  await cell.sweep()
  assert.deepEqual([...cell.marks.keys()], [key])
  await cell.store.delete([key])
  await cell.sweep()
  assert.equal(cell.marks.size, 0)
})

/** Anything that may happen to a cell, many times over, in an order that depends on the seed. */
class Chaos {
  readonly cell = new Sweeping()
  readonly #random: Random
  readonly #seed: number
  #after: string | undefined

  constructor(seed: number) {
    this.#random = seededRandom(seed)
    this.#seed = seed
  }

  async step(): Promise<void> {
    const { clock, names, inFlight } = this.cell
    clock.advance(this.#random.below(graceMs / 4))
    switch (this.#random.below(5)) {
      case 0:
        inFlight.add(await this.cell.put())
        return
      case 1:
        this.#takeFrom(inFlight, (key) => names.add(key))
        return
      case 2:
        this.#takeFrom(names)
        return
      case 3:
        // Its owner crashed before it named it.
        this.#takeFrom(inFlight)
        return
      default:
        await this.#sweep()
    }
  }

  #takeFrom(keys: Set<string>, use: (key: string) => void = () => undefined): void {
    const key = [...keys][this.#random.below(keys.size)]
    if (key === undefined) return
    use(key)
    keys.delete(key)
  }

  async #sweep(): Promise<void> {
    const { names, inFlight } = this.cell
    const bounds = { after: this.#after, listedMax: 10, deletedMax: 3 }
    const result = await this.cell.sweep(bounds)
    this.#after = result.next
    for (const key of result.deleted) {
      assert.ok(!names.has(key) && !inFlight.has(key), `seed ${this.#seed}`)
    }
  }
}

test('whatever happens in whatever order, nothing that is named or under way is deleted', async () => {
  for (let seed = 1; seed <= 30; seed++) {
    const chaos = new Chaos(seed)
    const { cell } = chaos
    for (let step = 0; step < 200; step++) await chaos.step()
    for (const key of [...cell.names, ...cell.inFlight]) {
      assert.ok(cell.store.contentOf(key) !== undefined, `seed ${seed}`)
    }
    // In the end only those are left.
    for (let pass = 0; pass < 3; pass++) {
      cell.clock.advance(graceMs)
      await cell.sweep()
    }
    assert.deepEqual(cell.store.keys, [...cell.names, ...cell.inFlight].toSorted())
  }
})
