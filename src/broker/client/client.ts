// A connection of a client, whatever it speaks: what lists show of it, and how it is ended.
import type { ClientProtocol, Principal } from '../../auth/principal.ts'
import type { Transport } from '../../lib/transport.ts'
import type { FieldTable } from '../../record/message/field-table.ts'
import type { ClientCounters } from '../counters/client-counters.ts'

export interface Client {
  /** Rises with each connection; never used again while the node runs. */
  readonly id: number
  readonly protocol: ClientProtocol
  readonly transport: Transport
  /** When it was accepted, in milliseconds since the Unix epoch. */
  readonly connectedAt: number
  /** Undefined until it has logged in. */
  readonly principal: Principal | undefined
  /** Undefined until it has chosen one. */
  readonly vhost: string | undefined
  /** What the client says of itself, such as its product and version. */
  readonly properties: FieldTable
  /** Of AMQP; others have none. */
  readonly channelCount: number
  /** Channels, or for other protocols connections, that have published something. */
  readonly publisherCount: number
  readonly counters: ClientCounters
  /** Bytes of its protocol, without those of TLS. */
  readonly receivedSize: number
  readonly sentSize: number
  /** Ends the connection, and tells the client why where its protocol has words for that. */
  close(reason: string): void
}
