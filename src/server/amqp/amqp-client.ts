// An AMQP connection as the list of all clients shows it.
import type { Socket } from 'node:net'
import type { ClientProtocol, Principal } from '../../auth/principal.ts'
import type { Client } from '../../broker/client/client.ts'
import type { ClientCounters } from '../../broker/counters/client-counters.ts'
import { type Transport, transportOf } from '../../lib/transport.ts'
import type { FieldTable } from '../../record/message/field-table.ts'
import type { Connection } from './connection.ts'
import { makeReply } from './reply.ts'

export class AmqpClient implements Client {
  readonly protocol: ClientProtocol = 'AMQP 0-9-1'
  readonly id: number
  readonly connectedAt: number
  readonly transport: Transport
  readonly #connection: Connection
  readonly #socket: Socket

  constructor(
    connection: Connection,
    socket: Socket,
    { id, connectedAt }: Pick<Client, 'id' | 'connectedAt'>,
  ) {
    this.id = id
    this.connectedAt = connectedAt
    this.transport = transportOf(socket)
    this.#connection = connection
    this.#socket = socket
  }

  get principal(): Principal | undefined {
    return this.#connection.principal
  }

  get vhost(): string | undefined {
    return this.#connection.vhostName
  }

  get properties(): FieldTable {
    return this.#connection.clientProperties
  }

  get channelCount(): number {
    return this.#connection.channels.count
  }

  get publisherCount(): number {
    return this.#connection.channels.publisherCount
  }

  get counters(): ClientCounters {
    return this.#connection.channels.counters
  }

  get receivedSize(): number {
    return this.#socket.bytesRead
  }

  get sentSize(): number {
    return this.#socket.bytesWritten
  }

  /** connection.close with 320 CONNECTION_FORCED. */
  close(reason: string): void {
    this.#connection.closeForReply(makeReply('connection_forced', reason))
  }
}
