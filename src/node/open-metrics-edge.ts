// The port of metrics on a node of a cluster.
import type { RequestListener } from 'node:http'
import { openHttpServer } from '../admin/http-server.ts'
import { loopbackHosts } from '../admin/own-hosts.ts'
import { isLoopback } from '../lib/loopback.ts'
import type { EdgeParts } from './edge-parts.ts'
import type { ProtocolServer } from './protocol-server.ts'

export function openMetricsEdge({ frame, api }: EdgeParts): ProtocolServer {
  const { options, clients, logger } = frame
  const hosts = isLoopback(options.host) ? { hosts: loopbackHosts(options.host) } : {}
  const onFault = (error: Error): void =>
    logger.error({ err: error }, 'Unexpected error in a request for metrics')
  const server = openHttpServer({
    source: { status: () => raise() },
    clients,
    loadRoutes: async (): Promise<RequestListener> => {
      const { createMetricsListener } = await import('../admin/metrics-routes.ts')
      return createMetricsListener({ ...hosts, metrics: api.metrics, onFault })
    },
  })
  frame.lag.start()
  return {
    acceptorOf: () => server.accept,
    prepare: server.prepare,
    [Symbol.asyncDispose]: server.close,
  }
}

function raise(): never {
  throw new Error('metrics have no status')
}
