// A filter for messages as JSON.
import { z } from 'zod'
import type { Comparison, FilterAsked } from '../../broker/browse/message-filter.ts'
import type { DeathAsked } from '../../broker/jobs/death-facts.ts'

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

const text = z.string().nullable().optional()

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
  death: z
    .strictObject({
      reason: text,
      queue: text,
      exchange: text,
      routing_key: text,
      exception_type: text,
      exception: text,
    })
    .optional()
    .describe('How it died last, exactly as groups of dead letters tell it; null: not told'),
  since: z.number().optional().describe('Milliseconds since the Unix epoch'),
  until: z.number().optional(),
})

type Own = 'messageId' | 'correlationId' | 'routingKey' | 'deathReason' | 'deathQueue' | 'death'

export interface FilterJson extends Omit<FilterAsked, Own> {
  readonly message_id?: string | undefined
  readonly correlation_id?: string | undefined
  readonly routing_key?: string | undefined
  readonly death_reason?: string | undefined
  readonly death_queue?: string | undefined
  readonly death?: DeathJson | undefined
}

type OwnOfDeath = 'routingKey' | 'exceptionType'

interface DeathJson extends Omit<DeathAsked, OwnOfDeath> {
  readonly routing_key?: string | null | undefined
  readonly exception_type?: string | null | undefined
}

export function filterFromJson(json: FilterJson): FilterAsked {
  const {
    message_id: messageId,
    correlation_id: correlationId,
    routing_key: routingKey,
    death_reason: deathReason,
    death_queue: deathQueue,
    death: deathJson,
    ...same
  } = json
  const death = deathJson && deathFromJson(deathJson)
  return { ...same, messageId, correlationId, routingKey, deathReason, deathQueue, death }
}

/** As it was asked. */
export function filterToJson(asked: FilterAsked): FilterJson {
  const { messageId, correlationId, routingKey, deathReason, deathQueue, death, ...same } = asked
  const { routingKey: deathKey, exceptionType, ...sameDeath } = death ?? {}
  return {
    ...same,
    message_id: messageId,
    correlation_id: correlationId,
    routing_key: routingKey,
    death_reason: deathReason,
    death_queue: deathQueue,
    death: death && { ...sameDeath, routing_key: deathKey, exception_type: exceptionType },
  }
}

function deathFromJson({
  routing_key: routingKey,
  exception_type: exceptionType,
  ...same
}: DeathJson): DeathAsked {
  return { ...same, routingKey, exceptionType }
}
