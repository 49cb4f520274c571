// A connection of a client, whatever it speaks: what lists show of it, and how it is ended.
import type { ClientProtocol, Principal } from '../../auth/principal.ts'
import type { Transport } from '../../lib/transport.ts'
import type { FieldTable } from '../../record/message/field-table.ts'
import type { ClientCounters } from '../counters/client-counters.ts'
import type { ConnectionToken } from '../queue/queue-context.ts'
import type { ChannelInfo } from './channel-info.ts'
import type { TlsFacts } from './tls-facts.ts'

/** Where a connection is in its life; `blocked`: it publishes, and publishers have to wait. */
export type ClientState = 'starting' | 'running' | 'blocked' | 'closing'

/** What it has agreed on with the broker. */
export interface ClientLimits {
  readonly channelMax: number
  readonly frameSizeMax: number
  /** 0 for no heartbeats. */
  readonly heartbeatSeconds: number
}

export interface Client {
  /** Rises with each connection; never used again while the node runs. */
  readonly id: number
  readonly protocol: ClientProtocol
  /** Where clients of a protocol speak one of several versions of it: `1.2`. */
  readonly protocolVersion?: string | undefined
  /** What lists call it; left out, it is named after its two ends. */
  readonly givenName?: string
  readonly transport: Transport
  /** When it was accepted, in milliseconds since the Unix epoch. */
  readonly connectedAt: number
  /** Undefined until it has logged in. */
  readonly principal: Principal | undefined
  /** SASL's name of what it has logged in by; undefined until then, and for HTTP. */
  readonly mechanism: string | undefined
  /** Undefined without TLS. Asked of the socket. */
  readonly tls: TlsFacts | undefined
  /** Undefined until it has chosen one. */
  readonly vhost: string | undefined
  /** What the client says of itself, such as its product and version. */
  readonly properties: FieldTable
  readonly state: ClientState
  /** Whom its exclusive queues belong to; undefined where it cannot have any. */
  readonly token: ConnectionToken | undefined
  /** Of AMQP; others have none, and so no limits, channels and consumers either. */
  readonly limits: ClientLimits | undefined
  /** Seconds: how often a client of MQTT or STOMP has promised to say something; 0 for never. Others leave it out. */
  readonly keepAliveSeconds?: number | undefined
  readonly channelCount: number
  /** Channels, or for other protocols connections, that have published something. */
  readonly publisherCount: number
  /** Consumers of queues; left out by AMQP, whose consumers are all that others are not. */
  readonly consumerCount?: number
  channels(): Iterable<ChannelInfo>
  readonly counters: ClientCounters
  /** Bytes of its protocol, without those of TLS. */
  readonly receivedSize: number
  readonly sentSize: number
  /** Bytes that it has not taken yet. */
  readonly unsentSize: number
  /** Ends the connection, and tells the client why where its protocol has words for that. */
  close(reason: string): void
}
