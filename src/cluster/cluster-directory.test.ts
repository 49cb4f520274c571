import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CellRow, NodeRow } from '../log/cluster/ownership/observation.ts'
import { VirtualClock } from '../testing/virtual-clock.ts'
import { ClusterDirectory } from './cluster-directory.ts'

const self = { node: 1, incarnation: 4 }

class DirectoryUnderTest {
  readonly clock = new VirtualClock()
  readonly vhosts = new Map([['/', 0]])
  refreshCount = 0
  toldCount = 0
  readonly directory = new ClusterDirectory({
    clusterId: 'cluster',
    self,
    name: 'n1',
    clock: this.clock,
    version: '1.2.3',
    vhosts: () => this.vhosts,
    refresh: () => {
      this.refreshCount++
      return Promise.resolve()
    },
  })

  constructor() {
    this.directory.onChange(() => void this.toldCount++)
  }

  /** A heartbeat's look; `alive` are the nodes that are not dead. */
  see(nodes: readonly NodeRow[], cells: readonly CellRow[], alive: readonly number[]): void {
    const observation = { nodes, cells }
    const look = { observation, sharedVersion: 1, sentAt: 0, seenAt: 0 }
    this.directory.onSeen({ look, living: nodes.filter(({ node }) => alive.includes(node)) })
    this.clock.endTurn()
  }
}

function nodeRow(node: number, changes: Partial<NodeRow> = {}): NodeRow {
  const info = JSON.stringify({ version: '1.2.4', pid: 7, addresses: { link: addressOf(node) } })
  const incarnation = node === self.node ? self.incarnation : 1
  const name = `n${node}`
  return { node, name, incarnation, heartbeat: 1, isDraining: false, address: '', info, ...changes }
}

function addressOf(node: number): { host: string; port: number } {
  return { host: `host${node}`, port: 25_672 }
}

function cellRow(cell: number, owner: CellRow['owner'], changes: Partial<CellRow> = {}): CellRow {
  return { cell, epoch: 3, owner, isDown: false, ...changes }
}

test('before the first look a node knows of itself', () => {
  const { directory } = new DirectoryUnderTest()
  assert.deepEqual(directory.nodes, [directory.self])
  const { name, isSelf, isAlive, version, addresses } = directory.self
  assert.deepEqual([name, isSelf, isAlive, version, addresses], ['n1', true, true, '1.2.3', {}])
  assert.deepEqual([directory.cells, directory.clusterId], [[], 'cluster'])
})

test('a look shows nodes with their addresses, and cells with their owners', () => {
  const under = new DirectoryUnderTest()
  const { directory } = under
  under.see(
    [nodeRow(1), nodeRow(2, { isDraining: true })],
    [cellRow(0, self), cellRow(1, { node: 2, incarnation: 1 })],
    [1, 2],
  )
  const [own, other] = directory.nodes
  assert.deepEqual(own, directory.self)
  assert.deepEqual(other, {
    node: 2,
    name: 'n2',
    incarnation: 1,
    isSelf: false,
    isAlive: true,
    isStopped: false,
    isDraining: true,
    version: '1.2.4',
    addresses: { link: addressOf(2) },
  })
  assert.deepEqual(
    directory.cells.map(({ cell, epoch, owner }) => [cell, epoch, owner?.name]),
    [
      [0, 3, 'n1'],
      [1, 3, 'n2'],
    ],
  )
})

test('a node that has stopped is there no more, and is not taken for lost', () => {
  const under = new DirectoryUnderTest()
  const info = JSON.stringify({ version: '1.2.4', isStopped: true })
  under.see([nodeRow(1), nodeRow(2, { info, isDraining: true })], [], [1, 2])
  const { isAlive, isStopped, version } = under.directory.nodes[1]!
  assert.deepEqual([isAlive, isStopped, version], [false, true, '1.2.4'])
})

