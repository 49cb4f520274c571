// What docs/performance.md says of clusters: one table for each file in bench/results/cluster.
import type { ClusterTable } from '../cluster/cluster-table.ts'

const introduction = `Measured by the programs in bench/cluster, on demand and once. PostgreSQL, the store of objects (a double of our own) and nodes share one machine, so times are those of a machine with everything on it, without the way to a standby and to a store elsewhere.`

/** Nothing where nothing was measured. */
export function clusterSection(tables: readonly ClusterTable[]): string[] {
  if (tables.length === 0) return []
  return ['## Clusters', introduction, ...tables.flatMap(partsOf)]
}

function partsOf({ title, text, columns, rows }: ClusterTable): string[] {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  const table = [line(columns), `|${columns.map(() => '---').join('|')}|`, ...rows.map(line)]
  return [`### ${title}`, text, table.join('\n')]
}
