// A STOMP connection as the list of all clients shows it.
import type { ClientProtocol, Principal } from '../../auth/principal.ts'
import type { ChannelInfo } from '../../broker/client/channel-info.ts'
import type { Client, ClientLimits, ClientState } from '../../broker/client/client.ts'
import type { TlsFacts } from '../../broker/client/tls-facts.ts'
import { ClientCounters } from '../../broker/counters/client-counters.ts'
import type { ConnectionToken } from '../../broker/queue/queue.ts'
import type { Transport } from '../../lib/transport.ts'
import { type FieldTable, table } from '../../record/message/field-table.ts'
import { channelInfoOf } from './channel-info.ts'
import type { StompConnection } from './connection.ts'

/** STOMP has nothing in which a client could say what it is. RabbitMQ says this. */
const properties = table({ product: 'STOMP client' })

const nothing: ClientCounters = new ClientCounters()

export class StompClient implements Client {
  readonly protocol: ClientProtocol = 'STOMP'
  readonly id: number
  readonly connectedAt: number
  readonly limits: ClientLimits | undefined = undefined
  readonly #connection: StompConnection

  constructor(
    connection: StompConnection,
    { id, connectedAt }: Pick<Client, 'id' | 'connectedAt'>,
  ) {
    this.id = id
    this.connectedAt = connectedAt
    this.#connection = connection
  }

  get protocolVersion(): string | undefined {
    return this.#connection.session?.version
  }

  get transport(): Transport {
    return this.#connection.peer.transport
  }

  get principal(): Principal | undefined {
    return this.#connection.principal
  }

  get mechanism(): string | undefined {
    return this.#connection.login.mechanism
  }

  get tls(): TlsFacts | undefined {
    return this.#connection.peer.tls
  }

  get vhost(): string | undefined {
    return this.#connection.session?.vhost.name
  }

  get properties(): FieldTable {
    return properties
  }

  get publisherCount(): number {
    return this.#connection.hasPublished ? 1 : 0
  }

  get consumerCount(): number {
    return this.#connection.session?.subscriptions.size ?? 0
  }

  get keepAliveSeconds(): number | undefined {
    return this.#connection.heartBeatSeconds
  }

  get state(): ClientState {
    const { status, isBlocked } = this.#connection
    if (status === 'login') return 'starting'
    if (status === 'running') return isBlocked ? 'blocked' : 'running'
    return 'closing'
  }

  get token(): ConnectionToken {
    return this.#connection
  }

  get channelCount(): number {
    return this.#connection.session === undefined ? 0 : 1
  }

  *channels(): Iterable<ChannelInfo> {
    const { session } = this.#connection
    if (session !== undefined) yield channelInfoOf(session)
  }

  get counters(): ClientCounters {
    return this.#connection.session?.counters ?? nothing
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

  /** ERROR `connection_forced`. */
  close(reason: string): void {
    this.#connection.forceToEnd(reason)
  }
}
