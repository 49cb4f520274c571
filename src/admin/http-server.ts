// HTTP: health checks for whoever supervises the broker, and one page for whoever looks after it.
import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import { Hono } from 'hono'
import { basicAuth } from 'hono/basic-auth'
import { listen } from '../lib/listen.ts'
import type { Address } from '../lib/listen.ts'
import { limits } from '../limits.ts'
import type { StatusSource } from './broker-status.ts'
import { renderStatusPage } from './status-page.ts'

/** What the HTTP server is opened with. */
export interface HttpServerOptions {
  readonly host: string
  /** 0 for any free port; `off` for a server that only gets what is handed to `accept`. */
  readonly port: number | 'off'
  /** Something that is no HTTP came, which is answered and ended. */
  readonly onUnreadable?: (bytes: Buffer, remoteAddress: string) => void
  readonly source: StatusSource
  /**
   * Checks a user's name and password for the pages that show more than health. Left out, everyone
   * who reaches the port may look: right on loopback only.
   */
  readonly authenticate?: (user: string, password: string) => boolean | Promise<boolean>
}

/** An open HTTP server. */
export interface HttpServer {
  readonly address: Address | undefined
  /** Serves a connection that another listener accepted, and of which nothing has been read. */
  accept(socket: Socket): void
  /** Stops accepting and ends open connections. */
  close(): Promise<void>
}

/** The routes, as a function of requests; tests call it without a socket. */
export function createRoutes({
  source,
  authenticate,
}: Pick<HttpServerOptions, 'source' | 'authenticate'>): Hono {
  const routes = new Hono()
  routes.use(async (context, next) => {
    await next()
    context.header('Cache-Control', 'no-store')
  })
  routes.get('/health/live', (context) => context.json({ status: 'ok' }))
  routes.get('/health/ready', (context) => {
    const { state } = source.status()
    const isReady = state === 'ready'
    return context.json({ status: isReady ? 'ok' : state }, isReady ? 200 : 503)
  })
  if (authenticate !== undefined) {
    routes.use(basicAuth({ realm: 'Pabal', verifyUser: authenticate }))
  }
  routes.get('/api/status', (context) => context.json(source.status()))
  routes.get('/', (context) => context.html(renderStatusPage(source.status())))
  routes.notFound((context) => context.json({ error: 'not_found', reason: 'Not Found' }, 404))
  return routes
}

/** Opens the HTTP server. Rejects with an `ExitError` that says what to do. */
export async function openHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const { host, port } = options
  const server = createAdaptorServer({ fetch: createRoutes(options).fetch }) as Server
  const accepted = new Set<Socket>()
  server.maxConnections = limits.httpConnectionsMax
  server.on('clientError', (error: ParserError, socket: Socket) => {
    options.onUnreadable?.(error.rawPacket ?? Buffer.alloc(0), socket.remoteAddress ?? '')
    refuse(error, socket)
  })
  const address = await listenUnlessOff(server, host, port)
  // Out of file handles: the listener goes on, and readiness is seen by the next check.
  server.on('error', () => undefined)
  return {
    address,
    accept(socket) {
      if (accepted.size >= limits.httpConnectionsMax) {
        socket.destroy()
        return
      }
      accepted.add(socket)
      socket.once('close', () => accepted.delete(socket))
      server.emit('connection', socket)
    },
    close: () => closeServer(server),
  }
}

async function listenUnlessOff(
  server: Server,
  host: string,
  port: number | 'off',
): Promise<Address | undefined> {
  const backlog = limits.listenBacklog
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
