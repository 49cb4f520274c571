// A filter for messages as JSON.
import { z } from 'zod'
import type { Comparison, FilterAsked } from '../../broker/browse/message-filter.ts'

const comparisons = [
  'exists',
  'equals',
  'contains',
  'less',
  'greater',
] as const satisfies Comparison[]
const condition = {
  is: z.enum(comparisons),
  value: z.union([z.string(), z.number(), z.boolean(), z.null()]).optional(),
}

/** All that it has must hold. */
export const filterSchema: z.ZodType<FilterJson> = z.strictObject({
  text: z.string().optional().describe('Is in the payload'),
  headers: z.array(z.strictObject({ name: z.string(), ...condition })).optional(),
  json: z
    .array(z.strictObject({ path: z.string(), ...condition }))
    .optional()
    .describe('Of a payload that is JSON: a path is like $.items[0].id, with [*] for all there is'),
  exchange: z.string().optional().describe('A regular expression'),
  routing_key: z.string().optional().describe('A regular expression'),
  message_id: z.string().optional(),
  correlation_id: z.string().optional(),
  traceparent: z
    .string()
    .optional()
    .describe('The header of W3C Trace Context, or only the id of the trace in it'),
  key: z.string().optional().describe('The key that Kafka sees'),
  states: z.array(z.enum(['ready', 'unacked', 'delayed', 'dead', 'acked'])).optional(),
  death_reason: z.string().optional(),
  death_queue: z.string().optional(),
  since: z.number().optional().describe('Milliseconds since the Unix epoch'),
  until: z.number().optional(),
})

type Own = 'messageId' | 'correlationId' | 'routingKey' | 'deathReason' | 'deathQueue'

export interface FilterJson extends Omit<FilterAsked, Own> {
  readonly message_id?: string | undefined
  readonly correlation_id?: string | undefined
  readonly routing_key?: string | undefined
  readonly death_reason?: string | undefined
  readonly death_queue?: string | undefined
}

export function filterFromJson(json: FilterJson): FilterAsked {
  const {
    message_id: messageId,
    correlation_id: correlationId,
    routing_key: routingKey,
    death_reason: deathReason,
    death_queue: deathQueue,
    ...same
  } = json
  return { ...same, messageId, correlationId, routingKey, deathReason, deathQueue }
}
