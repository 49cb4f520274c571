// HTTP on a node of a cluster: what it answers is about the cell of `/`, or another one that it serves.
import type { RequestListener } from 'node:http'
import { openHttpServer } from '../admin/http-server.ts'
import { loopbackHosts } from '../admin/own-hosts.ts'
import type { RouteOptions } from '../admin/routes.ts'
import { isLoopback } from '../lib/loopback.ts'
import { warnIfTls } from '../server/tls-failure.ts'
import { countClients } from './count-everything.ts'
import type { EdgeParts } from './edge-parts.ts'
import { managementOf } from './management-parts.ts'
import { authenticate } from './open-http.ts'
import type { ProtocolServer } from './protocol-server.ts'
import type { ServedCell } from './served-cells.ts'

export function openHttpEdge(parts: EdgeParts): ProtocolServer {
  const { frame, users } = parts
  const { options, clients, logger, clock } = frame
  const { host } = options
  const server = openHttpServer({
    source: { status: () => statusOf(parts) },
    clients,
    anonymousFrom: (address) => users.anonymousFrom({ protocol: 'HTTP', address }),
    onFault: (error) => logger.error({ err: error }, 'Unexpected error in an HTTP request'),
    onUnreadable: (bytes, remoteAddress) =>
      void warnIfTls(bytes, { remoteAddress, port: 'HTTP' }, logger),
    authenticate: (login, address) => authenticate(login, address, { users, clock, logger }),
    loadRoutes: (routeOptions) => loadRoutes(parts, routeOptions),
    ...(isLoopback(host) && { hosts: loopbackHosts(host) }),
  })
  frame.lag.start()
  return {
    acceptorOf: () => server.accept,
    prepare: server.prepare,
    [Symbol.asyncDispose]: server.close,
  }
}

/** Each cell has routes of its own, made for the first who asks. */
export async function loadRoutes(
  { cells }: EdgeParts,
  options: RouteOptions,
): Promise<RequestListener> {
  const { createRequestListener } = await import('../admin/routes.ts')
  const none = createRequestListener(options)
  const made = new WeakMap<ServedCell, RequestListener>()
  const listenerOf = (served: ServedCell): RequestListener => {
    const { parts } = served
    const listener =
      made.get(served) ??
      createRequestListener({
        ...options,
        source: { status: parts.status },
        management: managementOf(parts),
        metrics: parts.metrics.source,
      })
    made.set(served, listener)
    return listener
  }
  return (request, response) => {
    const served = cells.find(0) ?? cells.all()[0]
    const listener = served === undefined ? none : listenerOf(served)
    listener(request, response)
  }
}

/** What the node itself knows. */
export function statusOf({ frame }: EdgeParts): ReturnType<ServedCell['parts']['status']> {
  return { ...frame.figures(undefined), ...countClients(frame.clients) }
}
