import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HastyClock } from '../../testing/hasty-clock.ts'
import { MemoryCells } from '../../testing/memory-cells.ts'
import { MemoryObjects } from '../../testing/memory-objects.ts'
import { seededRandom } from '../../testing/seeded-random.ts'
import { decodeManifest, emptyManifest, encodeManifest } from '../file/manifest.ts'
import { CellEpochs } from './cell-epochs.ts'
import type { CellTable } from './cell-table.ts'
import { bufferSource } from './objects/object-source.ts'
import { patientObjects } from './objects/patient-objects.ts'
import { RequestPatience } from './objects/request-patience.ts'

const cell = 0
const self = { node: 1, incarnation: 1 }

/** A cell whose database may be restored, with its objects. */
class World {
  readonly clock = new HastyClock()
  readonly objects: MemoryObjects = new MemoryObjects({ clock: this.clock })
  readonly told: string[] = []
  readonly #random = seededRandom(1)
  readonly #cells = new MemoryCells({ clock: this.clock, random: this.#random })
  readonly #patience = new RequestPatience({ clock: this.clock, random: this.#random })
  /** As the database has it. */
  epoch = 0
  readonly epochs = new CellEpochs({
    objects: patientObjects(this.objects, this.#patience),
    clock: this.clock,
    random: this.#random,
    onRestored: (...what) => this.told.push(what.join(' ')),
  })

  claim(): Promise<CellTable | undefined> {
    const vacancy = { cell, epoch: this.epoch, reason: 'free', witness: undefined } as const
    const claimCell = async (_: unknown, __: unknown, epochMin = 0): Promise<CellTable> => {
      this.epoch = Math.max(this.epoch + 1, epochMin)
      const table = this.#cells.claim(cell)
      // Its own epoch counts claims; the one that matters here is the database's.
      return new Proxy(table, {
        get: (target, name) => {
          if (name === 'epoch') return this.epoch
          const value: unknown = Reflect.get(target, name, target)
          return typeof value === 'function' ? value.bind(target) : value
        },
      })
    }
    return this.epochs.claim({ claimCell }, vacancy, self)
  }

  /** An owner that does all that it should. */
  async own(): Promise<CellTable> {
    const table = await this.claim()
    assert.ok(table)
    await this.epochs.settle(cell, table)
    return table
  }

  async leaderEpoch(table: CellTable): Promise<number | undefined> {
    const bytes = await table.readManifest()
    return bytes && decodeManifest(bytes)?.epoch
  }
}

test('owners one after the other have the database’s epochs, and one mark stays', async () => {
  const world = new World()
  for (let n = 0; n < 5; n++) await world.own()
  assert.equal(world.epoch, 5)
  assert.deepEqual(world.told, [])
  assert.match(world.objects.keys.join(), /^c0\/epochs\/e5-[0-9a-f]+$/)
})

test('after a restore epochs go on above both, whoever is stopped meanwhile', async () => {
  const world = new World()
  const table = await world.own()
  await table.readManifest()
  await table.replaceManifest(encodeManifest({ ...emptyManifest, epoch: 7 }))
  for (let n = 0; n < 3; n++) await world.own()
  await world.objects.put('c0/orphans/e4-aa', bufferSource(Buffer.from('{}')))
  world.epoch = 1
  // It claims, and gets no further.
  const stopped = await world.claim()
  assert.equal(stopped?.epoch, 5)
  const next = await world.own()
  assert.equal(next.epoch, 6)
  assert.deepEqual(world.told, ['0 1 4'])
  assert.ok(((await world.leaderEpoch(next)) ?? 0) > 100_000_000)
  assert.match(world.objects.keys.join(), /^c0\/epochs\/e6-[0-9a-f]+$/)
  // It is over: the epoch of leaders stays.
  const raised = await world.leaderEpoch(next)
  assert.equal(await world.leaderEpoch(await world.own()), raised)
})

test('a cell whose objects cannot be asked is not claimed', async () => {
  const world = new World()
  await world.own()
  world.objects.onRequest = () => ({ end: 'fail' })
  await assert.rejects(world.claim(), /list c0\/epochs\/: 503/)
  assert.equal(world.epoch, 1)
})
