import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { test } from 'node:test'
import type { Directory, KnownCell, KnownNode } from '../cluster/directory.ts'
import { edgeLimits } from '../limits/link.ts'
import type { LinkResult } from '../server/node-link/node-links.ts'
import type { Preface } from '../server/node-link/preface.ts'
import { VirtualClock } from '../testing/virtual-clock.ts'
import { type OwnerRoute, OwnerRoutes } from './owner-routes.ts'
import type { ServedCell } from './served-cells.ts'

const said = { protocol: 'amqp', facts: { user: 'alice' } } as const

/** Two nodes, of which this is the first, and what it knows of cells. */
class NodeUnderTest {
  readonly clock = new VirtualClock()
  readonly served = new Map<number, ServedCell>()
  readonly asked: { readonly name: string; readonly preface: Preface }[] = []
  cells: KnownCell[] = []
  /** What the other node answers, the last one again and again. */
  answers: LinkResult[] = []
  refreshCount = 0
  /** When what others have done is known. */
  refreshed: Promise<void> = Promise.resolve()
  readonly self: KnownNode = knownNode(1, { isSelf: true })
  readonly other: KnownNode = knownNode(2)
  readonly #listeners = new Set<() => void>()
  readonly routes: OwnerRoutes

  constructor() {
    const { clock, self, other } = this
    const cells = (): KnownCell[] => this.cells
    const directory: Directory = {
      clusterId: 'test',
      self,
      nodes: [self, other],
      get cells() {
        return cells()
      },
      vhosts: new Map(),
      onChange: (listener) => {
        this.#listeners.add(listener)
        return () => void this.#listeners.delete(listener)
      },
      refresh: () => {
        this.refreshCount++
        return this.refreshed
      },
    }
    this.routes = new OwnerRoutes({
      directory,
      cells: { find: (cell) => this.served.get(cell), all: () => [...this.served.values()] },
      links: {
        connectTo: (target, preface) => {
          this.asked.push({ name: (target as KnownNode).name, preface })
          const [first, ...others] = this.answers
          if (others.length > 0) this.answers = others
          return Promise.resolve(first ?? refused('unreachable'))
        },
      },
      clock,
    })
  }

  get listenerCount(): number {
    return this.#listeners.size
  }

