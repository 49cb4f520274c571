// What metrics of a node are made of.
import type { BrokerStatus } from '../admin/broker-status.ts'
import { version } from '../lib/version.ts'
import type { LoopLag } from '../metrics/loop-lag.ts'
import type { BrokerIdentity, MetricsSource, ProcessFigures } from '../metrics/metrics-source.ts'
import type { MetricsParts, ProtocolParts } from './protocol-server.ts'

/** What is known of the process without adding anything up. */
export type ProcessStatus = Pick<BrokerStatus, 'memory' | 'state' | 'uptimeMs'>

/** The same for all ports; `lag` is watched from the first who asks on. */
export function metricsOf(
  parts: Omit<ProtocolParts, 'metrics'>,
  lag: LoopLag,
  figures: () => ProcessStatus,
): MetricsParts {
  const { cell, clients, memory, users, countFiles } = parts
  const source: MetricsSource = {
    broker: cell.broker,
    groups: cell.groups,
    transactions: cell.transactions,
    shareGroups: cell.shareGroups,
    mqtt: cell,
    clients,
    memory,
    users,
    lag,
    identity: identityOf(parts),
    process: () => figuresOf(figures()),
    countFiles,
  }
  return { source, start: () => lag.start() }
}

function identityOf({
  cell,
  options,
  addresses,
  clients,
}: Omit<ProtocolParts, 'metrics'>): BrokerIdentity {
  return {
    node: clients.nodeName,
    cluster: cell.clusterId,
    clusterId: cell.clusterId,
    version,
    rabbitVersion: options.productVersion,
    runtime: `Node.js ${process.versions.node}`,
    kafkaNodeId: options.kafkaNodeId,
    kafkaAddress: () => addresses['kafka'] ?? addresses['kafka-tls'],
  }
}

function figuresOf({ state, uptimeMs, memory }: ProcessStatus): ProcessFigures {
  const { user, system } = process.cpuUsage()
  return {
    isReady: state === 'ready',
    uptimeMs,
    residentSize: memory.residentBytes,
    inUseSize: memory.inUseBytes,
    watermarkSize: memory.watermarkBytes,
    cpuSeconds: (user + system) / 1e6,
  }
}
