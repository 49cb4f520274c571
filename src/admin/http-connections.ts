// The accepted HTTP connections. Where there are too many, the one ends that has been idle for longest,
// or the oldest of all: a new one is always answered, as health checks have to be.
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Principal } from '../auth/principal.ts'
import type { ClientRegistry } from '../broker/client/client-registry.ts'
import { networkLimits } from '../limits/network.ts'
import { HttpClient } from './http-client.ts'

export interface HttpConnectionsOptions {
  readonly server: Server
  /** Where connections of all protocols are listed. */
  readonly clients: ClientRegistry
  /** The principal of a connection before it has logged in. */
  readonly anonymousFrom: (address: string) => Principal | undefined
}

export class HttpConnections {
  readonly #options: HttpConnectionsOptions
  readonly #all = new Map<Socket, HttpClient>()
  /** Without a request that is being answered, in the order in which they became so. */
  readonly #idle = new Set<HttpClient>()

  constructor(options: HttpConnectionsOptions) {
    this.#options = options
    options.server.on('request', (request, response) => this.#onRequest(request, response))
  }

  readonly accept = (socket: Socket): void => {
    const { server, clients, anonymousFrom } = this.#options
    if (this.#all.size >= networkLimits.httpConnectionsMax) this.#endOldest()
    const client = new HttpClient(socket, clients.register())
    client.principal = anonymousFrom(client.transport.peer.host)
    this.#all.set(socket, client)
    this.#idle.add(client)
    clients.add(client)
    socket.once('close', () => this.#forget(client))
    server.emit('connection', socket)
    socket.resume()
  }

  /** Undefined when the connection has ended. */
  find(socket: Socket): HttpClient | undefined {
    return this.#all.get(socket)
  }

  /** Its socket is another protocol's from now on. */
  release(socket: Socket): void {
    const client = this.find(socket)
    if (client !== undefined) this.#forget(client)
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#options.server.close(() => resolve())
      for (const socket of this.#all.keys()) socket.destroy()
    })
  }

  #onRequest({ socket, headers }: IncomingMessage, response: ServerResponse): void {
    const client = this.find(socket)
    if (client === undefined) return
    client.userAgent = headers['user-agent'] ?? ''
    client.isBusy = true
    this.#idle.delete(client)
    response.once('close', () => {
      client.isBusy = false
      if (this.find(socket) === client) this.#idle.add(client)
    })
  }

  #endOldest(): void {
    const [oldest] = this.#idle.size > 0 ? this.#idle : this.#all.values()
    if (oldest === undefined) return
    this.#forget(oldest)
    oldest.socket.destroy()
  }

  #forget(client: HttpClient): void {
    this.#all.delete(client.socket)
    this.#idle.delete(client)
    this.#options.clients.remove(client)
  }
}
