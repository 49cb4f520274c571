// The port of metrics on a node: for Prometheus, without a login, as in RabbitMQ.
import type { RequestListener } from 'node:http'
import { openHttpServer } from '../admin/http-server.ts'
import { isLoopback } from '../lib/loopback.ts'
import { loopbackHosts } from '../lib/own-hosts.ts'
import { warnIfTls } from '../server/tls-failure.ts'
import type { ProtocolParts, ProtocolServer } from './protocol-server.ts'

type MetricsPortParts = Pick<ProtocolParts, 'options' | 'clients' | 'logger' | 'status' | 'metrics'>

export function openMetrics({
  options,
  clients,
  logger,
  status,
  metrics,
}: MetricsPortParts): ProtocolServer {
  const { host } = options
  const hosts = isLoopback(host) ? { hosts: loopbackHosts(host) } : {}
  const onFault = (error: Error): void =>
    logger.error({ err: error }, 'Unexpected error in a request for metrics')
  const server = openHttpServer({
    source: { status },
    clients,
    onUnreadable: (bytes, remoteAddress) =>
      void warnIfTls(bytes, { remoteAddress, port: 'metrics' }, logger),
    loadRoutes: async (): Promise<RequestListener> => {
      const { createMetricsListener } = await import('../admin/metrics-routes.ts')
      return createMetricsListener({ ...hosts, metrics: metrics.source, onFault })
    },
  })
  metrics.start()
  return {
    acceptorOf: () => server.accept,
    prepare: server.prepare,
    [Symbol.asyncDispose]: server.close,
  }
}
