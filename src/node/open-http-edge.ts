// HTTP on a node of a cluster.
import type { RequestListener } from 'node:http'
import type { SessionKeeper } from '../admin/api/sessions.ts'
import { openHttpServer } from '../admin/http-server.ts'
import type { RouteOptions } from '../admin/routes.ts'
import { whenDurable } from '../broker/when-durable.ts'
import { countCells } from './count-everything.ts'
import type { EdgeParts } from './edge-parts.ts'
import { commonOptions } from './open-http.ts'
import type { ProtocolServer } from './protocol-server.ts'
import type { ServedCell } from './served-cells.ts'

export function openHttpEdge(parts: EdgeParts): ProtocolServer {
  const { frame, users } = parts
  const { options, clients, logger, clock, webSockets } = frame
  const server = openHttpServer({
    ...commonOptions({ options, users, clients, logger, clock, webSockets }),
    source: { status: () => statusOf(parts) },
    loadRoutes: (routeOptions) => loadRoutes(parts, routeOptions),
  })
  frame.lag.start()
  return {
    acceptorOf: () => server.accept,
    prepare: server.prepare,
    [Symbol.asyncDispose]: server.close,
  }
}

/** A request is answered here, or by whoever has what it is about. */
export async function loadRoutes(
  parts: EdgeParts,
  options: RouteOptions,
): Promise<RequestListener> {
  const { createRequestListener } = await import('../admin/routes.ts')
  const { management, asker } = parts.api
  const sessions = await sessionsOf(parts)
  return createRequestListener({
    ...options,
    sessions,
    source: { status: () => statusOf(parts) },
    management,
    edgeOf: asker,
    metrics: parts.api.metrics,
  })
}

/** Whoever has logged in at one node is logged in at all of them. */
async function sessionsOf({ api, cluster, frame }: EdgeParts): Promise<SessionKeeper> {
  const { SignedSessions } = await import('../admin/api/signed-sessions.ts')
  const { endedSessions } = cluster.shared
  return new SignedSessions({
    secret: cluster.secret,
    access: api.management.broker.access,
    clock: frame.clock,
    random: frame.random,
    ends: {
      has: (session) => endedSessions.has(session),
      end: (session) => whenDurable(endedSessions.end(session)),
    },
  })
}

/** Of the node and the cells that it has. */
export function statusOf({ frame, cells }: EdgeParts): ReturnType<ServedCell['parts']['status']> {
  const brokers = Array.from(cells.all(), ({ parts }) => parts.cell.broker)
  const reasons = new Set(brokers.flatMap(({ shortage }) => shortage.reason ?? []))
  const reason = reasons.size === 0 ? undefined : [...reasons].join(', ')
  return { ...frame.figures(reason), ...countCells(brokers, frame.clients) }
}
