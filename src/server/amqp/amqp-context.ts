import type { CertificateName } from '../../auth/certificate-user.ts'
import type { Admission } from '../../broker/admission.ts'
import type { SessionsDoor } from '../../broker/session/sessions.ts'
import type { TurnShare } from '../../lib/turn-share.ts'
import type { MessageServerParts } from '../message-server-parts.ts'
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
export interface AmqpParts extends MessageServerParts {
  readonly settings: AmqpSettings
  /** Who retains messages for clients of MQTT; left out where there are none. */
  readonly mqtt?: Pick<SessionsDoor, 'sessions'>
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
