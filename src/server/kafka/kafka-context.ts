import type { CertificateName } from '../../auth/certificate-user.ts'
import type { Users } from '../../auth/users.ts'
import type { Broker } from '../../broker/broker.ts'
import type { ClientRegistry } from '../../broker/client/client-registry.ts'
import type { GroupConfig } from '../../broker/group/group-config.ts'
import type { GroupCoordinator } from '../../broker/group/group-coordinator.ts'
import type { MemoryAccount } from '../../broker/memory-account.ts'
import type { SetAside } from '../../broker/set-aside.ts'
import type { ShareGroups } from '../../broker/share/share-groups.ts'
import type { ProducerIds } from '../../broker/topic/producer-ids.ts'
import type { RestoredEnds } from '../../broker/topic/restored-ends.ts'
import type { Topics } from '../../broker/topic/topics.ts'
import type { TransactionBranch } from '../../broker/transaction/transaction-branch.ts'
import type { TransactionCoordinator } from '../../broker/transaction/transaction-coordinator.ts'
import type { BatchWorker } from '../../crossing/batch-worker.ts'
import type { Crossing } from '../../crossing/crossing.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Address } from '../../lib/listen.ts'
import type { Logger } from '../../lib/logger.ts'
import type { ServingGate } from '../../lib/serving-gate.ts'
import type { Slices } from '../../lib/slices.ts'
import type { TurnShare } from '../../lib/turn-share.ts'
import type { InputBudget } from '../input-budget.ts'
import type { SendWatch } from '../send-watch.ts'
import type { AdvertisedWatch } from './advertised-watch.ts'
import type { AnswerRoom } from './answer-room.ts'
import type { FetchSessions } from './fetch-sessions.ts'
import type { KafkaHome } from './kafka-home.ts'
import type { LargeRequests } from './large-requests.ts'
import type { LedTopics } from './led-topics.ts'
import type { LoginWatch } from './login-watch.ts'
import type { ShareSessions } from './share-sessions.ts'

/** A way into the broker; clients that came by one are told to stay on it. */
export interface KafkaListener {
  /** Kafka's name of it, which is that of its security protocol. */
  readonly name: 'PLAINTEXT' | 'SSL' | 'SASL_PLAINTEXT' | 'SASL_SSL'
  /**
   * Where clients are told to connect; known once the listener is open. `reachedHost` is this
   * machine's address that a client came to: it counts where the broker listens on all of them.
   */
  readonly advertised: (reachedHost?: string) => Address
  /** The setting that changes it. */
  readonly setting: string
}

/** Another node of the cluster, by where clients reach it. */
export interface OtherBroker {
  readonly nodeId: number
  readonly plain: Address | undefined
  readonly secure: Address | undefined
}

export interface KafkaSettings {
  /** Those that are open by now. */
  readonly listeners: () => readonly KafkaListener[]
  readonly requestSizeMax: number
  readonly clusterId: string
  /** The broker's id in Kafka's metadata [node.id]. */
  readonly nodeId: number
  /** Other nodes of the cluster, which take clients in as well. */
  readonly otherBrokers: () => readonly OtherBroker[]
  /** Those that have gone a moment ago and may come back. */
  readonly lateBrokers: () => readonly OtherBroker[]
  /** The broker that leads a topic's partitions of another cell; undefined while none does. */
  readonly ownerOf: (cell: number, topicId: string) => number | undefined
  /** Over how many cells the partitions of a new topic are spread; 0: all are in the home. */
  readonly spread: () => number
  /** A client that asks for a missing topic makes it [auto.create.topics.enable]. */
  readonly isAutoCreating: boolean
  /** Partitions of a topic for which nobody says how many [num.partitions]. */
  readonly partitionCount: number
  readonly groups: GroupConfig
  /** What of a client's certificate is the user's name. */
  readonly certificateName: CertificateName
  /** How long a login by SASL holds, in milliseconds; 0 for ever [connections.max.reauth.ms]. */
  readonly sessionMsMax: number
}

/** What the server is put together from. */
export interface KafkaParts {
  readonly broker: Broker
  /** All there are where this is their home. */
  readonly topics: Topics
  /** Where this cell is one of several; by default it leads all there are. */
  readonly led?: LedTopics
  /** The way to the cell that keeps all topics and groups, where that is another one. */
  readonly home?: KafkaHome | undefined
  /** Resolves when those who lead partitions know of what was made, or after a while. */
  readonly whenFollowed?: () => Promise<void>
  readonly groups: GroupCoordinator
  readonly setAside: SetAside
  readonly shareGroups: ShareGroups
  readonly producerIds: ProducerIds
  readonly transactions: TransactionCoordinator
  /** Where another cell coordinates the transactions of this one's partitions. */
  readonly branch?: TransactionBranch | undefined
  readonly restoredEnds: RestoredEnds
  readonly fetchSessions: FetchSessions
  readonly shareSessions: ShareSessions
  readonly crossing: Crossing
  readonly batchWorker: BatchWorker
  readonly advertisedWatch: AdvertisedWatch
  readonly loginWatch: LoginWatch
  readonly users: Users
  /** Where connections of all protocols are listed. */
  readonly clients: ClientRegistry
  readonly clock: Clock
  /** Nothing leaves while it is shut; undefined where it never is. */
  readonly gate?: ServingGate | undefined
  readonly logger: Logger
  /** What clients make the broker hold. */
  readonly memory: MemoryAccount
  /** Of all protocols together. */
  readonly inputBudget: InputBudget
  /** For what takes longer than a turn. */
  readonly slices: Pick<Slices, 'run'>
  readonly settings: KafkaSettings
}

/** Everything that Kafka connections share. */
export interface KafkaContext extends KafkaParts {
  readonly led: LedTopics
  /** For reading requests and beginning them. */
  readonly requestShare: TurnShare
  readonly largeRequests: LargeRequests
  readonly answerRoom: AnswerRoom
  /** For connections whose peers do not take what they are sent. */
  readonly sendWatch: SendWatch
}
