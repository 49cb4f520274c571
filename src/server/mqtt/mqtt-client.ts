// An MQTT connection as the list of all clients shows it.
import type { ClientProtocol, Principal } from '../../auth/principal.ts'
import type { ChannelInfo } from '../../broker/client/channel-info.ts'
import type { Client, ClientState } from '../../broker/client/client.ts'
import type { TlsFacts } from '../../broker/client/tls-facts.ts'
import type { ClientCounters } from '../../broker/counters/client-counters.ts'
import { mqttVersionNames } from '../../codec/mqtt/packet-type.ts'
import { reasonCode } from '../../codec/mqtt/reason-code.ts'
import type { Transport } from '../../lib/transport.ts'
import { emptyTable, type FieldTable, table } from '../../record/message/field-table.ts'
import type { MqttConnection } from './connection.ts'

export class MqttClient implements Client {
  readonly protocol: ClientProtocol = 'MQTT'
  readonly channelCount = 0
  readonly token = undefined
  readonly limits = undefined
  readonly id: number
  readonly connectedAt: number
  readonly #connection: MqttConnection

  constructor(connection: MqttConnection, { id, connectedAt }: Pick<Client, 'id' | 'connectedAt'>) {
    this.id = id
    this.connectedAt = connectedAt
    this.#connection = connection
  }

  get protocolVersion(): string | undefined {
    const { status, version } = this.#connection
    return status === 'connecting' ? undefined : mqttVersionNames[version]
  }

  /** The authentication method; a password of MQTT has no name. */
  get mechanism(): string | undefined {
    return this.#connection.auth?.method
  }

  get transport(): Transport {
    return this.#connection.peer.transport
  }

  get principal(): Principal | undefined {
    return this.#connection.principal
  }

  get tls(): TlsFacts | undefined {
    return this.#connection.peer.tls
  }

  get vhost(): string | undefined {
    return this.#connection.vhostName
  }

  get properties(): FieldTable {
    const { clientId } = this.#connection
    return clientId === undefined ? emptyTable : table({ client_id: clientId })
  }

  /** Of MQTT 5 the one that the broker has set. */
  get keepAliveSeconds(): number | undefined {
    const { clientId, keepAliveSeconds } = this.#connection
    return clientId === undefined ? undefined : keepAliveSeconds
  }

  get state(): ClientState {
    const { status, hasPublished, context } = this.#connection
    if (status === 'running') {
      return hasPublished && context.broker.shortage.reason !== undefined ? 'blocked' : 'running'
    }
    return status === 'closing' || status === 'closed' ? 'closing' : 'starting'
  }

  get publisherCount(): number {
    return this.#connection.hasPublished ? 1 : 0
  }

  get consumerCount(): number {
    return this.#connection.subscriptionCount
  }

  channels(): Iterable<ChannelInfo> {
    return []
  }

  get counters(): ClientCounters {
    return this.#connection.counters
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

  close(reason: string): void {
    this.#connection.endFor(reasonCode.administrativeAction, reason)
  }
}
