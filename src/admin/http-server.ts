// The HTTP port. It is open before the routes are loaded; who asks in between waits for them.
import { createServer, type RequestListener, type Server } from 'node:http'
import type { Socket } from 'node:net'
import type { Address } from '../lib/listen.ts'
import { listen } from '../lib/listen.ts'
import { networkLimits } from '../limits/network.ts'
import type { RouteOptions } from './routes.ts'

/** What the HTTP server is opened with. */
export interface HttpServerOptions extends RouteOptions {
  readonly host: string
  /** 0 for any free port; `off` for a server that only gets what is handed to `accept`. */
  readonly port: number | 'off'
  /** Something that is no HTTP came, which is answered and ended. */
  readonly onUnreadable?: (bytes: Buffer, remoteAddress: string) => void
}

/** An open HTTP server. */
export interface HttpServer {
  readonly address: Address | undefined
  /** Serves a connection that another listener accepted, and of which nothing has been read. */
  accept(socket: Socket): void
  /** Loads the routes; else the first request does. Call it when there is time. */
  prepare(): Promise<void>
  /** Stops accepting and ends open connections. */
  close(): Promise<void>
}

/** Opens the HTTP server. Rejects with an `ExitError` that says what to do. */
export async function openHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const { host, port } = options
  let loading: Promise<RequestListener> | undefined
  const load = (): Promise<RequestListener> => {
    loading ??= import('./routes.ts').then((routes) => routes.createRequestListener(options))
    return loading
  }
  const server = createServer((request, response) => {
    load().then(
      (answer) => answer(request, response),
      () => {
        loading = undefined
        response.writeHead(503).end()
      },
    )
  })
  server.maxConnections = networkLimits.httpConnectionsMax
  server.on('clientError', (error: ParserError, socket: Socket) => {
    options.onUnreadable?.(error.rawPacket ?? Buffer.alloc(0), socket.remoteAddress ?? '')
    refuse(error, socket)
  })
  const address = await listenUnlessOff(server, host, port)
  // Out of file handles: the listener goes on, and readiness is seen by the next check.
  server.on('error', () => undefined)
  const prepare = async (): Promise<void> => {
    // What cannot be loaded now is tried again with the first request.
    await load().catch(() => (loading = undefined))
  }
  return { address, accept: acceptorOf(server), prepare, close: () => closeServer(server) }
}

/** What hands connections of another listener to `server`, no more than come to its own. */
function acceptorOf(server: Server): (socket: Socket) => void {
  const accepted = new Set<Socket>()
  return (socket) => {
    if (accepted.size >= networkLimits.httpConnectionsMax) {
      socket.destroy()
      return
    }
    accepted.add(socket)
    socket.once('close', () => accepted.delete(socket))
    server.emit('connection', socket)
  }
}

async function listenUnlessOff(
  server: Server,
  host: string,
  port: number | 'off',
): Promise<Address | undefined> {
  const backlog = networkLimits.listenBacklog
  if (port !== 'off') return listen(server, { service: 'http', host, port, backlog })
  // Node looks after slow and idle connections from here on only.
  server.emit('listening')
  return undefined
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

async function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
