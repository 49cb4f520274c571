// Traces as JSON.
import { z } from 'zod'
import {
  type TraceEvent,
  type TraceEventKind,
  traceEventKinds,
} from '../../broker/trace/trace-event.ts'
import type { Trace, TraceEnd } from '../../broker/trace/trace.ts'
import { traceLimits } from '../../limits/trace.ts'
import { type FilterJson, filterSchema } from './filter-schema.ts'

export interface TraceBody {
  readonly filter: FilterJson
  readonly stream?: string | undefined
  readonly seconds: number
}

export const traceBody: z.ZodType<TraceBody> = z.strictObject({
  filter: filterSchema.describe('Which messages; one condition at least'),
  stream: z
    .string()
    .optional()
    .describe('A queue or stream where messages are looked for that came before'),
  seconds: z.number().int().min(1).max(traceLimits.secondsMax).default(600),
})

const count = z.number().int().nonnegative()

export interface TraceJson {
  readonly id: string
  readonly vhost: string
  readonly user: string
  readonly state: 'running' | 'ended'
  readonly ended_by?: TraceEnd | undefined
  readonly started_at: number
  readonly ends_at: number
  readonly filter: FilterJson
  readonly stream?: string | undefined
  readonly messages: number
  readonly events: number
  readonly unseen: number
}

export interface TraceEventJson {
  readonly sequence: number
  readonly at: number
  readonly message: number
  readonly event: TraceEventKind
  readonly stream?: string | undefined
  readonly partition?: number | undefined
  readonly offset?: number | undefined
  readonly exchange?: string | undefined
  readonly routing_key?: string | undefined
  readonly protocol?: string | undefined
  readonly user?: string | undefined
  readonly connection?: string | undefined
  readonly client_id?: string | undefined
  readonly consumer_tag?: string | undefined
  readonly group?: string | undefined
  readonly reason?: string | undefined
  readonly redelivered?: boolean | undefined
  readonly no_ack?: boolean | undefined
  readonly message_id?: string | undefined
  readonly correlation_id?: string | undefined
  readonly traceparent?: string | undefined
  readonly payload_bytes?: number | undefined
}

export const traceSchema: z.ZodType = z.object({
  id: z.string(),
  vhost: z.string(),
  user: z.string(),
  state: z.enum(['running', 'ended']),
  ended_by: z.enum(['time', 'full', 'stopped']).optional(),
  started_at: count.describe('Milliseconds since 1970'),
  ends_at: count,
  filter: z.record(z.string(), z.unknown()),
  stream: z.string().optional(),
  messages: count.describe('Messages that it follows'),
  events: count,
  unseen: count.describe('Batches of Kafka, and looks at what was there, that failed'),
})

const text = z.string().optional()

export const traceEventSchema: z.ZodType<TraceEventJson> = z.object({
  sequence: count,
  at: count.describe('Milliseconds since 1970'),
  message: count.describe('Which message; what becomes of it in other queues has its number'),
  event: z.enum(traceEventKinds),
  stream: text.describe('Where it is, or was: the queue or stream, …'),
  partition: count.optional(),
  offset: count.optional(),
  exchange: text,
  routing_key: text,
  protocol: text.describe('Who published it, or got it'),
  user: text,
  connection: text,
  client_id: text,
  consumer_tag: text,
  group: text,
  reason: text,
  redelivered: z.boolean().optional(),
  no_ack: z.boolean().optional(),
  message_id: text,
  correlation_id: text,
  traceparent: text,
  payload_bytes: count.optional(),
})

/** `visible` are the events that the caller may see: nothing else is counted. */
export function traceJson(trace: Trace, visible: readonly TraceEvent[]): TraceJson {
  const { facts, end } = trace
  const { id, vhost, user, asked, startedAt, endsAt } = facts
  const { filter, stream } = asked as TraceBody
  return {
    id,
    vhost,
    user,
    state: end === undefined ? 'running' : 'ended',
    ...(end !== undefined && { ended_by: end }),
    started_at: startedAt,
    ends_at: endsAt,
    filter,
    ...(stream !== undefined && { stream }),
    messages: new Set(visible.map(({ message }) => message)).size,
    events: visible.length,
    unseen: trace.unseenBatches,
  }
}

/** What has no value is left out. */
export function traceEventJson(event: TraceEvent): TraceEventJson {
  const { sequence, at, message, kind, place, party, identity } = event
  return {
    sequence,
    at,
    message,
    event: kind,
    stream: place?.stream,
    partition: place?.partition,
    offset: place?.offset,
    exchange: event.exchange,
    routing_key: event.routingKey,
    protocol: party?.protocol,
    user: party?.user,
    connection: party?.connection,
    client_id: party?.clientId,
    consumer_tag: party?.consumerTag,
    group: event.group,
    reason: event.reason,
    redelivered: event.isRedelivered,
    no_ack: event.isNoAck,
    message_id: identity?.messageId,
    correlation_id: identity?.correlationId,
    traceparent: identity?.traceparent,
    payload_bytes: identity?.size,
  }
}
