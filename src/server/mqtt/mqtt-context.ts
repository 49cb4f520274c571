import type { CertificateName } from '../../auth/certificate-user.ts'
import type { Sessions } from '../../broker/session/sessions.ts'
import type { TurnShare } from '../../lib/turn-share.ts'
import type { MessageServerParts } from '../message-server-parts.ts'
import type { SendWatch } from '../send-watch.ts'
import type { PublishToRecord } from './message/publish-to-record.ts'
import type { SystemValues } from './system-values.ts'
import type { TrafficCounts } from './traffic-counts.ts'

/** What the MQTT server offers clients and asks of them. */
export interface MqttSettings {
  /** Of clients that name none, and whose port and certificate say none. */
  readonly vhost: string
  /** A colon belongs to the user's name. */
  readonly ignoresColons: boolean
  /** Whom clients are who give no name; undefined: they are refused. */
  readonly anonymousUser: string | undefined
  /** Clients that show a certificate are the user that it names. */
  readonly hasCertificateLogin: boolean
  /** What of a client's certificate is its user. */
  readonly certificateName: CertificateName
  /** What of it the client id has to be. */
  readonly certificateClientId: 'none' | 'distinguished-name' | 'subject-alternative-name'
  /** Whoever does what it may not is disconnected; otherwise it is told with the answer. */
  readonly disconnectsUnauthorized: boolean
  /** Messages of QoS 1 and 2 on their way to a client. */
  readonly prefetch: number
  /** And from one. */
  readonly receiveMax: number
  /** Of either side. */
  readonly topicAliasMax: number
  readonly packetSizeMax: number
  readonly messageSizeMax: number
  /** How long a session may outlive its connection; Infinity for ever. */
  readonly sessionExpirySecondsMax: number
  /** 0 for any. */
  readonly keepAliveSecondsMax: number
  /** How often the values below $SYS are sent; 0 for never. */
  readonly sysIntervalMs: number
  /** A peer that takes nothing of what it is sent for so long is ended. */
  readonly sendTimeoutMs: number
}

/** What the server is put together from. */
export interface MqttParts extends MessageServerParts {
  readonly settings: MqttSettings
  readonly sessions: Sessions
}

/** Everything that connections share. */
export interface MqttContext extends MqttParts {
  /** What handling packets may take of a turn. */
  readonly packetShare: TurnShare
  readonly sendWatch: SendWatch
  readonly counts: TrafficCounts
  readonly system: SystemValues
  /** Of messages to the exchange that subscriptions hang at. */
  readonly toRecord: PublishToRecord
}
