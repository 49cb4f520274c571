// What routes of the management API have in common: RabbitMQ's ways of refusing.
import type { Context } from 'hono'
import type { Users } from '../auth/users.ts'
import type { AccessKeeper } from '../broker/access-keeper.ts'
import type { Broker } from '../broker/broker.ts'
import type { MessageStreams } from '../broker/browse/message-streams.ts'
import type { ClientRegistry } from '../broker/client/client-registry.ts'
import type { GroupCoordinator } from '../broker/group/group-coordinator.ts'
import type { Leases } from '../broker/lease/leases.ts'
import type { SessionsDoor } from '../broker/session/sessions.ts'
import type { SetAside } from '../broker/set-aside.ts'
import type { ShareGroups } from '../broker/share/share-groups.ts'
import type { Statistics } from '../broker/statistics/statistics.ts'
import type { NewTopics } from '../broker/topic/make-topic.ts'
import type { TransactionCoordinator } from '../broker/transaction/transaction-coordinator.ts'
import type { NodeFacts } from '../cluster/node-facts.ts'
import type { DefinitionsOrigin } from '../definitions/export-definitions.ts'
import type { CountFiles } from '../lib/count-files.ts'
import type { Logger } from '../lib/logger.ts'
import type { ClusterDoor } from './api/where.ts'
import type { AuditLog } from './audit-log.ts'
import type { BrokerFigures, StatusSource } from './broker-status.ts'
import type { DemoControl } from './v1/demo-operations.ts'
import type { LiveConnections } from './v1/live-connections.ts'
import type { MaintenanceControl } from './v1/maintenance-operations.ts'

/** Times are in milliseconds since the Unix epoch. */
export interface BackupTaken {
  readonly startedAt: number
  /** Undefined while it is being taken. */
  readonly endedAt: number | undefined
  readonly byteCount: number
  /** It was sent to its end. */
  readonly isWhole: boolean
}

/** What the management API looks at and changes. */
export interface ManagementParts {
  readonly broker: Broker
  /** The other nodes and cells; undefined without a cluster. */
  readonly cluster?: ClusterDoor | undefined
  /** Of a node of a cluster: how what it keeps its cells in is. */
  readonly nodeFacts?: (() => NodeFacts) | undefined
  readonly keeper: AccessKeeper
  /** Connections of all protocols. */
  readonly clients: ClientRegistry
  readonly source: StatusSource
  /** As its status, without what is counted: soon answered, however much there is. */
  readonly figures: () => BrokerFigures
  readonly newTopics: NewTopics
  /** Kafka's consumer groups. */
  readonly groups: GroupCoordinator
  /** What these could not process. */
  readonly setAside: SetAside
  /** Kafka's transactions. */
  readonly transactions: TransactionCoordinator
  readonly shareGroups: ShareGroups
  /** Sessions, subscriptions and retained messages of MQTT. */
  readonly mqtt: SessionsDoor
  readonly statistics: Statistics
  readonly countFiles: CountFiles
  /** How many logins were right and wrong, of each protocol. */
  readonly logins: Users['logins']
  /** Where exported definitions say that they are from. Left out, none are served. */
  readonly origin?: DefinitionsOrigin
  /**
   * The bytes of a backup, at most so many a second, or why there is none; `isLasting`: not later either. Left out, none
   * is served.
   */
  readonly backUp?: (
    bytesPerSecond: number | undefined,
  ) => Promise<AsyncGenerator<Buffer> | { readonly problem: string; readonly isLasting?: boolean }>
  /** The last one since the start. */
  readonly backups?: { readonly last: BackupTaken | undefined }
  /** Left out where there are no listeners to close. */
  readonly maintenance?: MaintenanceControl
  /** Left out where there are no ports that a demo could come in by. */
  readonly openDemo?: () => Promise<DemoControl>
  /** Messages that requests have taken, on whichever port. */
  readonly leases: Leases
  /** Tails and exports that are under way, on whichever port. */
  readonly streams: MessageStreams
  /** Bytes that clients may make the broker hold, by kind. */
  readonly memoryBudgets?: Readonly<Record<string, number>>
  /** Connections that have views sent to them, on whichever port. */
  readonly live: LiveConnections
  /** Bytes of a body that may be published. */
  readonly messageSizeMax: number
  /** Of the broker, with where each is from. */
  readonly settings: readonly {
    readonly setting: string
    readonly value: unknown
    readonly origin: string
    readonly description: string
  }[]
  /** Has what was changed. */
  readonly audit: AuditLog
  /** Told what was changed. */
  readonly logger?: Logger
}

/** The view of the topology may be behind; then all who change it wait. */
export function roomToDeclare({ topology }: Broker): Promise<void> {
  return new Promise((resolve) => topology.whenCaughtUp(resolve))
}

/** The first of `keys` that `body` lacks, as RabbitMQ says it. */
export function whyMissing(
  body: Readonly<Record<string, unknown>>,
  keys: readonly string[],
): string | undefined {
  const missing = keys.find((key) => !Object.hasOwn(body, key))
  return missing === undefined ? undefined : `[{key_missing,${missing}}]`
}

export function badRequest(context: Context, reason: string): Response {
  return context.json({ error: 'bad_request', reason }, 400)
}

/** Who asks is to come again after so many seconds: it asks for too much (429), or others do (503). */
export function comeAgain(
  context: Context,
  status: 429 | 503,
  { reason, seconds }: { readonly reason: string; readonly seconds: number },
): Response {
  context.header('Retry-After', `${seconds}`)
  const error = status === 429 ? 'too_many_requests' : 'service_unavailable'
  return context.json({ error, reason }, status)
}

export function notFound(context: Context): Response {
  return context.json({ error: 'Object Not Found', reason: 'Not Found' }, 404)
}

/** Of a PUT: 201 for what is new. */
export function stored(context: Context, isNew: boolean): Response {
  return context.body(null, isNew ? 201 : 204)
}
