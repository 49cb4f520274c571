// The overview of a broker as RabbitMQ's management shows it.
import { z } from 'zod'
import { exchangeTypes } from '../../broker/exchange/create-matcher.ts'
import { countsIn } from '../../broker/statistics/sample.ts'
import { statisticsLimits } from '../../limits/statistics.ts'
import type { ManagementParts } from '../answers.ts'
import type { JsonObject } from '../api/columns.ts'
import type { BrokerStatus } from '../broker-status.ts'
import { clientStats, lengthStats, type Range, statsJson, statsSchema } from './message-stats.ts'
import { nodeName } from './node-name.ts'

const count = z.number().int().nonnegative()

export const overviewSchema: z.ZodType = z.object({
  management_version: z.string(),
  rabbitmq_version: z.string().describe('Of the RabbitMQ that Pabal says it is'),
  product_name: z.string(),
  product_version: z.string(),
  cluster_name: z.string(),
  node: z.string(),
  rates_mode: z.string(),
  sample_retention_policies: z.record(z.string(), z.array(count)),
  exchange_types: z.array(z.object({ name: z.string(), enabled: z.boolean() })),
  disable_stats: z.boolean(),
  enable_queue_totals: z.boolean(),
  object_totals: z.record(z.string(), count),
  queue_totals: statsSchema(lengthStats).optional(),
  message_stats: statsSchema(clientStats).optional(),
  listeners: z
    .array(
      z.object({ node: z.string(), protocol: z.string(), ip_address: z.string(), port: count }),
    )
    .optional()
    .describe('For monitoring'),
})

export interface OverviewAsked {
  readonly hasStatistics: boolean
  readonly hasTotals: boolean
  /** Monitoring sees the listeners, too. */
  readonly isMonitoring: boolean
  readonly messages: Range | undefined
  readonly lengths: Range | undefined
}

type OverviewParts = Pick<ManagementParts, 'source' | 'statistics' | 'clients'>

export function overviewJson(
  { source, statistics, clients }: OverviewParts,
  names: { readonly cluster: string; readonly version: string },
  asked: OverviewAsked,
): JsonObject {
  const { version, counts, addresses } = source.status()
  const { totalRates } = statistics
  const lengths = { ready: counts.messagesReady, unacked: counts.messagesUnacked }
  const { connections, channels, exchanges, queues, consumers } = counts
  const seconds = (statisticsLimits.samplesMax * statisticsLimits.sampleMs) / 1000
  return {
    management_version: names.version,
    rabbitmq_version: names.version,
    product_name: 'Pabal',
    product_version: version,
    cluster_name: names.cluster,
    node: nodeName,
    rates_mode: 'basic',
    sample_retention_policies: { global: [seconds], basic: [seconds], detailed: [seconds] },
    exchange_types: exchangeTypes.map((name) => ({ name, enabled: true })),
    disable_stats: !asked.hasStatistics,
    enable_queue_totals: asked.hasTotals,
    object_totals: { connections, channels, exchanges, queues, consumers },
    ...(asked.hasStatistics && {
      queue_totals: statsJson(lengthStats, lengths, totalRates, asked.lengths),
      message_stats: statsJson(clientStats, countsIn(clients.totals()), totalRates, asked.messages),
    }),
    ...(asked.isMonitoring && { listeners: listenersJson(addresses) }),
  }
}

/** RabbitMQ's words for protocols, by service. */
const protocols: Readonly<Record<string, string>> = {
  amqp: 'amqp',
  amqps: 'amqp/ssl',
  http: 'http',
  https: 'https',
}

function listenersJson(addresses: BrokerStatus['addresses']): unknown[] {
  return Object.entries(addresses).map(([service, { host, port }]) => ({
    node: nodeName,
    protocol: protocols[service] ?? service,
    ip_address: host,
    port,
  }))
}
