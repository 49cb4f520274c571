// A Kafka connection as the list of all clients shows it.
import type { Socket } from 'node:net'
import type { ClientProtocol, Principal } from '../../auth/principal.ts'
import { defaultVHost } from '../../broker/broker.ts'
import type { ChannelInfo } from '../../broker/client/channel-info.ts'
import type { Client, ClientState } from '../../broker/client/client.ts'
import type { TlsFacts } from '../../broker/client/tls-facts.ts'
import type { ClientCounters } from '../../broker/counters/client-counters.ts'
import type { Logger } from '../../lib/logger.ts'
import type { Transport } from '../../lib/transport.ts'
import { type FieldTable, table } from '../../record/message/field-table.ts'
import type { PeerFacts } from '../peer-facts.ts'
import type { KafkaClient } from './request-context.ts'

interface EntryParts {
  readonly socket: Socket
  readonly peer: PeerFacts
  readonly logger: Logger
}

export class KafkaClientEntry implements Client {
  readonly protocol: ClientProtocol = 'Kafka'
  readonly channelCount = 0
  readonly state: ClientState = 'running'
  readonly limits = undefined
  readonly token = undefined
  readonly vhost: string = defaultVHost
  readonly id: number
  readonly connectedAt: number
  readonly transport: Transport
  readonly #connection: KafkaClient
  readonly #socket: Socket
  readonly #peer: PeerFacts
  readonly #logger: Logger

  constructor(
    connection: KafkaClient,
    { socket, peer, logger }: EntryParts,
    { id, connectedAt }: Pick<Client, 'id' | 'connectedAt'>,
  ) {
    this.id = id
    this.connectedAt = connectedAt
    this.transport = peer.transport
    this.#peer = peer
    this.#connection = connection
    this.#socket = socket
    this.#logger = logger
  }

  get principal(): Principal | undefined {
    return this.#connection.sasl.principal
  }

  /** Undefined where it may be here without a login. */
  get mechanism(): string | undefined {
    return this.#connection.sasl.loggedInBy
  }

  get tls(): TlsFacts | undefined {
    return this.#peer.tls
  }

  get properties(): FieldTable {
    const { clientId, softwareName, softwareVersion } = this.#connection.names
    const known = { client_id: clientId, product: softwareName, version: softwareVersion }
    return table(Object.fromEntries(Object.entries(known).filter(([, value]) => value !== '')))
  }

  get publisherCount(): number {
    return this.counters.published > 0 ? 1 : 0
  }

  get counters(): ClientCounters {
    return this.#connection.counters
  }

  get receivedSize(): number {
    return this.#peer.receivedBefore + this.#socket.bytesRead
  }

  get sentSize(): number {
    return this.#peer.sentBefore + this.#socket.bytesWritten
  }

  get unsentSize(): number {
    return this.#socket.writableLength
  }

  channels(): Iterable<ChannelInfo> {
    return []
  }

  /** Kafka has no word for it: the socket closes, and the log says why. */
  close(reason: string): void {
    const { peer } = this.transport
    this.#logger.info({ remote: peer.host, reason }, 'Kafka connection closed')
    this.#connection.destroy()
  }
}
