// Metrics of a node of a cluster: of the process and its clients once, of each of its cells, and of the cluster.
import { perProtocol } from '../auth/principal.ts'
import { ClientRegistry } from '../broker/client/client-registry.ts'
import type { Cluster } from '../cluster/cluster.ts'
import type { ClusterFigures } from '../metrics/cluster-families.ts'
import { LoopLag } from '../metrics/loop-lag.ts'
import type { MetricsSource, ProcessFigures } from '../metrics/metrics-source.ts'
import type { OwnerRoutes } from './owner-routes.ts'
import type { ProtocolParts } from './protocol-server.ts'
import type { ServedCells } from './served-cells.ts'

export interface ClusterMetricsParts {
  /** Of the node itself. */
  readonly own: ProtocolParts
  readonly cells: ServedCells
  readonly cluster: Cluster
  readonly owners: Pick<OwnerRoutes, 'passedOn'>
}

export function clusterMetrics(parts: ClusterMetricsParts): MetricsSource {
  const { own, cells, cluster } = parts
  const { source } = own.metrics
  const { node } = cluster.directory.self
  const nobody = { clients: new ClientRegistry(own.clock), lag: new LoopLag(own.clock) }
  const { clusterId } = cluster.directory
  const identity = { ...source.identity, cluster: clusterId, clusterId, kafkaNodeId: node }
  return {
    ...source,
    identity,
    cells: () =>
      Array.from(cells.all(), ({ parts: served }) =>
        withoutNode(served.metrics.source, { ...nobody, identity }),
      ),
    cluster: () => figuresOf(parts),
  }
}

/** What the node has said of itself is not said again by each cell. */
interface Nobody {
  readonly clients: ClientRegistry
  readonly lag: LoopLag
  readonly identity: MetricsSource['identity']
}

function withoutNode(source: MetricsSource, nobody: Nobody): MetricsSource {
  return {
    ...source,
    ...nobody,
    memory: { budgets: nothingHeld, sizes: nothingHeld },
    users: { logins: noLogins },
    process: () => noProcess,
    countFiles: () => Promise.resolve(undefined),
  }
}

const nothingHeld = { input: 0, parked: 0, output: 0, unacked: 0 }

const noLogins = perProtocol(() => ({ accepted: 0, refused: 0 }))

const noProcess: ProcessFigures = {
  isReady: false,
  uptimeMs: 0,
  residentSize: 0,
  inUseSize: 0,
  watermarkSize: 0,
  cpuSeconds: 0,
}

function figuresOf({ cells: served, cluster, owners }: ClusterMetricsParts): ClusterFigures {
  const { nodes, cells } = cluster.directory
  const { cells: kept, ...facts } = cluster.facts()
  const alive = nodes.filter(({ isAlive }) => isAlive)
  return {
    ...facts,
    passedOn: Array.from(owners.passedOn, ([protocol, count]) => ({ protocol, count: count() })),
    aliveCount: alive.length,
    goneCount: nodes.filter(({ isAlive, isStopped }) => !isAlive && !isStopped).length,
    stoppedCount: nodes.filter(({ isStopped }) => isStopped).length,
    drainingCount: alive.filter(({ isDraining }) => isDraining).length,
    cells: cells.map(({ cell, epoch, isDown, owner }) => ({
      cell,
      epoch,
      state: isDown ? 'down' : owner === undefined ? 'unowned' : 'served',
      isOwn: owner?.isSelf === true,
    })),
    commitSeconds: Array.from(
      served.all(),
      ({ parts }) => parts.cell.broker.store.stats.commitSeconds,
    ),
    rowsBytes: kept.reduce((sum, { rowsBytes }) => sum + rowsBytes, 0),
    rowsAgeMs: Math.max(0, ...kept.map(({ rowsAgeMs }) => rowsAgeMs)),
  }
}
