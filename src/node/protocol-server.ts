// What a node knows of a protocol: something that takes over sockets until it is disposed of.
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { AuditLog } from '../admin/audit-log.ts'
import type { BrokerFigures, BrokerStatus } from '../admin/broker-status.ts'
import type { DemoControl } from '../admin/v1/demo-operations.ts'
import type { LiveConnections } from '../admin/v1/live-connections.ts'
import type { MaintenanceControl } from '../admin/v1/maintenance-operations.ts'
import type { Users } from '../auth/users.ts'
import type { SharedVHosts } from '../broker/access-keeper.ts'
import type { MessageStreams } from '../broker/browse/message-streams.ts'
import type { ClientRegistry } from '../broker/client/client-registry.ts'
import type { Leases } from '../broker/lease/leases.ts'
import type { MemoryAccount } from '../broker/memory-account.ts'
import type { Statistics } from '../broker/statistics/statistics.ts'
import type { NewTopics } from '../broker/topic/make-topic.ts'
import type { Cell } from '../cell/cell.ts'
import type { BatchWorker } from '../crossing/batch-worker.ts'
import type { Clock } from '../lib/clock.ts'
import type { CountFiles } from '../lib/count-files.ts'
import type { Address } from '../lib/listen.ts'
import type { Logger } from '../lib/logger.ts'
import type { Random } from '../lib/random.ts'
import type { ServingGate } from '../lib/serving-gate.ts'
import type { Turn } from '../lib/turn.ts'
import type { MetricsSource } from '../metrics/metrics-source.ts'
import type { InputBudget } from '../server/input-budget.ts'
import type { BrokerOptions, SettingKey } from '../settings/settings.ts'
import type { Service } from './service.ts'

/** What ports have that show metrics. */
export interface MetricsParts {
  readonly source: MetricsSource
  /** Somebody may ask from now on. */
  start(): void
}

/** Takes requests of HTTP that become connections of WebSocket. */
export interface WebSocketUpgrades {
  readonly upgrade: (request: IncomingMessage, socket: Socket, head: Buffer) => void
}

/** What a node lends to a protocol. */
export interface ProtocolParts {
  readonly cell: Cell
  readonly users: Users
  /** Where virtual hosts have cells; undefined for a broker that has all of them. */
  readonly sharedVHosts?: SharedVHosts | undefined
  /** How topics are spread over cells; undefined for a broker that has all of them. */
  readonly spread?: Pick<NewTopics, 'spread' | 'whenFollowed'> | undefined
  /** Where each protocol lists its connections. */
  readonly clients: ClientRegistry
  readonly statistics: Statistics
  readonly options: BrokerOptions
  readonly clock: Clock
  readonly random: Random
  readonly turn: Turn
  /** Of a node that may have to stop serving: nothing leaves while it is shut. */
  readonly gate?: ServingGate | undefined
  readonly logger: Logger
  readonly memory: MemoryAccount
  readonly inputBudget: InputBudget
  readonly batchWorker: BatchWorker
  /** Service name → address, for every listener that is open by now. */
  readonly addresses: Readonly<Record<string, Address>>
  readonly status: () => BrokerStatus
  readonly figures: () => BrokerFigures
  readonly metrics: MetricsParts
  readonly countFiles: CountFiles
  readonly leases: Leases
  /** Tails and exports by HTTP. */
  readonly streams: MessageStreams
  /** Who has views sent by HTTP. */
  readonly live: LiveConnections
  /** Who comes by WebSocket. */
  readonly webSockets: WebSocketUpgrades
  /** Of changes by HTTP, on whichever port. */
  readonly audit: AuditLog
  /** Where settings are from. */
  readonly origins: ReadonlyMap<SettingKey, string>
  readonly maintenance: MaintenanceControl
  /** The demo, loaded for the first who asks. */
  readonly openDemo: () => Promise<DemoControl>
}

/** Serves one protocol on all of its ports. */
export interface ProtocolServer extends AsyncDisposable {
  /** What takes over the sockets that the listener of `service` accepts: paused, nothing was read. */
  acceptorOf(service: Service): (socket: Socket) => void
  /**
   * Ends the connections that are there and resolves when they are gone; clients are told the reason where
   * their protocol has words for it. Left out by what answers also while nobody else is served.
   */
  endClients?(reason: string): Promise<void>
  /** In a cluster: this node, which had no cells, has one. */
  onFirstCell?(): void
  /** The broker has been ready for a while: loads what no first client needs. */
  prepare?(): Promise<void>
}

export type OpenProtocol = (parts: ProtocolParts) => Promise<ProtocolServer>
