import type { CertificateName } from '../../auth/certificate-user.ts'
import type { Users } from '../../auth/users.ts'
import type { Admission } from '../../broker/admission.ts'
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

/** What the AMQP server offers clients and asks of them. */
export interface AmqpSettings {
  readonly frameMax: number
  readonly channelMax: number
  readonly heartbeatSeconds: number
  readonly messageSizeMax: number
  /** Refuses what RabbitMQ 4.2 does not take from old programs. */
  readonly isStrict: boolean
  /** What of a client's certificate is its user. */
  readonly certificateName: CertificateName
  /** A peer that takes nothing of what it is sent for so long is ended. */
  readonly sendTimeoutMs: number
  /** `product` and `version` of the server properties: clients branch on them. */
  readonly productName: string
  readonly productVersion: string
}

/** What the server is put together from. */
export interface AmqpParts {
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
  readonly settings: AmqpSettings
}

/** Everything that connections share. */
export interface AmqpContext extends AmqpParts {
  readonly admission: Pick<Admission, 'admit'>
  /** What clients are told that the cluster is called. */
  readonly clusterName: () => string
  /** What handling frames may take of a turn. */
  readonly frameShare: TurnShare
  readonly sendWatch: SendWatch
}
