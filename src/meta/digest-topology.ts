// A digest of topology rows, whatever their order: two that are the same have the same rows. It tells
// whether the view still shows what the log says.
import { crc32c } from '../lib/crc32c.ts'
import type { Steps } from '../lib/slices.ts'
import {
  bindingValues,
  delayValues,
  exchangeValues,
  policyValues,
  queueValues,
  type RowValues,
  vhostValues,
} from './row-values.ts'
import type { Topology } from './topology.ts'

export const topologyTables = [
  'vhosts',
  'exchanges',
  'queues',
  'bindings',
  'policies',
  'delays',
] as const
export type TopologyTable = (typeof topologyTables)[number]

const rowsPerStep = 64

/** Rows of all tables, each as the values of its columns. */
export type TableRows = (table: TopologyTable) => Iterable<RowValues>

/** In small steps: there may be 100,000 rows. */
export function* digestRows(rowsOf: TableRows): Steps<string> {
  let count = 0
  let sum = 0
  for (const table of topologyTables) {
    for (const values of rowsOf(table)) {
      sum = (sum + crc32c(Buffer.from(JSON.stringify([table, ...values])))) % 0x1_0000_0000
      if (++count % rowsPerStep === 0) yield undefined
    }
  }
  return `${count} rows ${sum.toString(16)}`
}

export function digestTopology(topology: Topology): Steps<string> {
  return digestRows((table) => rowsIn(topology, table))
}

function* rowsIn(topology: Topology, table: TopologyTable): Generator<RowValues> {
  switch (table) {
    case 'vhosts':
      for (const row of topology.vhosts) yield vhostValues(row)
      return
    case 'exchanges':
      for (const row of topology.exchanges) yield exchangeValues(row)
      return
    case 'queues':
      for (const row of topology.queues) yield queueValues(row)
      return
    case 'bindings':
      for (const row of topology.bindings) yield bindingValues(row)
      return
    case 'policies':
      for (const row of topology.policies) yield policyValues(row)
      return
    case 'delays':
      for (const row of topology.delays) yield delayValues(row)
  }
}
