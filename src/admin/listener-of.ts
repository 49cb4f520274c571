import type { RequestListener } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import type { Hono, Env } from 'hono'

/** Routes as Node's server calls them. */
export function listenerOf<Each extends Env>(routes: Hono<Each>): RequestListener {
  // Requests of HTTP/1.0, such as health checks of HAProxy, need not name a host; URLs do.
  const answer = getRequestListener(routes.fetch, { hostname: 'localhost' })
  return (request, response) => void answer(request, response)
}
