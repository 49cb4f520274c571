// An exchange as RabbitMQ's management shows it.
import { z } from 'zod'
import type { Destination } from '../../broker/destination.ts'
import type { Exchange } from '../../broker/exchange/exchange.ts'
import { countsIn } from '../../broker/statistics/sample.ts'
import type { Statistics } from '../../broker/statistics/statistics.ts'
import { argumentsToJson } from '../../definitions/arguments-json.ts'
import type { JsonObject } from '../api/columns.ts'
import { exchangeStats, noPairs, type Range, statsJson, statsSchema } from './message-stats.ts'

/** An exchange, which does not know where it is. */
export interface ExchangeIn {
  readonly vhost: string
  readonly name: string
  readonly exchange: Exchange<Destination>
}

export const exchangeSchema: z.ZodType = z.object({
  vhost: z.string(),
  name: z.string().describe('Empty for the default exchange, which paths call amq.default'),
  type: z.string(),
  durable: z.boolean(),
  auto_delete: z.boolean(),
  internal: z.boolean(),
  arguments: z.record(z.string(), z.unknown()),
  policy: z.string().optional(),
  message_stats: statsSchema(exchangeStats).optional(),
  incoming: noPairs,
  outgoing: noPairs,
})

export function exchangeJson(
  { vhost, name, exchange }: ExchangeIn,
  statistics: Statistics,
  range?: Range,
): JsonObject {
  const { policy } = exchange.policy ?? {}
  const counts = countsIn(exchange.counters)
  return {
    vhost,
    name,
    type: exchange.type,
    durable: exchange.isDurable,
    auto_delete: exchange.isAutoDelete,
    internal: exchange.isInternal,
    arguments: argumentsToJson(exchange.arguments),
    ...(policy !== undefined && { policy }),
    ...(exchange.counters.publishedIn > 0 && {
      message_stats: statsJson(exchangeStats, counts, statistics.ratesOf(exchange), range),
    }),
  }
}

/** As paths name it. */
export function exchangeOfPath(name: string): string {
  return name === 'amq.default' ? '' : name
}
