// What each address of metrics shows.
import { metricsLimits } from '../limits/metrics.ts'
import { clusterFamilies } from './cluster-families.ts'
import type { Family } from './family.ts'
import { type EndpointName, identityFamilies } from './identity-families.ts'
import { kafkaFamilies } from './kafka-families.ts'
import { memoryBreakdown } from './memory-breakdown.ts'
import { mergeFamilies } from './merge-families.ts'
import type { MetricsSource } from './metrics-source.ts'
import { clusterGroups, objectGroups, type ObjectsShown, queueInfo } from './object-families.ts'
import { pabalFamilies } from './pabal-families.ts'
import { globalFamilies } from './rabbitmq-global.ts'
import { raftFamilies } from './rabbitmq-log.ts'
import { nodeFamilies } from './rabbitmq-node.ts'
import { type Snapshot, takeSnapshot } from './snapshot.ts'

/** What `/metrics/detailed` is asked for; empty lists of virtual hosts and queues: all. */
export interface DetailsAsked {
  /** Names of groups, of which unknown ones show nothing, as in RabbitMQ. */
  readonly families: readonly string[]
  readonly vhosts: readonly string[]
  readonly queues: readonly string[]
}

export type MetricsAsked =
  | { readonly endpoint: Exclude<EndpointName, 'detailed'> }
  | ({ readonly endpoint: 'detailed' } & DetailsAsked)

/** Finds out what an address shows; several at a time, but not too many. */
export class Metrics {
  readonly source: MetricsSource
  #scrapes = 0

  constructor(source: MetricsSource) {
    this.source = source
  }

  /** Whether another scrape may begin; then it has, and `end` is to be called after it. */
  begin(): boolean {
    if (this.#scrapes >= metricsLimits.scrapesMax) return false
    this.#scrapes++
    return true
  }

  end(): void {
    this.#scrapes--
  }

  /** Everything to be written, in order. */
  async families(asked: MetricsAsked): Promise<Family[]> {
    const { source } = this
    const identity = identityFamilies(source.identity, asked.endpoint)
    const own = await familiesOf(source, asked)
    if (source.cells === undefined) return [...identity, ...own]
    const all = [own]
    for (const cell of source.cells()) all.push(await familiesOf(cell, asked))
    return [...identity, ...mergeFamilies(all), ...clusterOf(source, asked)]
  }
}

function clusterOf({ cluster }: MetricsSource, { endpoint }: MetricsAsked): Family[] {
  const isShown = endpoint === 'aggregated' || endpoint === 'per-object'
  return isShown && cluster !== undefined ? clusterFamilies(cluster()) : []
}

async function familiesOf(source: MetricsSource, asked: MetricsAsked): Promise<Family[]> {
  if (asked.endpoint === 'detailed') return detailed(source, asked)
  if (asked.endpoint === 'memory-breakdown') return memoryBreakdown(source)
  const snapshot = await takeSnapshot(source)
  return asked.endpoint === 'aggregated'
    ? aggregated(source, snapshot)
    : perObject(source, snapshot)
}

function aggregated(source: MetricsSource, snapshot: Snapshot): Family[] {
  return [
    ...nodeFamilies(source, snapshot),
    ...globalFamilies(source, snapshot),
    ...raftFamilies(source),
    ...kafkaFamilies(source, snapshot, { withQueues: false }),
    ...pabalFamilies(source, snapshot),
  ]
}

/** The same, but that sums over queues give way to each queue: one name has one kind of labels. */
function perObject(source: MetricsSource, snapshot: Snapshot): Family[] {
  const { queues, clients } = snapshot
  const vhosts = [...source.broker.vhosts]
  const shown: ObjectsShown = { source, queues, vhosts, clients, prefix: 'rabbitmq_' }
  const objects = [...distinct([...objectGroups.values()].flatMap((group) => group(shown)))]
  const names = new Set(objects.map(({ name }) => name))
  const sums = [
    ...nodeFamilies(source, snapshot),
    ...globalFamilies(source, snapshot),
    ...raftFamilies(source),
    ...kafkaFamilies(source, snapshot, { withQueues: true }),
    ...pabalFamilies(source, snapshot),
  ]
  return [...sums.filter(({ name }) => !names.has(name)), ...objects, queueInfo(shown)]
}

function detailed(source: MetricsSource, asked: DetailsAsked): Family[] {
  const { broker, clients } = source
  const vhosts = [...broker.vhosts].filter(({ name }) => isAmong(asked.vhosts, name))
  const queues = vhosts.flatMap((vhost) =>
    [...vhost.queues()].filter(({ name }) => isAmong(asked.queues, name)),
  )
  const prefix = 'rabbitmq_detailed_'
  const shown: ObjectsShown = { source, queues, vhosts, clients: [...clients], prefix }
  const groups = asked.families.flatMap((name) => [
    ...(objectGroups.get(name)?.(shown) ?? []),
    ...(clusterGroups.get(name)?.(shown) ?? []),
  ])
  const isOfQueues = asked.families.some((name) => queueGroups.has(name))
  return [...distinct(groups), ...(isOfQueues ? [queueInfo(shown)] : [])]
}

/** RabbitMQ tells the types of queues with these. */
const queueGroups: ReadonlySet<string> = new Set([
  'queue_coarse_metrics',
  'queue_consumer_count',
  'queue_metrics',
])

function isAmong(wanted: readonly string[], name: string): boolean {
  return wanted.length === 0 || wanted.includes(name)
}

/** Two groups have the same family, and one may be asked for twice. */
function distinct(families: readonly Family[]): Iterable<Family> {
  return new Map(families.map((family) => [family.name, family])).values()
}
