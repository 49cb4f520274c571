// A cluster as all of its nodes see it: each says how it is, the rest stands in the directory.
import type { Directory, KnownCell, KnownNode } from '../../cluster/directory.ts'
import type { CommitFacts, NodeFacts } from '../../cluster/node-facts.ts'
import { formatAddress } from '../../lib/listen.ts'
import type { ClusterWay } from '../api/where.ts'
import { gatherJson, type JsonPart, type MergeAsked } from '../cluster/gather-json.ts'
import type {
  CellState,
  ClusterCellJson,
  ClusterJson,
  ClusterNodeJson,
  ClusterObjectsJson,
  ClusterPostgresJson,
  NodeState,
} from './cluster-json.ts'

/** What a node says of itself to the one that puts it together. */
export interface NodeSaid {
  readonly facts: NodeFacts
}

export const clusterOfAll: ClusterWay = gatherJson('nodes', mergeCluster)

function mergeCluster(parts: readonly JsonPart[], { cluster }: MergeAsked): ClusterJson {
  const { directory } = cluster
  const facts = new Map<number, NodeFacts>()
  for (const { target, json } of parts) {
    if ('node' in target) facts.set(target.node, (json as unknown as NodeSaid).facts)
  }
  const all = [...facts.values()]
  return {
    is_cluster: true,
    cluster_id: directory.clusterId,
    node: directory.self.name,
    nodes: byName(directory.nodes).map((node) => nodeJson(node, directory, facts.get(node.node))),
    cells: directory.cells.map((cell) => cellJson(cell, directory, facts)),
    postgres: postgresJson(all),
    objects: objectsJson(all),
  }
}

/** As people look for them: `n2` comes before `n10`. Their numbers are in the order of first starts. */
function byName(nodes: readonly KnownNode[]): KnownNode[] {
  return nodes.toSorted((left, right) => names.compare(left.name, right.name))
}

const names = new Intl.Collator('en', { numeric: true })

function nodeJson(
  node: KnownNode,
  { cells }: Directory,
  facts: NodeFacts | undefined,
): ClusterNodeJson {
  const { name, isSelf, version, addresses } = node
  return {
    name,
    number: node.node,
    is_self: isSelf,
    state: stateOf(node, facts),
    version,
    cells: cells.filter(({ owner }) => owner?.node === node.node).map(({ cell }) => cell),
    addresses: Object.fromEntries(
      Object.entries(addresses).map(([kind, address]) => [
        kind === 'link' ? 'node' : kind,
        formatAddress(address),
      ]),
    ),
    heartbeat_ms: rounded(facts?.heartbeatMs),
    takeovers: facts?.takeovers ?? null,
  }
}

function stateOf(node: KnownNode, facts: NodeFacts | undefined): NodeState {
  const { isAlive, isStopped, isDraining } = node
  if (isStopped) return 'stopped'
  if (!isAlive) return 'gone'
  if (facts?.isFrozen === true) return 'frozen'
  return isDraining ? 'draining' : 'alive'
}

function cellJson(
  { cell, epoch, isDown, owner }: KnownCell,
  { vhosts }: Directory,
  facts: ReadonlyMap<number, NodeFacts>,
): ClusterCellJson {
  const kept = owner && facts.get(owner.node)?.cells.find((each) => each.cell === cell)
  const state: CellState = isDown ? 'down' : owner === undefined ? 'unowned' : 'served'
  return {
    cell,
    state,
    owner: owner?.name ?? null,
    epoch,
    vhosts: [...vhosts.values()].filter((each) => each === cell).length,
    rows_bytes: kept?.rowsBytes ?? null,
    rows_age_ms: rounded(kept?.rowsAgeMs),
  }
}

function postgresJson(all: readonly NodeFacts[]): ClusterPostgresJson {
  const standbys = all.flatMap(({ hasStandby }) => hasStandby ?? [])
  const commits = all.flatMap((facts) => facts.commits ?? [])
  const lasts = commits.flatMap(({ lastMs }) => lastMs ?? [])
  const counts = addCounts(commits)
  const bounds = commits[0]?.bounds ?? []
  return {
    has_standby: standbys.length === 0 ? null : standbys.every(Boolean),
    commits: counts.reduce((sum, count) => sum + count, 0),
    last_ms: lasts.length === 0 ? null : rounded(Math.max(...lasts)),
    p50_ms: rounded(quantileMs(bounds, counts, 0.5)),
    p99_ms: rounded(quantileMs(bounds, counts, 0.99)),
  }
}

function addCounts(commits: readonly CommitFacts[]): number[] {
  const [first] = commits
  return (first?.counts ?? []).map((_, index) =>
    commits.reduce((sum, { counts }) => sum + (counts[index] ?? 0), 0),
  )
}

/** Within its bucket as far as its share goes; what is above all bounds counts as the last one. */
function quantileMs(
  bounds: readonly number[],
  counts: readonly number[],
  share: number,
): number | undefined {
  const total = counts.reduce((sum, count) => sum + count, 0)
  if (total === 0) return undefined
  let left = share * total
  for (const [index, count] of counts.entries()) {
    if (left <= count && count > 0) {
      const from = bounds[index - 1] ?? 0
      const to = bounds[index] ?? from
      return (from + ((to - from) * left) / count) * 1000
    }
    left -= count
  }
  return (bounds.at(-1) ?? 0) * 1000
}

function objectsJson(all: readonly NodeFacts[]): ClusterObjectsJson {
  const sum = (of: (facts: NodeFacts) => number): number =>
    all.reduce((total, facts) => total + of(facts), 0)
  const cells = all.flatMap((facts) => facts.cells)
  const lasts = all.flatMap(({ objects }) => objects.lastMs ?? [])
  return {
    rows_bytes: cells.reduce((total, { rowsBytes }) => total + rowsBytes, 0),
    rows_age_ms: Math.round(Math.max(0, ...cells.map(({ rowsAgeMs }) => rowsAgeMs))),
    requests: sum(({ objects }) => objects.requests),
    failures: sum(({ objects }) => objects.failures),
    bytes_read: sum(({ objects }) => objects.bytesRead),
    bytes_written: sum(({ objects }) => objects.bytesWritten),
    last_ms: lasts.length === 0 ? null : rounded(Math.max(...lasts)),
    failing: all.some(({ objects }) => objects.isFailing),
  }
}

function rounded(value: number | undefined): number | null {
  return value === undefined ? null : Math.round(value * 10) / 10
}
