// HTTP on accepted sockets. It serves before the routes are loaded; requests in between wait for them.
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type ServerOptions,
} from 'node:http'
import type { Socket } from 'node:net'
import type { Principal } from '../auth/principal.ts'
import type { ClientRegistry } from '../broker/client/client-registry.ts'
import { networkLimits } from '../limits/network.ts'
import type { HttpLogin } from './callers.ts'
import { HttpConnections } from './http-connections.ts'
import type { RouteOptions } from './routes.ts'

/** What the HTTP server is opened with. */
export interface HttpServerOptions extends Pick<
  RouteOptions,
  'source' | 'hosts' | 'management' | 'metrics' | 'isOwner' | 'gate'
> {
  /** What answers requests, loaded when it is needed; left out, all routes. */
  readonly loadRoutes?: (options: RouteOptions) => Promise<RequestListener>
  /** Where connections of all protocols are listed. */
  readonly clients: ClientRegistry
  /**
   * Checks a login from an IP address, for the pages that show more than health. Left out, everyone
   * who reaches the port may look: right on loopback only.
   */
  readonly authenticate?: (login: HttpLogin, address: string) => Promise<Principal | undefined>
  /** The principal of a client at an IP address before it logs in. */
  readonly anonymousFrom?: (address: string) => Principal | undefined
  /** Something that is no HTTP came, which is answered and ended. */
  readonly onUnreadable?: (bytes: Buffer, remoteAddress: string) => void
  /** A request failed through no fault of its client's, and was answered with 500. */
  readonly onFault?: (error: Error) => void
  /** Takes requests for WebSocket; left out, they are answered like others. */
  readonly onUpgrade?: (request: IncomingMessage, socket: Socket, head: Buffer) => void
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
  const { loadRoutes = loadAllRoutes } = options
  let loading: Promise<RequestListener> | undefined
  const load = (): Promise<RequestListener> => {
    loading ??= loadRoutes({ ...options, authenticate })
    return loading
  }
  const onUpgrade = choosesUpgrades ? options.onUpgrade : undefined
  const serverOptions = {
    ...timeouts(options.headersMsMax),
    ...(onUpgrade && { shouldUpgradeCallback: isForWebSocket }),
  }
  const server = createServer(serverOptions, (request, response) => {
    load().then(
      (answer) => answer(request, response),
      () => {
        loading = undefined
        response.writeHead(503).end()
      },
    )
  })
  const { clients, anonymousFrom = () => undefined } = options
  const connections = new HttpConnections({ server, clients, anonymousFrom })
  const authenticate = authenticatorOf(options, connections)
  if (onUpgrade !== undefined) {
    server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
      connections.release(socket)
      onUpgrade(request, socket, head)
    })
  }
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
  return { accept: connections.accept, prepare, close: () => connections.close() }
}

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
/** Node before 24.9 takes no request as HTTP that names another protocol, once somebody wants some of these. */
const choosesUpgrades = major > 24 || (major === 24 && minor >= 9)

/** Others ask for HTTP/2 that way and are content with an answer. */
function isForWebSocket({ headers }: IncomingMessage): boolean {
  return headers.upgrade?.toLowerCase() === 'websocket'
}

async function loadAllRoutes(options: RouteOptions): Promise<RequestListener> {
  const routes = await import('./routes.ts')
  return routes.createRequestListener(options)
}

/** What a request logs in as is what its connection is from then on. */
function authenticatorOf(
  { authenticate }: HttpServerOptions,
  connections: HttpConnections,
): RouteOptions['authenticate'] {
  return (
    authenticate &&
    (async (login, socket) => {
      const principal = await authenticate(login, socket.remoteAddress ?? '')
      const client = connections.find(socket)
      if (client !== undefined && principal !== undefined) client.principal = principal
      return principal
    })
  )
}

function timeouts(headersMsMax: number = networkLimits.httpHeadersMsMax): ServerOptions {
  return {
    headersTimeout: headersMsMax,
    requestTimeout: networkLimits.httpRequestMsMax,
    // Node looks at all connections that often, which is how exact the others are.
    connectionsCheckingInterval: Math.min(headersMsMax, networkLimits.httpCheckMs),
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
