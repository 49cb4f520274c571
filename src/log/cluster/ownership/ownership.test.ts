import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Random } from '../../../lib/random.ts'
import { seededRandom } from '../../../testing/seeded-random.ts'
import { VirtualClock } from '../../../testing/virtual-clock.ts'
import type { CellRow, Incarnation, NodeRow } from './observation.ts'
import { Ownership } from './ownership.ts'
import type { Vacancy } from './takeover.ts'

/** PostgreSQL's rows of nodes and cells, with the conditions of their statements. */
class Rows {
  readonly nodes: NodeRow[] = []
  readonly cells: CellRow[]

  constructor(cellCount: number) {
    const empty = { epoch: 0, owner: undefined, isDown: false }
    this.cells = Array.from({ length: cellCount }, (_, cell) => ({ cell, ...empty }))
  }

  join(name: string): Incarnation {
    const node = this.nodes.findIndex((row) => row.name === name)
    const incarnation = (this.nodes[node]?.incarnation ?? 0) + 1
    const place = node < 0 ? this.nodes.length : node
    const rest = { heartbeat: 0, isDraining: false, address: '', info: '' }
    this.nodes[place] = { node: place, name, incarnation, ...rest }
    return { node: place, incarnation }
  }

  update(node: number, change: Partial<NodeRow>): void {
    const row = this.nodes[node]
    if (row) this.nodes[node] = { ...row, ...change }
  }

  claim({ cell, epoch, witness }: Vacancy, owner: Incarnation): number | undefined {
    const row = this.cells[cell]
    if (row?.epoch !== epoch) return undefined
    if (witness && this.nodes[witness.node]?.heartbeat !== witness.heartbeat) return undefined
    this.cells[cell] = { ...row, epoch: epoch + 1, owner }
    return epoch + 1
  }

  release(cell: number, epoch: number): void {
    const row = this.cells[cell]
    if (row?.epoch === epoch) this.cells[cell] = { ...row, epoch: epoch + 1, owner: undefined }
  }
}

/** A node whose messages to PostgreSQL take their time, and which is stopped now and then. */
class SimulatedNode {
  readonly held = new Map<number, number>()
  readonly self: Incarnation
  readonly #ownership: Ownership
  readonly #world: World
  isStopped = false
  isCut = false
  #isBeating = false

  constructor(world: World, name: string) {
    this.#world = world
    this.self = world.rows.join(name)
    this.#ownership = new Ownership(this.self, ({ info }) => info !== 'less')
    world.clock.every(1000, () => this.#beat())
  }

  serves(cell: number): boolean {
    const { clock } = this.#world
    return !this.isStopped && this.held.has(cell) && clock.monotonic() < this.#ownership.leaseEndsAt
  }

  #beat(): void {
    if (this.isStopped || this.isCut || this.#isBeating) return
    this.#isBeating = true
    const { rows, clock } = this.#world
    const sentAt = clock.monotonic()
    this.#world.later(() => {
      const heartbeat = (rows.nodes[this.self.node]?.heartbeat ?? 0) + 1
      rows.update(this.self.node, { heartbeat })
      this.#world.later(() => {
        const observation = { nodes: [...rows.nodes], cells: [...rows.cells] }
        this.#answer(() => {
          this.#isBeating = false
          this.#act({ observation, sentAt, seenAt: clock.monotonic() })
        })
      })
    })
  }

  #act(look: Parameters<Ownership['onLook']>[0]): void {
    const { rows } = this.#world
    const plan = this.#ownership.onLook(look, this.held)
    for (const cell of plan.losses) this.held.delete(cell)
    for (const cell of plan.releases) {
      const epoch = this.held.get(cell) ?? 0
      this.held.delete(cell)
      this.#world.later(() => rows.release(cell, epoch))
    }
    for (const vacancy of plan.claims) {
      this.#world.later(() => {
        const epoch = rows.claim(vacancy, this.self)
        this.#answer(() => {
          if (epoch !== undefined) this.held.set(vacancy.cell, epoch)
        })
      })
    }
  }

  /** A stopped node hears of it when it goes on. */
  #answer(hear: () => void): void {
    this.#world.later(() => {
      if (this.isStopped) this.#answer(hear)
      else hear()
    })
  }
}

class World {
  readonly clock = new VirtualClock()
  readonly rows: Rows
  readonly #random: Random

  constructor(random: Random, cellCount: number) {
    this.#random = random
    this.rows = new Rows(cellCount)
  }

