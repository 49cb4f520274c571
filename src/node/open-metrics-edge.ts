// The port of metrics on a node of a cluster: those of the node and all of its cells.
import type { EdgeParts } from './edge-parts.ts'
import { statusOf } from './open-http-edge.ts'
import { openMetrics } from './open-metrics.ts'
import type { ProtocolServer } from './protocol-server.ts'

export function openMetricsEdge(parts: EdgeParts): ProtocolServer {
  const { frame, api } = parts
  const { options, clients, logger, lag } = frame
  return openMetrics({
    options,
    clients,
    logger,
    status: () => statusOf(parts),
    metrics: { source: api.metrics, start: () => lag.start() },
  })
}
