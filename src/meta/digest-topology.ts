// A digest of topology rows, whatever their order: two that are the same have the same rows. It tells
// whether the view still shows what the log says.
import { crc32c } from '../lib/crc32c.ts'
import type { Steps } from '../lib/slices.ts'
import {
  aclValues,
  bindingValues,
  delayValues,
  exchangeValues,
  permissionValues,
  policyValues,
  queueValues,
  type RowValues,
  storable,
  topicPermissionValues,
  userValues,
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
  'users',
  'permissions',
  'topic_permissions',
  'acls',
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
  return digestRows((table) => rowsIn[table](topology))
}

const rowsIn: Readonly<Record<TopologyTable, (topology: Topology) => Iterable<RowValues>>> = {
  vhosts: ({ vhosts }) => eachOf(vhosts, vhostValues),
  exchanges: ({ exchanges }) => eachOf(exchanges, exchangeValues),
  queues: ({ queues }) => eachOf(queues, queueValues),
  bindings: ({ bindings }) => eachOf(bindings, bindingValues),
  policies: ({ policies }) => eachOf(policies, policyValues),
  delays: ({ delays }) => eachOf(delays, delayValues),
  users: ({ access }) => eachOf(access.users, userValues),
  permissions: ({ access }) => eachOf(access.permissions, permissionValues),
  topic_permissions: ({ access }) => eachOf(access.topicPermissions, topicPermissionValues),
  acls: ({ access }) => eachOf(access.acls, aclValues),
}

/** One at a time. */
function* eachOf<Row>(
  rows: Iterable<Row>,
  valuesOf: (row: Row) => RowValues,
): Generator<RowValues> {
  for (const row of rows) yield storable(valuesOf(row))
}
