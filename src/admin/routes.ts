// What HTTP is asked for: health checks for whoever supervises the broker, and one page for whoever
// looks after it. Loaded with the first request, or once the broker has been ready for a while.
import type { RequestListener } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import { Hono } from 'hono'
import { basicAuth } from 'hono/basic-auth'
import type { StatusSource } from './broker-status.ts'
import { renderStatusPage } from './status-page.ts'

/** What the routes need. */
export interface RouteOptions {
  readonly source: StatusSource
  /**
   * Checks a user's name and password for the pages that show more than health. Left out, everyone
   * who reaches the port may look: right on loopback only.
   */
  readonly authenticate?: (user: string, password: string) => boolean | Promise<boolean>
}

/** The routes, as a function of requests; tests call it without a socket. */
export function createRoutes({ source, authenticate }: RouteOptions): Hono {
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

/** The routes as Node's server calls them. */
export function createRequestListener(options: RouteOptions): RequestListener {
  const answer = getRequestListener(createRoutes(options).fetch)
  return (request, response) => void answer(request, response)
}
