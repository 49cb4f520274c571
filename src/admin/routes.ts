// What HTTP answers: health checks for supervisors of the broker, and one page for its administrators.
// Loaded with the first request, or once the broker has been ready for a while.
import type { RequestListener } from 'node:http'
import type { Socket } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { type Context, Hono, type MiddlewareHandler } from 'hono'
import { basicAuth } from 'hono/basic-auth'
import { bearerAuth } from 'hono/bearer-auth'
import { HTTPException } from 'hono/http-exception'
import type { ManagementParts } from './answers.ts'
import type { StatusSource } from './broker-status.ts'
import { createManagementRoutes } from './management-routes.ts'
import { isOwnHost } from './own-hosts.ts'
import { renderStatusPage } from './status-page.ts'

/** What the routes need. */
export interface RouteOptions {
  readonly source: StatusSource
  /** The only hosts that requests may be for; left out, all. */
  readonly hosts?: ReadonlySet<string>
  /** Of which the management API is served; left out, there is none. */
  readonly management?: ManagementParts
  /** Checks a login for the pages that show more than health. Left out, all may look. */
  readonly authenticate?: ((login: HttpLogin, socket: Socket) => Promise<boolean>) | undefined
  /** A request failed through no fault of its client's, and was answered with 500. */
  readonly onFault?: (error: Error) => void
}

/** A name and a password, or a token (RFC 6750) in their place. */
export type HttpLogin =
  | { readonly user: string; readonly password: string }
  | { readonly token: string }

/** What Node's server adds to a request. */
interface Bindings {
  readonly incoming: { readonly socket: Socket }
}

/** The routes, as a function of requests; tests call it without a socket. */
export function createRoutes(options: RouteOptions): Hono {
  const { source, hosts, management, authenticate } = options
  const routes = new Hono()
  routes.use(async (context, next) => {
    await next()
    context.header('Cache-Control', 'no-store')
  })
  if (hosts !== undefined) routes.use(refuseOtherHosts(hosts))
  routes.get('/health/live', (context) => context.json({ status: 'ok' }))
  routes.get('/health/ready', (context) => {
    const { state } = source.status()
    const isReady = state === 'ready'
    return context.json({ status: isReady ? 'ok' : state }, isReady ? 200 : 503)
  })
  if (authenticate !== undefined) {
    const verify = (login: HttpLogin, context: Context): Promise<boolean> => {
      const { incoming } = context.env as Bindings
      return authenticate(login, incoming.socket)
    }
    const byPassword = basicAuth({
      realm: 'Pabal',
      verifyUser: (user, password, context) => verify({ user, password }, context),
    })
    const byToken = bearerAuth({
      realm: 'Pabal',
      verifyToken: (token, context) => verify({ token }, context),
    })
    routes.use((context, next) => {
      const isToken = /^bearer /i.test(context.req.header('authorization') ?? '')
      return isToken ? byToken(context, next) : byPassword(context, next)
    })
  }
  routes.get('/api/status', (context) => context.json(source.status()))
  if (management !== undefined) routes.route('/api', createManagementRoutes(management))
  routes.get('/', (context) => context.html(renderStatusPage(source.status())))
  routes.onError((error, context) => {
    if (error instanceof HTTPException) {
      const refusal = error.getResponse()
      return context.newResponse(refusal.body, refusal)
    }
    if (!isBrokenOff(error)) options.onFault?.(error)
    return context.text('Internal Server Error', 500)
  })
  routes.notFound((context) => context.json({ error: 'not_found', reason: 'Not Found' }, 404))
  return routes
}

/** The client went in the middle of its request's body: nobody is there to be answered. */
function isBrokenOff(error: NodeJS.ErrnoException): boolean {
  return error.code === 'ECONNRESET'
}

/** A request without a host is one of HTTP/1.0, which no browser sends. */
function refuseOtherHosts(hosts: ReadonlySet<string>): MiddlewareHandler {
  const reason = 'Ask for localhost; for other names start the broker with --host and a --user'
  return async (context, next) => {
    const host = context.req.header('host')
    if (host === undefined || isOwnHost(host, hosts)) return next()
    return context.json({ error: 'misdirected_request', reason }, 421)
  }
}

/** The routes as Node's server calls them. */
export function createRequestListener(options: RouteOptions): RequestListener {
  const answer = getRequestListener(createRoutes(options).fetch)
  return (request, response) => void answer(request, response)
}
