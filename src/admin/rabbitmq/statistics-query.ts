// Parameters by which statistics are asked for, or not.
import { z } from 'zod'
import { listParameters, type ListQuery } from '../api/listing.ts'
import type { QueueDetail } from './queue-json.ts'

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
export const statisticsQuery: z.ZodType<StatisticsQuery> = z.object(parameters)

export function detailOf(query: StatisticsQuery): QueueDetail {
  if (query.disable_stats !== 'true') return 'statistics'
  return query.enable_queue_totals === 'true' ? 'totals' : 'basic'
}
