// What looks alike is drawn as one.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TopologyEdgeJson, TopologyNodeJson } from '../../../src/admin/v1/topology-json.ts'
import { fold } from './fold.ts'

function node(id: string, changed: Partial<TopologyNodeJson> = {}): TopologyNodeJson {
  const [kind = '', name = ''] = id.split(':')
  const nothing = { in: 0, out: 0, messages: 0, ready: 0, consumers: 0, unroutable: 0, delayed: 0 }
  return {
    ...nothing,
    id,
    kind: kind as TopologyNodeJson['kind'],
    name,
    type: '',
    flags: [],
    hidden: 0,
    ...changed,
  }
}

function edge(from: string, to: string): TopologyEdgeJson {
  const nothing = { count: 1, bindings: [], routing_key: null, rate: null, lag: null }
  return { ...nothing, kind: 'binding', from, to }
}

const queues = Array.from({ length: 40 }, (_, index) => `queue:q${index}`)
const edges = queues.map((id) => edge('exchange:x', id))
const nodes = [node('exchange:x'), ...queues.map((id) => node(id))]

test('of many alike a few are drawn, and how many there are beside', () => {
  const { nodes: drawn, edges: lines } = fold(nodes, edges, new Set())
  assert.equal(drawn.length, 8)
  const folded = drawn.at(-1)
  assert.ok(folded?.kind === 'folded')
  assert.equal(folded.members.length, 34)
  assert.equal(lines.length, 7)
  assert.equal(lines.filter(({ to }) => to === folded.id).length, 1)
  const open = fold(nodes, edges, new Set([folded.id]))
  assert.equal(open.nodes.length, 41)
})

test('what has trouble, and what was asked for, is drawn for itself', () => {
  const troubled = nodes.map((each) =>
    each.id === 'queue:q33' ? node(each.id, { messages: 5, flags: ['no_consumers'] }) : each,
  )
  const { nodes: drawn } = fold(troubled, edges, new Set(['queue:q39']))
  const ids = drawn.map(({ id }) => id)
  assert.ok(ids.includes('queue:q33') && ids.includes('queue:q39'))
})

test('what differs by one edge, and few of a kind, are not folded', () => {
  const few = nodes.slice(0, 9)
  assert.equal(fold(few, edges, new Set()).nodes.length, 9)
  const other = fold(nodes, [...edges, edge('exchange:y', 'queue:q20')], new Set())
  assert.ok(other.nodes.some(({ id }) => id === 'queue:q20'))
})
