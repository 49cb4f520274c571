// The HTTP port. It is open before the routes are loaded; who asks in between waits for them.
import { createServer, type RequestListener, type Server } from 'node:http'
import type { Address } from '../lib/listen.ts'
import { listen } from '../lib/listen.ts'
import { limits } from '../limits.ts'
import type { RouteOptions } from './routes.ts'

/** What the HTTP server is opened with. */
export interface HttpServerOptions extends RouteOptions {
  readonly host: string
  /** 0 for any free port. */
  readonly port: number
}

/** An open HTTP server. */
export interface HttpServer {
  readonly address: Address
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
  const backlog = limits.listenBacklog
  const address = await listen(server, { service: 'http', host, port, backlog })
  server.maxConnections = limits.httpConnectionsMax
  // Out of file handles: the listener goes on, and readiness is seen by the next check.
  server.on('error', () => undefined)
  const prepare = async (): Promise<void> => {
    // What cannot be loaded now is tried again with the first request.
    await load().catch(() => (loading = undefined))
  }
  return { address, prepare, close: () => closeServer(server) }
}

async function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
