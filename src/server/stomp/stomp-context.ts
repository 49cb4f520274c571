import type { CertificateName } from '../../auth/certificate-user.ts'
import type { SessionsDoor } from '../../broker/session/sessions.ts'
import type { TurnShare } from '../../lib/turn-share.ts'
import type { MessageServerParts } from '../message-server-parts.ts'
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
export interface StompParts extends MessageServerParts {
  /** What retained messages of MQTT are known by; undefined where nobody may set any. */
  readonly mqtt?: Pick<SessionsDoor, 'sessions'>
  readonly settings: StompSettings
}

/** Everything that connections share. */
export interface StompContext extends StompParts {
  /** What handling frames may take of a turn. */
  readonly frameShare: TurnShare
  readonly sendWatch: SendWatch
}
