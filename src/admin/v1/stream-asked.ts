// What tails and exports are asked for with.
import type { Context } from 'hono'
import { z } from 'zod'
import { BrokerError } from '../../broker/broker-error.ts'
import type { Broker } from '../../broker/broker.ts'
import { compileFilter, type MessageFilter } from '../../broker/browse/message-filter.ts'
import type { MessageStreams } from '../../broker/browse/message-streams.ts'
import type { Destination } from '../../broker/destination.ts'
import { permit } from '../../broker/permit.ts'
import type { StreamPlace } from '../../broker/topic/stream-place.ts'
import { tailLimits } from '../../limits/tail.ts'
import { comeAgain } from '../answers.ts'
import type { Caller } from '../api/caller.ts'
import { readStreamPlace } from '../api/stream-place.ts'
import { filterFromJson, type FilterJson, filterSchema } from './filter-schema.ts'

/** What both are given: which messages. */
export interface StreamParts {
  readonly broker: Broker
  readonly streams: MessageStreams
}

/** A number in a query, which comes as text. */
export function wholeIn(min: number, max: number): z.ZodType<number> {
  return z
    .string()
    .regex(/^\d+$/, 'Expected a whole number')
    .transform(Number)
    .pipe(z.number().int().min(min).max(max))
}

export const partitionQuery: z.ZodType<number | undefined> = wholeIn(0, 2 ** 31)
  .optional()
  .describe('The only one of several')

export const filterQuery: z.ZodType<FilterJson> = z
  .string()
  .optional()
  .transform((text, context): unknown => {
    try {
      return text === undefined ? {} : JSON.parse(text)
    } catch {
      context.addIssue({ code: 'custom', message: 'Expected a filter as JSON, as of a search' })
      return z.NEVER
    }
  })
  .pipe(filterSchema)
  .describe('JSON: a filter as of a search')

/** Undefined where all are wanted. Throws `precondition_failed`. */
export function filterOf(json: FilterJson): MessageFilter | undefined {
  return Object.keys(json).length === 0 ? undefined : compileFilter(filterFromJson(json))
}

/** As `readStreamPlace`; also `earliest`, and an age with the sign that other tools have: `-1h`. */
export function placeIn(text: string, now: number): StreamPlace | undefined {
  if (text === 'earliest') return { kind: 'first' }
  return readStreamPlace(/^-\d/.test(text) ? text.slice(1) : text, now)
}

/** Undefined where there is none; throws `access_refused`. */
export function streamToRead(
  broker: Broker,
  { vhost, name }: { readonly vhost: string; readonly name: string },
  caller: Caller,
): Destination | undefined {
  const stream = broker.findVHost(vhost)?.findQueue(name)
  if (stream !== undefined) permit(caller.rightsIn(vhost), 'read', { kind: 'queue', name })
  return stream
}

/** Why somebody may not read on; undefined when it may. */
export function whyNoLonger(
  broker: Broker,
  { vhost, name }: Destination,
  caller: Caller,
): string | undefined {
  if (!caller.isCurrent(broker.clock.now())) return 'the login has ended'
  try {
    permit(caller.rightsIn(vhost), 'read', { kind: 'queue', name })
    return undefined
  } catch (error) {
    if (error instanceof BrokerError) return error.message
    throw error
  }
}

export const tooManyAnswers = {
  429: 'The user has too many tails and exports under way; Retry-After says when to come again',
  503: 'All users together have too many of them',
} as const

export function tooManyStreams(
  context: Context,
  kind: 'too many of the user' | 'too many',
): Response {
  const reason = 'Too many tails and exports are under way: end others first'
  const { retryMs } = tailLimits
  return comeAgain(context, kind === 'too many' ? 503 : 429, { reason, seconds: retryMs / 1000 })
}
