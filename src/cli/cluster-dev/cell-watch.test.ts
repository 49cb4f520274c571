import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CellWatch } from './cell-watch.ts'

function watchCells(): { cells: CellWatch; told: string[] } {
  const told: string[] = []
  const cells = new CellWatch({
    onServedAgain: ({ node, lostAt, count, takers }) =>
      told.push(`${count} of ${node} since ${lostAt}: ${JSON.stringify([...takers])}`),
    onEmptied: (node, count) => told.push(`${node} had ${count}`),
  })
  return { cells, told }
}

test('the cells of a node that ended are lost until the last of them is served', () => {
  const { cells, told } = watchCells()
  for (const cell of [0, 1, 2]) cells.onServes('n1', cell, 1)
  cells.onServes('n2', 3, 1)
  cells.onEnd('n1', 100)
  assert.deepEqual([cells.countOf('n1'), cells.servedCount, cells.lostSince], [0, 1, 100])
  cells.onServes('n2', 0, 2)
  cells.onServes('n3', 1, 2)
  assert.deepEqual(told, [])
  cells.onServes('n2', 2, 2)
  assert.deepEqual(told, ['3 of n1 since 100: [["n2",2],["n3",1]]'])
  assert.deepEqual([cells.countOf('n2'), cells.ownerOf(1), cells.lostSince], [3, 'n3', undefined])
})

test('what an earlier owner said is not taken for news', () => {
  const { cells, told } = watchCells()
  cells.onServes('n2', 0, 5)
  cells.onServes('n1', 0, 4)
  assert.equal(cells.ownerOf(0), 'n2')
  assert.deepEqual(told, [])
})

test('a node that is there and loses all of its cells is told of; one that gives some away is not', () => {
  const { cells, told } = watchCells()
  for (const cell of [0, 1, 2]) cells.onServes('n1', cell, 1)
  cells.onServes('n2', 2, 3)
  assert.deepEqual(told, [])
  cells.onServes('n2', 0, 3)
  cells.onServes('n2', 1, 3)
  assert.deepEqual(told, ['n1 had 3'])
  cells.onEnd('n1', 100)
  assert.equal(cells.lostSince, undefined)
})

test('cells that a node gave away before are not counted as lost with the others', () => {
  const { cells, told } = watchCells()
  for (const cell of [0, 1, 2]) cells.onServes('n1', cell, 1)
  cells.onServes('n2', 2, 3)
  assert.equal(cells.isEven(['n1', 'n2']), true)
  assert.equal(cells.isEven(['n1', 'n2', 'n3']), false)
  cells.settle()
  cells.onServes('n2', 0, 3)
  cells.onServes('n2', 1, 3)
  assert.deepEqual(told, ['n1 had 2'])
})