test('a node that was seen alive is gone since a look, until it is seen again', () => {
  const under = new DirectoryUnderTest()
  const { directory, clock } = under
  const rows = [nodeRow(1), nodeRow(2), nodeRow(3)]
  const goneAt = (): unknown => directory.nodes.map((node) => node.goneAt)
  under.see(rows, [], [1, 2])
  assert.deepEqual(goneAt(), [undefined, undefined, undefined])
  clock.advance(5000)
  const lost = clock.monotonic()
  for (let look = 0; look < 2; look++) {
    under.see(rows, [], [1])
    assert.deepEqual(goneAt(), [undefined, lost, undefined])
    clock.advance(1000)
  }
  under.see(rows, [], [1, 2])
  assert.deepEqual(goneAt(), [undefined, undefined, undefined])
})

test('what a node says of itself counts before its row does', () => {
  const under = new DirectoryUnderTest()
  const { directory } = under
  const own = { link: { host: 'localhost', port: 1 } }
  directory.onAddresses(own)
  under.see([nodeRow(1, { info: '{}' })], [], [1])
  assert.deepEqual([directory.self.addresses, directory.self.version], [own, '1.2.3'])
})

test('a cell has no owner while its node is dead, was started again or is not known', () => {
  const under = new DirectoryUnderTest()
  const { directory } = under
  const cells = [
    cellRow(0, { node: 2, incarnation: 1 }),
    cellRow(1, { node: 3, incarnation: 1 }),
    cellRow(2, { node: 9, incarnation: 1 }),
    cellRow(3, undefined, { isDown: true }),
  ]
  under.see([nodeRow(1), nodeRow(2), nodeRow(3, { incarnation: 2 })], cells, [1, 3])
  assert.deepEqual(
    directory.cells.map(({ owner }) => owner),
    [undefined, undefined, undefined, undefined],
  )
  assert.equal(directory.nodes[1]?.isAlive, false)
  assert.equal(directory.cells[3]?.isDown, true)
})

test('a node that says things in another way is there without them', () => {
  const under = new DirectoryUnderTest()
  const { directory } = under
  const odd = ['', 'null', '[]', '{}']
  under.see([nodeRow(1), ...odd.map((info, index) => nodeRow(index + 2, { info }))], [], [1])
  assert.deepEqual(
    directory.nodes.slice(1).map(({ version, addresses }) => [version, addresses]),
    [
      ['', {}],
      ['', {}],
      ['', {}],
      ['', {}],
    ],
  )
})

test('listeners are told of changes, once a turn, and of nothing else', () => {
  const under = new DirectoryUnderTest()
  const { directory, clock } = under
  under.see([nodeRow(1)], [], [1])
  assert.equal(under.toldCount, 1)
  // Heartbeats alone are no news.
  under.see([nodeRow(1, { heartbeat: 2 })], [], [1])
  assert.equal(under.toldCount, 1)
  directory.tell()
  directory.tell()
  clock.endTurn()
  assert.equal(under.toldCount, 2)
  under.see([nodeRow(1)], [cellRow(0, self)], [1])
  under.see([nodeRow(1)], [cellRow(0, self, { epoch: 4 })], [1])
  assert.equal(under.toldCount, 4)
})

test('who has stopped listening is told nothing more, even in the same turn', () => {
  const { directory, clock } = new DirectoryUnderTest()
  const told: string[] = []
  const stops: (() => void)[] = []
  for (const name of ['first', 'second']) {
    const stop = directory.onChange(() => {
      told.push(name)
      for (const each of stops) each()
    })
    stops.push(stop)
  }
  directory.tell()
  clock.endTurn()
  assert.deepEqual(told, ['first'])
})

test('whoever finds it old makes the node look', () => {
  const under = new DirectoryUnderTest()
  void under.directory.refresh()
  assert.equal(under.refreshCount, 1)
  assert.deepEqual([...under.directory.vhosts], [['/', 0]])
})
