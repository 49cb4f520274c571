// The overview of a broker as RabbitMQ's management shows it.
import { z } from 'zod'
import { clusterNameOf } from '../../broker/cluster-name.ts'
import type { Destination } from '../../broker/destination.ts'
import { findGlobalParameter } from '../../broker/global-parameters.ts'
import { churnCounts } from '../../broker/statistics/read-totals.ts'
import { countsIn } from '../../broker/statistics/sample.ts'
import type { VHost } from '../../broker/vhost.ts'
import { isObject } from '../../lib/is-object.ts'
import type { Steps } from '../../lib/slices.ts'
import { adminLimits } from '../../limits/admin.ts'
import { statisticsLimits } from '../../limits/statistics.ts'
import type { ManagementParts } from '../answers.ts'
import type { JsonObject } from '../api/columns.ts'
import type { BrokerStatus } from '../broker-status.ts'
import { exchangeTypesJson, exchangeTypesSchema } from './exchange-types-json.ts'
import {
  churnStats,
  clientStats,
  lengthStats,
  type Range,
  statsJson,
  statsSchema,
} from './message-stats.ts'
import { rabbitProtocolOf } from './protocol-names.ts'
import { contextsJson, contextsSchema } from './web-contexts.ts'

const count = z.number().int().nonnegative()

export const overviewSchema: z.ZodType = z.object({
  management_version: z.string(),
  rabbitmq_version: z.string().describe('Of the RabbitMQ that Pabal says it is'),
  product_name: z.string(),
  product_version: z.string(),
  cluster_name: z.string(),
  cluster_tags: z.record(z.string(), z.unknown()).describe('The global parameter of that name'),
  node: z.string(),
  node_tags: z.object({}).describe('None'),
  erlang_version: z.literal('').describe('There is no Erlang'),
  erlang_full_version: z.literal(''),
  default_queue_type: z.string(),
  is_op_policy_updating_enabled: z.boolean(),
  rates_mode: z.string(),
  sample_retention_policies: z.record(z.string(), z.array(count)),
  exchange_types: exchangeTypesSchema,
  disable_stats: z.boolean(),
  enable_queue_totals: z.boolean(),
  object_totals: z.record(z.string(), count),
  queue_totals: statsSchema(lengthStats).optional(),
  message_stats: statsSchema(clientStats).optional(),
  churn_rates: statsSchema(churnStats)
    .optional()
    .describe('What came and went since the start; for monitoring'),
  statistics_db_event_queue: z.literal(0).optional(),
  listeners: z
    .array(
      z.object({ node: z.string(), protocol: z.string(), ip_address: z.string(), port: count }),
    )
    .optional()
    .describe('For monitoring'),
  contexts: contextsSchema.optional(),
})

export interface OverviewAsked {
  readonly hasStatistics: boolean
  readonly hasTotals: boolean
  readonly messages: Range | undefined
  readonly lengths: Range | undefined
}

type OverviewParts = Pick<ManagementParts, 'broker' | 'source' | 'statistics' | 'clients'>

/** What everyone may know. */
export function brokerJson(
  { source, broker, clients }: Pick<ManagementParts, 'source' | 'broker' | 'clients'>,
  rabbitVersion: string,
  { hasStatistics, hasTotals }: OverviewAsked,
): JsonObject {
  const seconds = (statisticsLimits.samplesMax * statisticsLimits.sampleMs) / 1000
  return {
    management_version: rabbitVersion,
    rabbitmq_version: rabbitVersion,
    product_name: 'Pabal',
    product_version: source.status().version,
    cluster_name: clusterNameOf(broker),
    cluster_tags: clusterTags(broker),
    node: clients.nodeName,
    node_tags: {},
    erlang_version: '',
    erlang_full_version: '',
    default_queue_type: 'classic',
    is_op_policy_updating_enabled: true,
    rates_mode: 'basic',
    sample_retention_policies: { global: [seconds], basic: [seconds], detailed: [seconds] },
    exchange_types: exchangeTypesJson(),
    disable_stats: !hasStatistics,
    enable_queue_totals: hasTotals,
  }
}

function clusterTags(broker: ManagementParts['broker']): JsonObject {
  const tags = findGlobalParameter(broker, 'cluster_tags')
  return isObject(tags) ? tags : {}
}

/** What monitoring may know. */
export function totalsJson(
  { broker, source, statistics, clients }: OverviewParts,
  { hasStatistics, messages, lengths: ofLengths }: OverviewAsked,
): JsonObject {
  const { counts, addresses } = source.status()
  const { totalRates } = statistics
  const lengths = { ready: counts.messagesReady, unacked: counts.messagesUnacked }
  const { connections, channels, exchanges, queues, consumers } = counts
  const totals = clients.totals()
  return {
    object_totals: { connections, channels, exchanges, queues, consumers },
    ...(hasStatistics && {
      queue_totals: statsJson(lengthStats, lengths, totalRates, ofLengths),
      message_stats: statsJson(clientStats, countsIn(totals), totalRates, messages),
      churn_rates: statsJson(
        churnStats,
        churnCounts(broker, clients, totals),
        totalRates,
        messages,
      ),
      statistics_db_event_queue: 0,
    }),
    listeners: listenersJson(addresses, clients.nodeName),
    contexts: contextsJson(addresses, clients.nodeName),
  }
}

/** The same of virtual hosts that others may know, without what is not theirs. */
export function* partialTotalsJson(vhosts: readonly VHost<Destination>[]): Steps<JsonObject> {
  const totals = { exchanges: 0, queues: 0, consumers: 0 }
  const lengths = { ready: 0, unacked: 0 }
  let looked = 0
  for (const vhost of vhosts) {
    totals.exchanges += vhost.exchangeCount
    totals.queues += vhost.queueCount
    for (const queue of vhost.queues()) {
      totals.consumers += queue.consumerCount
      lengths.ready += queue.readyCount
      lengths.unacked += queue.unackedCount
      if (++looked % adminLimits.listedAtOnceMax === 0) yield
    }
  }
  return { object_totals: totals, queue_totals: statsJson(lengthStats, lengths) }
}

function listenersJson(addresses: BrokerStatus['addresses'], node: string): unknown[] {
  return Object.entries(addresses).map(([service, { host, port }]) => ({
    node,
    protocol: rabbitProtocolOf(service),
    ip_address: host,
    port,
  }))
}
