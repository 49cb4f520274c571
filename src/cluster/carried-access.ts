// Users and what they may do, on their way from a data folder into a cluster, where they stand above the cells, and
// back. In a cluster what a cell has of them does not count.
import type { SharedChange, SharedRow } from '../log/cluster/postgres/shared-statements.ts'
import type { TopologyEntry } from '../log/commit.ts'
import { LogError } from '../log/log-error.ts'
import { type AccessChange, type AccessRows } from '../meta/access-rows.ts'
import { foldTopology } from '../meta/fold-topology.ts'
import { encodeTopologyChanges } from '../meta/topology-change.ts'
import type { Topology } from '../meta/topology.ts'
import { isPart } from './carried-topics.ts'
import {
  accessOf,
  changesBetween,
  isAccessKind,
  rowOf,
  vhostKey,
  withoutId,
} from './shared-rows.ts'

/** Without a row of its own: every data folder has it. */
const defaultVHost = '/'
const vhostKind = 'vhost'

/** What a folder brings along that stands above cells. */
export interface CarriedState {
  /** Users and rights that the cluster has not. */
  readonly access: readonly SharedChange[]
  /** Virtual hosts that get the cell. */
  readonly vhosts: readonly { readonly key: string; readonly row: string }[]
  /** Users of the folder that the cluster has already: those stay. */
  readonly keptUsers: readonly string[]
}

/**
 * What a folder that becomes a cell brings along. Throws `LogError` when one of its virtual hosts is in another cell,
 * where nobody would find what it holds.
 */
export function stateOfFolder(
  entries: readonly TopologyEntry[],
  cell: number,
  shared: readonly SharedRow[],
): CarriedState {
  const topology = foldTopology(entries)
  const there = new Map(shared.map((row) => [nameOf(row), row]))
  const vhosts = vhostsOf(topology)
  for (const name of vhosts) {
    const placed = there.get(nameOf({ kind: vhostKind, key: vhostKey(name) }))
    if (placed === undefined || (placed.cell ?? 0) === cell) continue
    const text = `the virtual host '${name}' of the folder is in cell ${placed.cell ?? 0} of the cluster`
    throw new LogError('io', `${text}, and cannot be in cell ${cell}: name that one with --cell`)
  }
  const changes = putsOf(topology.access).map(rowOf)
  const access = changes.filter((change) => !there.has(nameOf(change)))
  const kept = new Set(changes.filter((change) => there.has(nameOf(change))).map(nameOf))
  return {
    access,
    vhosts: vhosts.map((name) => ({ key: vhostKey(name), row: JSON.stringify({ name }) })),
    keptUsers: topology.access.users
      .map(({ name }) => name)
      .filter((name) => kept.has(nameOf({ kind: 'user', key: JSON.stringify(name) }))),
  }
}

/** An entry that gives a cell's topology the users and rights that the cluster has, and no others. */
export function accessForFolder(
  entries: readonly TopologyEntry[],
  cell: number,
  shared: readonly SharedRow[],
): Buffer | undefined {
  const { access } = foldTopology(entries)
  const vhosts = new Set([defaultVHost])
  for (const { kind, key, cell: of } of shared) {
    if (kind === vhostKind && of === cell) vhosts.add(JSON.parse(key) as string)
  }
  const before = rowsByName(putsOf(access).map((change) => putOf(rowOf(change))))
  const wanted = shared
    .filter(({ kind, row }) => isAccessKind(kind) && isOf(row, vhosts))
    .map((each) => (each.kind === 'user' ? { ...each, row: withoutId(each.row) } : each))
  const changes = changesBetween(before, rowsByName(wanted)).map(accessOf)
  return changes.length === 0 ? undefined : encodeTopologyChanges(changes)
}

/** Those that something is in, and those that were made. */
function vhostsOf(topology: Topology): string[] {
  const { vhosts, queues, exchanges, bindings, policies } = topology
  const whole = queues.filter((row) => !isPart(row))
  const used = [...whole, ...exchanges, ...bindings, ...policies].map(({ vhost }) => vhost)
  return [...new Set([...vhosts.map(({ name }) => name), ...used])]
}

function putsOf({ users, permissions, topicPermissions, acls }: AccessRows): AccessChange[] {
  const op = 'put'
  return [
    ...users.map((row) => ({ kind: 'user', op, row }) as const),
    ...permissions.map((row) => ({ kind: 'permission', op, row }) as const),
    ...topicPermissions.map((row) => ({ kind: 'topic-permission', op, row }) as const),
    ...acls.map((row) => ({ kind: 'acl', op, row }) as const),
  ]
}

function putOf(change: SharedChange): SharedRow {
  const row = change.op === 'put' ? change.row : ''
  return { kind: change.kind, key: change.key, cell: undefined, row }
}

function rowsByName(rows: readonly SharedRow[]): Map<string, SharedRow> {
  return new Map(rows.map((row) => [nameOf(row), row]))
}

function nameOf({ kind, key }: Pick<SharedRow, 'kind' | 'key'>): string {
  return `${kind} ${key}`
}

/** A right on a virtual host that another cell has is nothing here. */
function isOf(row: string, vhosts: ReadonlySet<string>): boolean {
  const { vhost } = JSON.parse(row) as { readonly vhost?: string }
  return vhost === undefined || vhosts.has(vhost)
}
