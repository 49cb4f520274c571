// Where the nodes of a topology stand.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  crossingsOf,
  laneId,
  type Layout,
  type LayoutEdge,
  type LayoutNode,
  layOut,
  nodeSize,
  spread,
} from './layout.ts'

const node = (id: string): LayoutNode => ({ id, kind: id.split(':')[0] ?? '' })
const bound = (from: string, to: string): LayoutEdge => ({ from, to, kind: 'binding' })

interface Graph {
  readonly nodes: LayoutNode[]
  readonly edges: LayoutEdge[]
}

/** Exchanges, each with queues of its own and some that others lead to as well, and readers. */
function graphOf(exchanges: number, queues: number, seed = 1): Graph {
  let state = seed
  const below = (count: number): number => {
    state = (state * 1103515245 + 12345) % 2147483648
    return state % count
  }
  const nodes = [
    ...Array.from({ length: exchanges }, (_, index) => node(`exchange:x${index}`)),
    ...Array.from({ length: queues }, (_, index) => node(`queue:q${index}`)),
    ...Array.from({ length: Math.ceil(queues / 3) }, (_, index) => node(`client:c${index}`)),
  ]
  const edges: LayoutEdge[] = []
  for (let index = 0; index < queues; index++) {
    edges.push(bound(`exchange:x${below(exchanges)}`, `queue:q${index}`))
    if (below(5) === 0) edges.push(bound(`exchange:x${below(exchanges)}`, `queue:q${index}`))
    edges.push({ from: `queue:q${index}`, to: `client:c${Math.floor(index / 3)}`, kind: 'read' })
  }
  return { nodes, edges }
}

function expectApart({ places }: Layout): void {
  const all = [...places]
  for (const [index, [id, a]] of all.entries()) {
    for (const [other, b] of all.slice(index + 1)) {
      const isBeside = Math.abs(a.x - b.x) >= nodeSize.width
      assert.ok(isBeside || Math.abs(a.y - b.y) >= nodeSize.height, `${id} lies on ${other}`)
    }
  }
}

test('nothing lies on anything else, however many there are', () => {
  for (const [exchanges, queues] of [
    [0, 0],
    [1, 1],
    [3, 12],
    [20, 60],
    [80, 220],
  ] as const) {
    const { nodes, edges } = graphOf(exchanges, queues)
    const layout = layOut(nodes, edges)
    assert.equal(layout.places.size, nodes.length)
    expectApart(layout)
    for (const { x, y } of layout.places.values()) {
      assert.ok(x >= 0 && y >= 0 && x + nodeSize.width <= layout.width)
      assert.ok(y + nodeSize.height <= layout.height)
    }
  }
})

test('messages go from the left to the right, through as many exchanges as there are', () => {
  const layout = layOut(
    ['exchange:in', 'exchange:orders', 'exchange:alone', 'queue:new', 'client:shop'].map(node),
    [
      bound('exchange:in', 'exchange:orders'),
      bound('exchange:orders', 'queue:new'),
      bound('exchange:alone', 'queue:new'),
      { from: 'queue:new', to: 'client:shop', kind: 'read' },
      // Back, and round: neither moves a column.
      { from: 'queue:new', to: 'exchange:in', kind: 'dead_letter' },
      bound('exchange:orders', 'exchange:in'),
    ],
  )
  const columnOf = (id: string): number | undefined => layout.places.get(id)?.column
  assert.deepEqual(
    ['exchange:in', 'exchange:orders', 'exchange:alone', 'queue:new', 'client:shop'].map(columnOf),
    [0, 1, 1, 2, 3],
  )
})

test('a queue with a source stands behind its topic', () => {
  const { places } = layOut(
    [node('topic:events'), node('queue:all')],
    [{ from: 'topic:events', to: 'queue:all', kind: 'source' }],
  )
  assert.ok((places.get('topic:events')?.x ?? 0) < (places.get('queue:all')?.x ?? 0))
})

test('edges that need not cross do not', () => {
  const nodes = ['a', 'b', 'c', 'd'].flatMap((name) => [
    node(`exchange:${name}`),
    node(`queue:${name}`),
  ])
  // One queue for all, so that they hang together.
  nodes.push(node('queue:all'))
  const edges = ['d', 'b', 'a', 'c'].flatMap((name, index, names) => [
    bound(`exchange:${name}`, `queue:${names[(index + 2) % 4]}`),
    bound(`exchange:${name}`, 'queue:all'),
  ])
  const { places } = layOut(nodes, edges)
  const ys = new Map([...places].map(([id, { y }]) => [id, y]))
  const columns = new Map([...places].map(([id, { column }]) => [id, column]))
  const own = edges.filter(({ to }) => to !== 'queue:all')
  assert.equal(crossingsOf(own, ys, columns), 0)
})

test('the same things stand where they stood, whatever order they come in', () => {
  const { nodes, edges } = graphOf(12, 50)
  const first = layOut(nodes, edges)
  const again = layOut(nodes.toReversed(), edges.toReversed(), { before: first })
  assert.deepEqual(again.places, first.places)
})

test('what comes leaves the order of what was there', () => {
  const { nodes, edges } = graphOf(12, 50)
  const first = layOut(nodes, edges)
  const added = layOut(
    [...nodes, node('queue:new')],
    [...edges, bound('exchange:x3', 'queue:new')],
    { before: first },
  )
  const inColumn = ({ places }: Layout, column: number): string[] =>
    [...places]
      .filter(([id, place]) => place.column === column && id !== 'queue:new')
      .toSorted(([, a], [, b]) => a.part - b.part || a.y - b.y)
      .map(([id]) => id)
  for (const column of [0, 1, 2]) assert.deepEqual(inColumn(added, column), inColumn(first, column))
  expectApart(added)
})

test('an edge that passes a column has a lane there, which no node lies on', () => {
  const nodes = ['exchange:a', 'exchange:b', 'exchange:c', 'queue:q', 'queue:r'].map(node)
  const edges = [
    bound('exchange:a', 'exchange:b'),
    bound('exchange:a', 'exchange:c'),
    bound('exchange:a', 'queue:q'),
    bound('exchange:b', 'queue:q'),
    bound('exchange:c', 'queue:r'),
  ]
  const { lanes, places } = layOut(nodes, edges)
  const lane = lanes.get(laneId('exchange:a', 1))
  assert.ok(lane !== undefined)
  for (const id of ['exchange:b', 'exchange:c']) {
    const { y = 0 } = places.get(id) ?? {}
    assert.ok(lane.y < y || lane.y > y + nodeSize.height, id)
  }
})

test('places are as near to the wanted ones as their order lets them', () => {
  assert.deepEqual(spread([0, 100, 200], [0, 10, 20]), [0, 100, 200])
  assert.deepEqual(spread([50, 50, 50], [0, 10, 20]), [40, 50, 60])
  assert.deepEqual(spread([30, 0], [0, 10]), [10, 20])
  assert.deepEqual(spread([], []), [])
})
