// HTTP on accepted sockets. It serves before the routes are loaded; requests in between wait for them.
import { createServer, type RequestListener, type Server } from 'node:http'
import type { Socket } from 'node:net'
import { networkLimits } from '../limits/network.ts'
import type { RouteOptions } from './routes.ts'

/** What the HTTP server is opened with. */
export interface HttpServerOptions extends RouteOptions {
  /** Something that is no HTTP came, which is answered and ended. */
  readonly onUnreadable?: (bytes: Buffer, remoteAddress: string) => void
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
  const server = createServer((request, response) => {
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
  return { accept: acceptorOf(server), prepare, close: () => closeServer(server) }
}

/** What hands accepted connections to `server`, a bounded number of them. */
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
    socket.resume()
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

async function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
