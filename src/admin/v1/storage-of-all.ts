// How the storage of a cluster is: logs and commits of all cells, memory of all nodes.
import { adminLimits } from '../../limits/admin.ts'
import type { ClusterWay } from '../api/where.ts'
import { addUp } from '../cluster/add-up.ts'
import { gatherJson, type JsonPart, type MergeAsked } from '../cluster/gather-json.ts'
import type { StorageJson } from './storage-json.ts'

export const storageOfAll: ClusterWay = gatherJson(['cells', 'nodes'], mergeStorages)

function mergeStorages(parts: readonly JsonPart[], { cluster }: MergeAsked): unknown {
  const of = (isWanted: (part: JsonPart) => boolean): StorageJson[] =>
    parts.filter(isWanted).map(({ json }) => json as unknown as StorageJson)
  const cells = of(({ target }) => 'cell' in target)
  const nodes = of(({ target }) => 'node' in target)
  const { node } = cluster.directory.self
  const [own = nodes[0]] = of(({ target }) => 'node' in target && target.node === node)
  if (own === undefined) return Response.json({ error: 'service_unavailable' }, { status: 503 })
  const tightest = tightestOf(cells)
  return {
    ...own,
    durability: (cells[0] ?? own).durability,
    blocked: cells.find(({ blocked }) => blocked !== null)?.blocked ?? null,
    // Each cell has a budget of its own of what is not an object yet: the fullest tells.
    disk: tightest?.disk ?? null,
    forecast: tightest?.forecast ?? own.forecast,
    history: tightest?.history ?? [],
    log: logOf(cells),
    commits: commitsOf(cells, own),
    largest: cells
      .flatMap(({ largest }) => largest)
      .toSorted((a, b) => b.bytes - a.bytes)
      .slice(0, adminLimits.largestStreamsMax),
    memory: {
      resident: sum(nodes, ({ memory }) => memory.resident),
      in_use: sum(nodes, ({ memory }) => memory.in_use),
      blocked_at: sum(nodes, ({ memory }) => memory.blocked_at),
      held: heldOf(nodes),
    },
    last_backup: null,
  }
}

function tightestOf(cells: readonly StorageJson[]): StorageJson | undefined {
  const left = ({ disk }: StorageJson): number => (disk === null ? Infinity : disk.free)
  return cells.toSorted((a, b) => left(a) - left(b))[0]
}

function logOf(cells: readonly StorageJson[]): StorageJson['log'] {
  const logs = cells.flatMap(({ log }) => log ?? [])
  const [first] = logs
  if (first === undefined) return null
  return {
    ...(addUp(logs) as NonNullable<StorageJson['log']>),
    cleaning: logs.some(({ cleaning }) => cleaning),
    writing_checkpoint: logs.some((log) => log.writing_checkpoint),
    format_version: Math.max(...logs.map((log) => log.format_version)),
  }
}

function commitsOf(cells: readonly StorageJson[], own: StorageJson): StorageJson['commits'] {
  const [first = own.commits] = cells.map(({ commits }) => commits)
  return {
    count: sum(cells, ({ commits }) => commits.count),
    bytes: sum(cells, ({ commits }) => commits.bytes),
    seconds: sum(cells, ({ commits }) => commits.seconds),
    last_seconds: Math.max(0, ...cells.map(({ commits }) => commits.last_seconds)),
    buckets: first.buckets.map(({ up_to: upTo }, index) => ({
      up_to: upTo,
      count: sum(cells, ({ commits }) => commits.buckets[index]?.count ?? 0),
    })),
  }
}

function heldOf(nodes: readonly StorageJson[]): StorageJson['memory']['held'] {
  const byKind = Map.groupBy(
    nodes.flatMap(({ memory }) => memory.held),
    ({ kind }) => kind,
  )
  return [...byKind].map(([kind, held]) => ({
    kind,
    bytes: sum(held, ({ bytes }) => bytes),
    limit: sum(held, ({ limit }) => limit),
  }))
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0)
}
