import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkCluster, type ClusterFacts } from './check-cluster.ts'

const well: ClusterFacts = {
  is_cluster: true,
  nodes: [
    { name: 'n1', state: 'alive' },
    { name: 'n2', state: 'alive' },
    { name: 'n3', state: 'stopped' },
  ],
  cells: [
    { cell: 0, state: 'served' },
    { cell: 1, state: 'served' },
  ],
  postgres: { has_standby: true },
  objects: { failing: false },
}

function lines(facts: Partial<ClusterFacts>): string[] {
  return checkCluster({ ...well, ...facts }).map(
    ({ level, check, found }) => `${level} ${check}: ${found}`,
  )
}

test('a cluster that is well is told in four lines, and a broker alone in none', () => {
  assert.deepEqual(lines({}), [
    'ok nodes: 2 alive, 1 stopped',
    'ok cells: 2, all served',
    'ok postgres: has a synchronous standby',
    'ok objects: the store works',
  ])
  assert.deepEqual(lines({ is_cluster: false }), [])
})

test('nodes that are gone or frozen are named', () => {
  const [alive, gone] = [well.nodes[0]!, { name: 'n2', state: 'gone' }]
  assert.equal(lines({ nodes: [alive, gone] })[0], 'warn nodes: gone: n2')
  assert.equal(lines({ missing: ['node n2'] })[0], 'warn nodes: no answer: node n2')
  const frozen = { name: 'n3', state: 'frozen' }
  assert.equal(lines({ nodes: [alive, gone, frozen] })[0], 'fail nodes: frozen: n3')
})

test('cells that nobody serves are a failure', () => {
  const unowned = { cell: 4, state: 'unowned' }
  assert.equal(lines({ cells: [...well.cells, unowned] })[1], 'fail cells: without a node: 4')
  const down = { cell: 7, state: 'down' }
  assert.equal(lines({ cells: [unowned, down] })[1], 'fail cells: down: 7')
})

test('stores that promise less, or fail, are told', () => {
  assert.equal(
    lines({ postgres: { has_standby: false } })[2],
    'warn postgres: no synchronous standby: what is confirmed is on one machine',
  )
  assert.equal(lines({ postgres: { has_standby: null } }).length, 3)
  assert.equal(lines({ objects: { failing: true } })[3], 'fail objects: requests to the store fail')
})
