// What metrics are made of. Everything in it is counted or known already; a scrape only adds up.
import type { Users } from '../auth/users.ts'
import type { Broker } from '../broker/broker.ts'
import type { ClientRegistry } from '../broker/client/client-registry.ts'
import type { GroupCoordinator } from '../broker/group/group-coordinator.ts'
import type { MemoryAccount } from '../broker/memory-account.ts'
import type { SessionsDoor } from '../broker/session/sessions.ts'
import type { ShareGroups } from '../broker/share/share-groups.ts'
import type { TransactionCoordinator } from '../broker/transaction/transaction-coordinator.ts'
import type { CountFiles } from '../lib/count-files.ts'
import type { Address } from '../lib/listen.ts'
import type { ClusterFigures } from './cluster-families.ts'
import type { LoopLag } from './loop-lag.ts'

export interface MetricsSource {
  readonly broker: Broker
  readonly groups: Pick<GroupCoordinator, 'describe' | 'fetchAllOffsets' | 'list'>
  readonly transactions: Pick<TransactionCoordinator, 'count' | 'list' | 'totals'>
  readonly shareGroups: Pick<ShareGroups, 'list' | 'counters'>
  readonly mqtt: Pick<SessionsDoor, 'sessions'>
  readonly clients: ClientRegistry
  readonly memory: Pick<MemoryAccount, 'budgets' | 'sizes'>
  readonly users: Pick<Users, 'logins'>
  readonly lag: Pick<LoopLag, 'seconds'>
  readonly identity: BrokerIdentity
  /** As of now. */
  readonly process: () => ProcessFigures
  readonly countFiles: CountFiles
  /** Of a node of a cluster: its cells, each with what is its own. */
  readonly cells?: () => readonly MetricsSource[]
  readonly cluster?: () => ClusterFigures
}

/** Who the broker is, as dashboards tell several apart. */
export interface BrokerIdentity {
  readonly node: string
  readonly cluster: string
  readonly clusterId: string
  /** Pabal's own. */
  readonly version: string
  /** The RabbitMQ that it says it is. */
  readonly rabbitVersion: string
  readonly runtime: string
  readonly kafkaNodeId: number
  /** Where Kafka clients come in; undefined where they do not. */
  readonly kafkaAddress: () => Address | undefined
}

export interface ProcessFigures {
  readonly isReady: boolean
  readonly uptimeMs: number
  readonly residentSize: number
  /** As much of it is in use. */
  readonly inUseSize: number
  /** Publishers are blocked above this. */
  readonly watermarkSize: number
  readonly cpuSeconds: number
}
