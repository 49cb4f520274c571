// The overview of a cluster: what is in queues from the cells, what clients do from the nodes that they are connected to.
import { isObject } from '../../lib/is-object.ts'
import type { JsonObject } from '../api/columns.ts'
import type { ClusterWay } from '../api/where.ts'
import { addUp } from '../cluster/add-up.ts'
import { gatherJson, type JsonPart, type MergeAsked } from '../cluster/gather-json.ts'

export const overviewOfAll: ClusterWay = gatherJson(['vhosts', 'nodes'], mergeOverviews)

/** What each has of it: RabbitMQ's names of counts of clients and of what is declared. */
const ofClients = new Set(['connections', 'channels'])
const churnOfClients = /^(?:connection|channel)_/

function mergeOverviews(parts: readonly JsonPart[], { cluster }: MergeAsked): JsonObject {
  const { self } = cluster.directory
  const cells = parts.filter(({ target }) => 'cell' in target)
  const nodes = parts.filter(({ target }) => 'node' in target)
  const own = nodes.find(({ target }) => 'node' in target && target.node === self.node)
  const first = cells.find(({ target }) => 'cell' in target && target.cell === 0)
  const lists = (name: string): unknown[] =>
    nodes.flatMap(({ json }) => (json[name] ?? []) as unknown[])
  return withoutNothing({
    ...(own ?? nodes[0] ?? first)?.json,
    // Names of the cluster are the first cell's.
    cluster_name: (first ?? own)?.json['cluster_name'],
    cluster_tags: (first ?? own)?.json['cluster_tags'],
    object_totals: {
      ...sumOf(cells, 'object_totals', (name) => !ofClients.has(name)),
      ...sumOf(nodes, 'object_totals', (name) => ofClients.has(name)),
    },
    queue_totals: sumOf(cells, 'queue_totals'),
    message_stats: sumOf(nodes, 'message_stats'),
    churn_rates: {
      ...sumOf(nodes, 'churn_rates', (name) => churnOfClients.test(name)),
      ...sumOf(cells, 'churn_rates', (name) => !churnOfClients.test(name)),
    },
    ...(own?.json['listeners'] !== undefined && {
      listeners: lists('listeners'),
      contexts: lists('contexts'),
    }),
  })
}

/** Of an object of counts and rates in each. */
function sumOf(
  parts: readonly JsonPart[],
  name: string,
  isWanted: (name: string) => boolean = () => true,
): JsonObject {
  const all = parts.map(({ json }) => json[name]).filter(isObject) as JsonObject[]
  const sum = addUp(all) as JsonObject
  return Object.fromEntries(Object.entries(sum).filter(([key]) => isWanted(key)))
}

/** What nobody has said stays out, as it does on a single node. */
function withoutNothing(json: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(json).filter(([name, value]) => {
      const isEmpty = isObject(value) && Object.keys(value).length === 0
      return value !== undefined && (!isEmpty || name === 'cluster_tags' || name === 'node_tags')
    }),
  )
}
