import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ClusterJson } from '../../../src/admin/v1/cluster-json.ts'
import { cellsInWords, clusterSentence } from './cluster-words.ts'

test('cells are told in runs', () => {
  assert.equal(cellsInWords([]), 'none')
  assert.equal(cellsInWords([4]), '4')
  assert.equal(cellsInWords([0, 1, 2, 5, 7, 8]), '0–2, 5, 7, 8')
})

test('the worst is said first', () => {
  const node = { name: 'n', state: 'alive' }
  const cell = { cell: 0, state: 'served' }
  const say = (nodes: object[], cells: object[]): string =>
    clusterSentence({ is_cluster: true, nodes, cells } as unknown as ClusterJson)
  assert.equal(say([node, node], [cell, cell]), '2 nodes, 2 cells, all served')
  assert.equal(
    say([node, { state: 'gone' }], [cell]),
    '1 node gone; 1 cell, all served by the others',
  )
  assert.match(say([node], [cell, { state: 'unowned' }]), /^1 cell without an owner/)
  assert.match(say([{ state: 'frozen' }], [{ state: 'unowned' }]), /^PostgreSQL does not answer/)
  assert.match(say([{ state: 'frozen' }], [{ state: 'down' }]), /^1 cell down/)
})
