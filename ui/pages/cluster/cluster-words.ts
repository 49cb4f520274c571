// A cluster in words.
import type { CellState, ClusterJson, NodeState } from '../../../src/admin/v1/cluster-json.ts'
import { counted } from '../../lib/format.ts'
import type { Tone } from '../../parts/badge.tsx'

export const toneOfNode: Readonly<Record<NodeState, Tone>> = {
  alive: 'good',
  draining: 'look',
  frozen: 'bad',
  stopped: 'plain',
  gone: 'bad',
}

export const nodeWords: Readonly<Record<NodeState, string>> = {
  alive: 'It sends heartbeats, and may have cells',
  draining: 'It gives its cells away and passes clients on',
  frozen: 'PostgreSQL does not answer it: nothing of its cells is confirmed',
  stopped: 'It was stopped, and others have its cells',
  gone: 'Its heartbeats have stopped, and others have its cells',
}

export const toneOfCell: Readonly<Record<CellState, Tone>> = {
  served: 'plain',
  unowned: 'bad',
  down: 'bad',
}

/** What matters most. */
export function clusterSentence({ is_cluster: isCluster, nodes, cells }: ClusterJson): string {
  if (!isCluster) return 'One node, on its own disk'
  const down = cells.filter(({ state }) => state === 'down').length
  const unowned = cells.filter(({ state }) => state === 'unowned').length
  const gone = nodes.filter(({ state }) => state === 'gone').length
  const stopped = nodes.filter(({ state }) => state === 'stopped').length
  const frozen = nodes.filter(({ state }) => state === 'frozen').length
  if (down > 0) return `${counted(down, 'cell')} down: what is in there is not served`
  if (frozen > 0) return `PostgreSQL does not answer ${counted(frozen, 'node')}`
  if (unowned > 0) return `${counted(unowned, 'cell')} without an owner at this moment`
  const served = `${counted(cells.length, 'cell')}, all served`
  if (gone > 0) return `${counted(gone, 'node')} gone; ${served} by the others`
  const off = stopped > 0 ? `, ${stopped} of them stopped` : ''
  return `${counted(nodes.length, 'node')}${off}, ${served}`
}

/** `0–3, 7`. */
export function cellsInWords(cells: readonly number[]): string {
  if (cells.length === 0) return 'none'
  const runs: [first: number, last: number][] = []
  for (const cell of cells) {
    const run = runs.at(-1)
    if (run !== undefined && run[1] === cell - 1) run[1] = cell
    else runs.push([cell, cell])
  }
  return runs
    .map(([first, last]) => {
      if (first === last) return `${first}`
      return last === first + 1 ? `${first}, ${last}` : `${first}–${last}`
    })
    .join(', ')
}
