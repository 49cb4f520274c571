// The connections of a server: they come, unless memory is nearly used up, the list of all clients shows them, and they
// go, by themselves or all at once.
import type { Socket } from 'node:net'
import type { Client } from '../broker/client/client.ts'
import type { ByteSource, Incoming } from './byte-source.ts'
import type { MessageServerParts } from './message-server-parts.ts'
import type { PeerFacts } from './peer-facts.ts'
import { WriteHold } from './write-hold.ts'

/** A client that has come, perhaps elsewhere: then it is known who the peer is. */
export interface Arrival extends Incoming {
  readonly peer?: PeerFacts
}

export interface ConnectionListParts<Connection> {
  readonly parts: Pick<MessageServerParts, 'broker' | 'clients' | 'gate'>
  readonly open: (arrival: Arrival, onClosed: (connection: Connection) => void) => Connection
  /** As the list of all clients shows it. */
  readonly describe: (
    connection: Connection,
    registered: Pick<Client, 'id' | 'connectedAt'>,
  ) => Client
}

export class ConnectionList<Connection> implements Iterable<Connection> {
  readonly #parts: ConnectionListParts<Connection>
  readonly #clients = new Map<Connection, Client>()
  #allClosed: PromiseWithResolvers<void> | undefined

  constructor(parts: ConnectionListParts<Connection>) {
    this.#parts = parts
  }

  get size(): number {
    return this.#clients.size
  }

  [Symbol.iterator](): IterableIterator<Connection> {
    return this.#clients.keys()
  }

  /** Whether clients are taken over now. Memory may be nearly used up. */
  get mayEnter(): boolean {
    return this.#parts.parts.broker.admission.mayEnter
  }

  /** Takes over an accepted socket, or what looks like one; closes it when memory is nearly used up. */
  accept(socket: Socket, source: ByteSource): void {
    if (this.mayEnter) this.open({ socket, source })
    else socket.destroy()
  }

  /** Takes over a client that has been let in. */
  open(arrival: Arrival): Connection {
    const { parts, open, describe } = this.#parts
    const { clients, gate } = parts
    const hold = gate && new WriteHold(arrival.socket, gate)
    const connection = open({ ...arrival, hold }, (closed) => this.#onClosed(closed))
    const client = describe(connection, clients.register())
    this.#clients.set(connection, client)
    clients.add(client)
    return connection
  }

  /** Has each connection that is there end, and resolves when they are closed. */
  async endAll(end: (connection: Connection) => void): Promise<void> {
    if (this.size === 0) return
    this.#allClosed ??= Promise.withResolvers()
    const { promise } = this.#allClosed
    for (const connection of this) end(connection)
    await promise
    this.#allClosed = undefined
  }

  #onClosed(connection: Connection): void {
    const client = this.#clients.get(connection)
    if (client !== undefined) this.#parts.parts.clients.remove(client)
    this.#clients.delete(connection)
    if (this.size === 0) this.#allClosed?.resolve()
  }
}
