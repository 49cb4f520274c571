import type { Users } from '../../auth/users.ts'
import type { Broker } from '../../broker/broker.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Logger } from '../../lib/logger.ts'
import type { Random } from '../../lib/random.ts'
import type { Turn } from '../../lib/turn.ts'

/** What the AMQP server offers clients and asks of them. */
export interface AmqpSettings {
  readonly frameMax: number
  readonly channelMax: number
  readonly heartbeatSeconds: number
  readonly messageSizeMax: number
  /** `product` and `version` of the server properties: clients branch on them. */
  readonly productName: string
  readonly productVersion: string
}

/** Everything that connections share. */
export interface AmqpContext {
  readonly broker: Broker
  readonly users: Users
  readonly turn: Turn
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly settings: AmqpSettings
}
