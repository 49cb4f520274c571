// Parameters by which statistics are asked for, or not.
import { z } from 'zod'
import type { Statistics } from '../../broker/statistics/statistics.ts'
import { listParameters, type ListQuery } from '../api/listing.ts'
import type { QueueDetail } from './queue-json.ts'
import { rangeParameters, type RangeQuery } from './range-query.ts'

const parameters: Readonly<Record<keyof StatisticsQuery, z.ZodOptional<z.ZodString>>> = {
  disable_stats: z.string().optional().describe('true: without statistics'),
  enable_queue_totals: z
    .string()
    .optional()
    .describe('true: with the numbers of messages, where there are no statistics'),
}

export interface StatisticsQuery {
  readonly disable_stats?: string | undefined
  readonly enable_queue_totals?: string | undefined
}

/** Of lists. */
export const statisticsListQuery: z.ZodType<ListQuery & StatisticsQuery> = z.object({
  ...listParameters,
  ...parameters,
})

/** Of one thing. */
export const statisticsQuery: z.ZodType<StatisticsQuery & RangeQuery> = z.object({
  ...parameters,
  ...rangeParameters,
})

export function detailOf(query: StatisticsQuery): QueueDetail {
  if (query.disable_stats !== 'true') return 'statistics'
  return query.enable_queue_totals === 'true' ? 'totals' : 'basic'
}

/** Has rates made where a list will show them. */
export function wantRates(statistics: Statistics, query: ListQuery & StatisticsQuery): void {
  const { columns, sort } = query
  const isShown = columns === undefined || rateColumn.test(`${columns},${sort}`)
  if (query.disable_stats !== 'true' && isShown) statistics.want()
}

const rateColumn = /(^|,)(message_stats|\w+_details)\b/