  later(act: () => void): void {
    this.clock.after(this.#random.next() * 150, act)
  }
}

/** Steps of 50 ms; in the first minute something happens to a node every five seconds or so. */
function live(
  world: World,
  nodes: readonly SimulatedNode[],
  random: Random,
  check: () => void,
): void {
  for (let step = 0; step < 1600; step += 1) {
    world.clock.advance(50)
    check()
    if (step < 1200 && random.next() < 0.01) trouble(nodes[random.below(nodes.length)], random)
    if (step === 1200)
      for (const node of nodes) Object.assign(node, { isStopped: false, isCut: false })
  }
}

function trouble(node: SimulatedNode | undefined, random: Random): void {
  if (!node) return
  if (random.next() < 0.5) node.isStopped = !node.isStopped
  else node.isCut = !node.isCut
}

test('at no moment do two nodes serve a cell; when all is well, each cell is served and shares are equal', () => {
  for (let seed = 0; seed < 60; seed += 1) {
    const random = seededRandom(seed)
    const world = new World(random, 6)
    const nodes = ['a', 'b', 'c'].map((name) => new SimulatedNode(world, name))
    live(world, nodes, random, () => {
      for (const { cell } of world.rows.cells) {
        const serving = nodes.filter((node) => node.serves(cell)).length
        assert.ok(
          serving <= 1,
          `seed ${seed}, ${world.clock.monotonic()} ms: two serve cell ${cell}`,
        )
      }
    })
    assert.deepEqual(
      nodes.map(({ held }) => held.size),
      [2, 2, 2],
      `seed ${seed}`,
    )
    for (const { cell } of world.rows.cells) assert.ok(nodes.some((node) => node.serves(cell)))
  }
})

test('a node that drains gives its cells away, a few at a time', () => {
  const world = new World(seededRandom(1), 12)
  const nodes = ['a', 'b'].map((name) => new SimulatedNode(world, name))
  world.clock.advance(10_000)
  assert.deepEqual(
    nodes.map(({ held }) => held.size),
    [6, 6],
  )
  world.rows.update(0, { isDraining: true })
  world.clock.advance(1500)
  assert.ok((nodes[0]?.held.size ?? 0) >= 2, 'not all at once')
  world.clock.advance(8000)
  assert.deepEqual(
    nodes.map(({ held }) => held.size),
    [0, 12],
  )
})

test('the cells of a node that died are served again within seconds', () => {
  const world = new World(seededRandom(3), 12)
  const nodes = ['a', 'b', 'c'].map((name) => new SimulatedNode(world, name))
  world.clock.advance(10_000)
  const [dead, ...others] = nodes
  assert.ok(dead)
  dead.isStopped = true
  world.clock.advance(8000)
  assert.equal(
    others.reduce((sum, { held }) => sum + held.size, 0),
    12,
  )
})

test('a node that serves less than others has no cell, unless it is the last one', () => {
  const world = new World(seededRandom(5), 6)
  const nodes = ['a', 'b', 'c'].map((name) => new SimulatedNode(world, name))
  const held = (): number[] => nodes.map((node) => node.held.size)
  world.rows.update(2, { info: 'less' })
  world.clock.advance(10_000)
  assert.deepEqual(held(), [3, 3, 0])
  for (const node of [0, 1]) world.rows.update(node, { isDraining: true })
  world.clock.advance(8000)
  assert.deepEqual(held(), [0, 0, 6], 'the others drain')
  world.rows.update(0, { isDraining: false })
  world.clock.advance(8000)
  assert.deepEqual(held(), [6, 0, 0], 'one has come back')
  for (const node of [0, 1, 2]) world.rows.update(node, { isDraining: false, info: 'less' })
  world.clock.advance(8000)
  assert.deepEqual(held(), [2, 2, 2], 'all are alike')
})

test('a node that starts again at once while others join leaves no cell without an owner', () => {
  const world = new World(seededRandom(4), 12)
  const alone = new SimulatedNode(world, 'a')
  world.clock.advance(10_000)
  assert.equal(alone.held.size, 12)
  // Others hear of it again before it looks dead to them, and it has more than its share by then.
  alone.isStopped = true
  const nodes = ['a', 'b', 'c'].map((name) => new SimulatedNode(world, name))
  world.clock.advance(30_000)
  assert.deepEqual(
    nodes.map(({ held }) => held.size),
    [4, 4, 4],
  )
})

test('who joins while a node is gone gets its share as soon as others give it', () => {
  for (let seed = 0; seed < 20; seed += 1) {
    const world = new World(seededRandom(seed), 12)
    const nodes = ['a', 'b', 'gone', 'c'].map((name) => new SimulatedNode(world, name))
    world.clock.advance(10_000)
    Object.assign(nodes[2] ?? {}, { isStopped: true })
    world.clock.advance(20_000)
    nodes.push(new SimulatedNode(world, 'd'))
    const away = new Map<number, number>()
    for (let ms = 0; ms < 15_000; ms += 50) {
      world.clock.advance(50)
      for (const { cell, owner } of world.rows.cells) {
        away.set(cell, owner === undefined ? (away.get(cell) ?? 0) + 50 : 0)
        const lost = away.get(cell) ?? 0
        assert.ok(lost < 3500, `seed ${seed}: nobody has cell ${cell} for ${lost} ms`)
      }
    }
    assert.deepEqual(
      nodes.map(({ held }) => held.size),
      [3, 3, 3, 3, 3].with(2, nodes[2]?.held.size ?? 0),
      `seed ${seed}`,
    )
  }
})
