import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { CellRow } from './observation.ts'
import { placeCells, type Candidate } from './placement.ts'

function cells(owners: readonly (number | undefined)[]): CellRow[] {
  return owners.map((owner, cell) => ({
    cell,
    epoch: 1,
    owner: owner === undefined ? undefined : { node: owner, incarnation: 1 },
    isDown: false,
  }))
}

function nodes(...ids: number[]): Candidate[] {
  return ids.map((node) => ({ node, incarnation: 1, isDraining: false }))
}

test('cells without owners are spread over the living nodes', () => {
  const placed = placeCells(cells(Array.from({ length: 12 }, () => undefined)), nodes(3, 1, 2))
  const counts = [1, 2, 3].map((node) => [...placed.values()].filter((at) => at === node).length)
  assert.deepEqual(counts, [4, 4, 4])
})

test('a node that joins takes its share and moves no other cell', () => {
  const before = cells([1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2])
  const placed = placeCells(before, nodes(1, 2, 3))
  const moved = before.filter(({ cell, owner }) => placed.get(cell) !== owner?.node)
  assert.equal(moved.length, 4)
  assert.ok(moved.every(({ cell }) => placed.get(cell) === 3))
})

test('a node that drains has nothing; with nobody else there is no place', () => {
  const draining = { node: 1, incarnation: 1, isDraining: true }
  const placed = placeCells(cells([1, 1, 2]), [draining, ...nodes(2)])
  assert.deepEqual([...placed.values()], [2, 2, 2])
  assert.equal(placeCells(cells([1]), [draining]).size, 0)
})

test('every cell that is not down has a place, shares are equal, and carrying it out ends it', () => {
  const ids = fc.uniqueArray(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 6 })
  const owners = fc.array(fc.option(fc.integer({ min: 1, max: 9 }), { nil: undefined }), {
    maxLength: 30,
  })
  fc.assert(
    fc.property(ids, owners, fc.integer({ min: 0, max: 29 }), (living, owned, down) => {
      const rows = cells(owned).map((row) => ({ ...row, isDown: row.cell === down }))
      const placed = placeCells(rows, nodes(...living))
      assert.equal(placed.size, rows.filter(({ isDown }) => !isDown).length)
      const counts = living.map((id) => [...placed.values()].filter((at) => at === id).length)
      assert.ok(Math.max(...counts) - Math.min(...counts) <= 1, counts.join(' '))
      const settled = rows.map((row) => {
        const node = placed.get(row.cell)
        return { ...row, owner: node === undefined ? undefined : { node, incarnation: 1 } }
      })
      assert.deepEqual(placeCells(settled, nodes(...living)), placed)
    }),
  )
})
