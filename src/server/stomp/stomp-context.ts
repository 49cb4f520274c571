import type { CertificateName } from '../../auth/certificate-user.ts'
import type { Users } from '../../auth/users.ts'
import type { Broker } from '../../broker/broker.ts'
import type { ClientRegistry } from '../../broker/client/client-registry.ts'
import type { MemoryAccount } from '../../broker/memory-account.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Logger } from '../../lib/logger.ts'
import type { Random } from '../../lib/random.ts'
import type { ServingGate } from '../../lib/serving-gate.ts'
import type { TurnShare } from '../../lib/turn-share.ts'
import type { Turn } from '../../lib/turn.ts'
import type { InputBudget } from '../input-budget.ts'
import type { SendWatch } from '../send-watch.ts'

/** What the STOMP server offers clients and asks of them. */
export interface StompSettings {
  readonly messageSizeMax: number
  /** What of a client's certificate is its user. */
  readonly certificateName: CertificateName
  /** A peer that takes nothing of what it is sent for so long is ended. */
  readonly sendTimeoutMs: number
  /** `server` of CONNECTED: clients branch on it. */
  readonly productName: string
  readonly productVersion: string
  /** Of clients that name no host. */
  readonly defaultVHost: string
  /** Whom clients are that give no login; undefined: guest, where that is there. */
  readonly defaultUser: string | undefined
  /** Whether clients that show a certificate and give no login are the user that it names. */
  readonly takesCertificates: boolean
  /** Whether clients that come by WebSocket log in with their request's Authorization. */
  readonly takesHttpLogins: boolean
  /** A client whose first frame is not CONNECT is logged in without one, and is not told. */
  readonly isImplicit: boolean
  /** Bytes of a frame of a client that has logged in. */
  readonly frameSizeMax: number
  /** The exchange behind /topic/. */
  readonly topicExchange: string
  /** Whether a NACK that does not say so puts its message back. */
  readonly requeuesNacked: boolean
  /** Queues of sessions of Spring's relay go when nobody has used them for so long; 0: never. */
  readonly userQueueExpiresMs: number
  /** Refuses what RabbitMQ 4.2 does not take from old programs. */
  readonly isStrict: boolean
}

/** What the server is put together from. */
export interface StompParts {
  readonly broker: Broker
  readonly users: Users
  /** Where connections of all protocols are listed. */
  readonly clients: ClientRegistry
  readonly turn: Turn
  /** Nothing leaves while it is shut; undefined where it never is. */
  readonly gate?: ServingGate | undefined
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  /** What clients make the broker hold. */
  readonly memory: MemoryAccount
  /** Of all protocols together. */
  readonly inputBudget: InputBudget
  readonly settings: StompSettings
}

/** Everything that connections share. */
export interface StompContext extends StompParts {
  /** What handling frames may take of a turn. */
  readonly frameShare: TurnShare
  readonly sendWatch: SendWatch
}