  tell(): void {
    for (const listener of this.#listeners) listener()
  }

  /** What becomes of a client while so much time passes; undefined while it still waits. */
  async find(
    numberOf: () => number | undefined,
    ms: number,
    everyStep: (elapsedMs: number) => void = () => undefined,
  ): Promise<{ route: OwnerRoute | undefined; ms: number }> {
    const begun = this.clock.monotonic()
    let route: OwnerRoute | undefined
    let endedAt = 0
    void this.routes.find(numberOf, said).then((found) => {
      route = found
      endedAt = this.clock.monotonic()
    })
    for (;;) {
      await new Promise(setImmediate)
      const elapsedMs = this.clock.monotonic() - begun
      if (route !== undefined || elapsedMs >= ms) return { route, ms: endedAt - begun }
      everyStep(elapsedMs)
      this.clock.advance(10)
    }
  }
}

function knownNode(node: number, changes: Partial<KnownNode> = {}): KnownNode {
  const state = { isSelf: false, isAlive: true, isStopped: false, isDraining: false }
  return {
    node,
    name: `n${node}`,
    incarnation: 1,
    ...state,
    version: '',
    addresses: {},
    ...changes,
  }
}

function knownCell(owner: KnownNode | undefined, changes: Partial<KnownCell> = {}): KnownCell {
  return { cell: 5, epoch: 3, isDown: false, owner, ...changes }
}

function refused(refusal: (LinkResult & { socket: undefined })['refusal']): LinkResult {
  return { socket: undefined, refusal, text: '' }
}

const socket = {} as Socket
const taken: LinkResult = { socket, epoch: 4 }
const { ownerMsMax, ownerLookMs, refreshMs, unknownMsMax } = edgeLimits

test('a cell that is open here is served here, whoever is thought to have it', async () => {
  const node = new NodeUnderTest()
  const served = { cell: 5, epoch: 4 } as ServedCell
  node.served.set(5, served)
  node.cells = [knownCell(node.other)]
  assert.deepEqual(await node.find(() => 5, 100), { route: { kind: 'here', served }, ms: 0 })
  assert.deepEqual([node.asked, node.refreshCount], [[], 0])
})

test('a cell of another node is reached there, with what is to be said of the client', async () => {
  const node = new NodeUnderTest()
  node.cells = [knownCell(node.other)]
  node.answers = [taken]
  const { route } = await node.find(() => 5, 100)
  assert.deepEqual(route, { kind: 'elsewhere', socket, cell: 5, epoch: 4, nodeName: 'n2' })
  assert.deepEqual(node.asked, [{ name: 'n2', preface: { ...said, cell: 5, from: 'n1' } }])
})

test('who says that it is not the owner is asked again after a look', async () => {
  const node = new NodeUnderTest()
  node.cells = [knownCell(node.other)]
  node.answers = [refused('not-owner'), refused('unreachable'), taken]
  const { route, ms } = await node.find(() => 5, ownerMsMax)
  assert.equal(route?.kind, 'elsewhere')
  assert.equal(ms, 2 * ownerLookMs)
  assert.equal(node.refreshCount, 1)
})

test('a change of the directory ends the wait before its time', async () => {
  const node = new NodeUnderTest()
  node.cells = [knownCell(undefined)]
  node.answers = [taken]
  const { route, ms } = await node.find(
    () => 5,
    ownerMsMax,
    (elapsedMs) => {
      if (elapsedMs !== 20) return
      node.cells = [knownCell(node.other)]
      node.tell()
    },
  )
  assert.equal(route?.kind, 'elsewhere')
  assert.ok(ms < ownerLookMs, `it took ${ms} ms`)
  assert.equal(node.listenerCount, 0)
})

test('a cell that opens here while a client waits is found', async () => {
  const node = new NodeUnderTest()
  node.cells = [knownCell(node.self)]
  const served = { cell: 5, epoch: 4 } as ServedCell
  const { route } = await node.find(
    () => 5,
    ownerMsMax,
    (elapsedMs) => void (elapsedMs === 500 && node.served.set(5, served)),
  )
  assert.deepEqual(route, { kind: 'here', served })
  assert.deepEqual(node.asked, [])
})

test('nobody asks a dead owner, and a client waits no longer than it may', async () => {
  const node = new NodeUnderTest()
  node.cells = [knownCell({ ...node.other, isAlive: false })]
  const { route, ms } = await node.find(() => 5, 2 * ownerMsMax)
  assert.deepEqual(route, { kind: 'down' })
  assert.ok(ms >= ownerMsMax && ms <= ownerMsMax + ownerLookMs, `it took ${ms} ms`)
  assert.deepEqual([node.asked, node.listenerCount], [[], 0])
})

test('a cell that is down keeps nobody waiting', async () => {
  const node = new NodeUnderTest()
  node.cells = [knownCell(undefined, { isDown: true })]
  assert.deepEqual(await node.find(() => 5, 100), { route: { kind: 'down' }, ms: 0 })
})

test('a node without memory for it is asked once', async () => {
  const node = new NodeUnderTest()
  node.cells = [knownCell(node.other)]
  node.answers = [refused('no-memory')]
  assert.deepEqual((await node.find(() => 5, 100)).route, { kind: 'no-memory' })
  assert.equal(node.asked.length, 1)
})

test('a virtual host that nobody knows of is looked for once', async () => {
  const node = new NodeUnderTest()
  node.cells = [knownCell(node.other)]
  node.answers = [taken]
  const unknown = await node.find(() => undefined, ownerMsMax)
  assert.deepEqual(unknown, { route: { kind: 'no-cell' }, ms: 0 })
  assert.equal(node.refreshCount, 1)
  let number: number | undefined
  node.refreshed = Promise.resolve().then(() => void (number = 5))
  const late = await node.find(() => number, ownerMsMax)
  assert.equal(late.route?.kind, 'elsewhere')
})

test('a virtual host that nobody knows of is not there when PostgreSQL does not answer', async () => {
  const node = new NodeUnderTest()
  node.refreshed = new Promise(() => undefined)
  const { route, ms } = await node.find(() => undefined, ownerMsMax)
  assert.deepEqual([route, ms], [{ kind: 'no-cell' }, unknownMsMax])
})

test('however many clients wait, PostgreSQL is asked for all of them at once', async () => {
  const node = new NodeUnderTest()
  node.cells = [knownCell(undefined)]
  for (let count = 0; count < 100; count++) void node.routes.find(() => 5, said)
  await node.find(() => 5, ownerMsMax / 2)
  assert.ok(
    node.refreshCount <= ownerMsMax / 2 / refreshMs + 1,
    `it looked ${node.refreshCount} times`,
  )
})

test('a link is old once somebody is known to have taken the cell since', () => {
  const node = new NodeUnderTest()
  const isCurrent = (epoch: number): boolean => node.routes.isCurrent({ cell: 5, epoch })
  assert.equal(isCurrent(1), true)
  node.cells = [knownCell(node.other)]
  assert.deepEqual([2, 3, 4].map(isCurrent), [false, true, true])
})
