// HTTP on accepted sockets. It serves before the routes are loaded; requests in between wait for them.
import { createServer, type RequestListener, type Server, type ServerOptions } from 'node:http'
import type { Socket } from 'node:net'
import { networkLimits } from '../limits/network.ts'
import type { RouteOptions } from './routes.ts'

/** What the HTTP server is opened with. */
export interface HttpServerOptions extends RouteOptions {
  /** Something that is no HTTP came, which is answered and ended. */
  readonly onUnreadable?: (bytes: Buffer, remoteAddress: string) => void
  /** Until the header of a request is there; `networkLimits` has the usual one. */
  readonly headersMsMax?: number
}

/** An HTTP server for sockets that listeners accept. */
export interface HttpServer {
  /** Serves an accepted connection of which nothing has been read. */
  readonly accept: (socket: Socket) => void
  /** Loads the routes; else the first request does. Call it when there is time. */
  readonly prepare: () => Promise<void>
  /** Ends open connections. */
  readonly close: () => Promise<void>
}

export function openHttpServer(options: HttpServerOptions): HttpServer {
  let loading: Promise<RequestListener> | undefined
  const load = (): Promise<RequestListener> => {
    loading ??= import('./routes.ts').then((routes) => routes.createRequestListener(options))
    return loading
  }
  const server = createServer(timeouts(options.headersMsMax), (request, response) => {
    load().then(
      (answer) => answer(request, response),
      () => {
        loading = undefined
        response.writeHead(503).end()
      },
    )
  })
  server.on('clientError', (error: ParserError, socket: Socket) => {
    options.onUnreadable?.(error.rawPacket ?? Buffer.alloc(0), socket.remoteAddress ?? '')
    refuse(error, socket)
  })
  // Node looks after slow and idle connections from here on only.
  server.emit('listening')
  const prepare = async (): Promise<void> => {
    // What cannot be loaded now is tried again with the first request.
    await load().catch(() => (loading = undefined))
  }
  const connections = new HttpConnections(server)
  return { accept: connections.accept, prepare, close: () => connections.close() }
}

function timeouts(headersMsMax: number = networkLimits.httpHeadersMsMax): ServerOptions {
  return {
    headersTimeout: headersMsMax,
    requestTimeout: networkLimits.httpRequestMsMax,
    // Node looks at all connections that often, which is how exact the others are.
    connectionsCheckingInterval: Math.min(headersMsMax, networkLimits.httpCheckMs),
  }
}

/**
 * The accepted connections: where there are too many, the one ends that has been idle for longest, or
 * the oldest of all. Who comes newly is answered, as health checks have to be.
 */
class HttpConnections {
  readonly #server: Server
  readonly #all = new Set<Socket>()
  /** Without a request that is being answered, in the order in which they became so. */
  readonly #idle = new Set<Socket>()

  constructor(server: Server) {
    this.#server = server
    server.on('request', ({ socket }, response) => {
      this.#idle.delete(socket)
      response.once('close', () => {
        if (this.#all.has(socket)) this.#idle.add(socket)
      })
    })
  }

  readonly accept = (socket: Socket): void => {
    if (this.#all.size >= networkLimits.httpConnectionsMax) this.#endOldest()
    this.#all.add(socket)
    this.#idle.add(socket)
    socket.once('close', () => this.#forget(socket))
    this.#server.emit('connection', socket)
    socket.resume()
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve())
      for (const socket of this.#all) socket.destroy()
    })
  }

  #endOldest(): void {
    const [oldest] = this.#idle.size > 0 ? this.#idle : this.#all
    if (oldest === undefined) return
    this.#forget(oldest)
    oldest.destroy()
  }

  #forget(socket: Socket): void {
    this.#all.delete(socket)
    this.#idle.delete(socket)
  }
}

/** What Node's parser says of bytes that are no request. */
interface ParserError extends NodeJS.ErrnoException {
  readonly rawPacket?: Buffer
}

const refusals: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
}

/** As Node does by itself where nobody listens for such errors. */
function refuse({ code = '' }: ParserError, socket: Socket): void {
  const status = refusals[code] ?? '400 Bad Request'
  if (socket.writable) socket.write(`HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`)
  socket.destroySoon()
}
