// An AMQP connection as the list of all clients shows it.
import type { ClientProtocol, Principal } from '../../auth/principal.ts'
import type { ChannelInfo } from '../../broker/client/channel-info.ts'
import type { Client, ClientLimits, ClientState } from '../../broker/client/client.ts'
import type { TlsFacts } from '../../broker/client/tls-facts.ts'
import type { ClientCounters } from '../../broker/counters/client-counters.ts'
import type { ConnectionToken } from '../../broker/queue/queue.ts'
import type { Transport } from '../../lib/transport.ts'
import type { FieldTable } from '../../record/message/field-table.ts'
import { channelInfoOf } from './channel-info.ts'
import type { Connection } from './connection.ts'
import { makeReply } from './reply.ts'

export class AmqpClient implements Client {
  readonly protocol: ClientProtocol = 'AMQP 0-9-1'
  readonly id: number
  readonly connectedAt: number
  readonly #connection: Connection

  constructor(connection: Connection, { id, connectedAt }: Pick<Client, 'id' | 'connectedAt'>) {
    this.id = id
    this.connectedAt = connectedAt
    this.#connection = connection
  }

  get transport(): Transport {
    return this.#connection.peer.transport
  }

  get principal(): Principal | undefined {
    return this.#connection.principal
  }

  get mechanism(): string | undefined {
    return this.#connection.mechanism
  }

  get tls(): TlsFacts | undefined {
    return this.#connection.peer.tls
  }

  get vhost(): string | undefined {
    return this.#connection.vhostName
  }

  get properties(): FieldTable {
    return this.#connection.clientProperties
  }

  get publisherCount(): number {
    return this.#connection.channels.publisherCount
  }

  get state(): ClientState {
    const { status, blockedNotice } = this.#connection
    if (status === 'running') return blockedNotice.isBlocked ? 'blocked' : 'running'
    return status === 'closing' || status === 'closed' ? 'closing' : 'starting'
  }

  get token(): ConnectionToken {
    return this.#connection
  }

  get limits(): ClientLimits {
    const { channels, frameMax, heartbeatSeconds } = this.#connection
    return { channelMax: channels.max, frameSizeMax: frameMax, heartbeatSeconds }
  }

  get channelCount(): number {
    return this.#connection.channels.count
  }

  *channels(): Iterable<ChannelInfo> {
    for (const channel of this.#connection.channels.all()) yield channelInfoOf(channel)
  }

  /** What all its channels have counted, those that are closed as well. */
  get counters(): ClientCounters {
    return this.#connection.channels.counters
  }

  get receivedSize(): number {
    const { peer, socket } = this.#connection
    return peer.receivedBefore + socket.bytesRead
  }

  get sentSize(): number {
    const { peer, socket } = this.#connection
    return peer.sentBefore + socket.bytesWritten
  }

  get unsentSize(): number {
    return this.#connection.output.unsentSize
  }

  /** connection.close with 320 CONNECTION_FORCED. */
  close(reason: string): void {
    this.#connection.closeForReply(makeReply('connection_forced', reason))
  }
}
