// Which node is to have which cell. All nodes work it out from the same rows and come to the same answer, as long as
// they see the same nodes alive; where they do not, claims settle it, as for everything. Cells stay where they are
// as long as nobody has more than its share, so a node that joins or drains moves as few as possible.
import type { CellRow, Incarnation } from './observation.ts'

/** A node that may have cells. */
export interface Candidate extends Incarnation {
  readonly isDraining: boolean
}

/**
 * The node for each cell that is not down: none when no candidate is left. An owner that lives keeps its
 * cells up to its share; the others' go, lowest first, to whoever has least.
 */
export function placeCells(
  cells: readonly CellRow[],
  living: readonly Candidate[],
): ReadonlyMap<number, number> {
  const nodes = living
    .filter(({ isDraining }) => !isDraining)
    .map(({ node }) => node)
    .toSorted((left, right) => left - right)
  const placed = new Map<number, number>()
  if (nodes.length === 0) return placed
  const open = cells
    .filter(({ isDown }) => !isDown)
    .toSorted((left, right) => left.cell - right.cell)
  const counts = new Map(nodes.map((node) => [node, 0]))
  const shares = sharesOf(nodes, open)
  const homeless: number[] = []
  for (const { cell, owner } of open) {
    const count = owner && counts.get(owner.node)
    if (owner && count !== undefined && count < (shares.get(owner.node) ?? 0)) {
      counts.set(owner.node, count + 1)
      placed.set(cell, owner.node)
    } else homeless.push(cell)
  }
  for (const cell of homeless) {
    const node = leastOf(nodes, counts)
    counts.set(node, (counts.get(node) ?? 0) + 1)
    placed.set(cell, node)
  }
  return placed
}

/** An equal share, rounded; who has most keeps one more of what is left over. */
function sharesOf(
  nodes: readonly number[],
  cells: readonly CellRow[],
): ReadonlyMap<number, number> {
  const owned = new Map<number, number>()
  for (const { owner } of cells) if (owner) owned.set(owner.node, (owned.get(owner.node) ?? 0) + 1)
  const least = Math.floor(cells.length / nodes.length)
  const left = cells.length - least * nodes.length
  const byOwned = nodes.toSorted(
    (first, second) => (owned.get(second) ?? 0) - (owned.get(first) ?? 0) || first - second,
  )
  return new Map(byOwned.map((node, place) => [node, place < left ? least + 1 : least]))
}

function leastOf(nodes: readonly number[], counts: ReadonlyMap<number, number>): number {
  let least = nodes[0] ?? 0
  for (const node of nodes) {
    if ((counts.get(node) ?? 0) < (counts.get(least) ?? 0)) least = node
  }
  return least
}
