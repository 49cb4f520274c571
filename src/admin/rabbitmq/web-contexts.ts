// Listeners of HTTP as RabbitMQ's management shows them.
import { z } from 'zod'
import type { BrokerStatus } from '../broker-status.ts'

export const contextsSchema: z.ZodType = z.array(
  z.object({
    node: z.string(),
    description: z.string(),
    path: z.string(),
    ip: z.string(),
    port: z.string(),
  }),
)

const descriptions: Readonly<Record<string, string>> = {
  http: 'Management',
  'http-tls': 'Management',
  metrics: 'Metrics for Prometheus',
}

export function contextsJson(addresses: BrokerStatus['addresses'], node: string): unknown[] {
  return Object.entries(addresses)
    .filter(([service]) => Object.hasOwn(descriptions, service))
    .map(([service, { host, port }]) => ({
      node,
      description: descriptions[service],
      path: '/',
      ip: host,
      port: String(port),
    }))
}
