// Jobs as JSON: what is asked, and how they are.
import { z } from 'zod'
import { preconditionFailed } from '../../broker/broker-error.ts'
import type { BrowsePlace } from '../../broker/browse/browse-start.ts'
import { partsOf } from '../../broker/browse/browsed-part.ts'
import type { Scalar } from '../../broker/browse/message-filter.ts'
import type { Destination } from '../../broker/destination.ts'
import type { JobAsked, JobTarget } from '../../broker/jobs/job-asked.ts'
import type { Job, SkipCount } from '../../broker/jobs/job.ts'
import type { PreviewResult } from '../../broker/jobs/preview.ts'
import { jobLimits } from '../../limits/jobs.ts'
import { judgedLater } from '../api/judged-later.ts'
import { messageJson } from '../message-json.ts'
import { filterFromJson, type FilterJson, filterSchema, filterToJson } from './filter-schema.ts'

type TargetJson =
  | Exclude<JobTarget, { to: 'exchange' }>
  | { readonly to: 'exchange'; readonly name: string; readonly routing_key?: string | undefined }

interface EditJson {
  readonly payload?: string | undefined
  readonly payload_encoding: 'string' | 'base64'
  readonly set_headers?: Readonly<Record<string, Scalar>> | undefined
  readonly remove_headers?: readonly string[] | undefined
}

const targetSchema: z.ZodType<TargetJson> = z.discriminatedUnion('to', [
  z.strictObject({ to: z.literal('origin'), death: z.enum(['first', 'last']).default('first') }),
  z.strictObject({ to: z.literal('address') }),
  z.strictObject({ to: z.literal('queue'), name: z.string() }),
  z.strictObject({
    to: z.literal('exchange'),
    name: z.string(),
    routing_key: z.string().optional().describe('Left out, each message keeps its own'),
  }),
])

const rate = z.number().positive().max(jobLimits.rateMax).optional()

const scalar: z.ZodType<Scalar> = z.union([z.string(), z.number(), z.boolean(), z.null()])

/** A record of zod's would leave the name `__proto__` out. */
const scalarsByName: z.ZodType<Readonly<Record<string, Scalar>>> = judgedLater(
  'object',
  'By name: texts, numbers, booleans or null',
).transform((json, context) => {
  const isObject = typeof json === 'object' && json !== null && !Array.isArray(json)
  if (isObject && Object.values(json).every((value) => scalar.safeParse(value).success)) {
    return json as Readonly<Record<string, Scalar>>
  }
  context.addIssue({
    code: 'custom',
    message: 'should be texts, numbers, booleans or null by name',
  })
  return z.NEVER
})

const editSchema: z.ZodType<EditJson> = z.strictObject({
  payload: z.string().optional(),
  payload_encoding: z.enum(['string', 'base64']).default('string'),
  set_headers: scalarsByName.optional(),
  remove_headers: z.array(z.string()).optional(),
})

export const jobBody: z.ZodType<JobBody> = z.strictObject({
  kind: z.enum(['redrive', 'move', 'copy', 'delete']),
  queue: z.string().describe('Where the messages are; of a copy also a stream'),
  target: targetSchema
    .optional()
    .describe('Of a redrive, left out: the queue in which each died first'),
  messages: z
    .array(
      z.strictObject({
        partition: z.number().int().min(0).optional(),
        offset: z.number().int().min(0),
      }),
    )
    .max(jobLimits.placesMax)
    .optional()
    .describe('Only these, as a search shows where they are; left out, all that are ready'),
  filter: filterSchema.optional().describe('Only what it finds'),
  edit: editSchema.optional().describe('What is different in the messages at their target'),
  on_refused: z
    .enum(['stop', 'skip', 'wait'])
    .default('stop')
    .describe(
      'What to do at a message that its target does not take; wait: try it again and again',
    ),
  messages_per_second: rate,
  bytes_per_second: rate,
})

export interface JobBody {
  readonly kind: 'redrive' | 'move' | 'copy' | 'delete'
  readonly queue: string
  readonly target?: TargetJson | undefined
  readonly messages?:
    | readonly { readonly partition?: number | undefined; readonly offset: number }[]
    | undefined
  readonly filter?: FilterJson | undefined
  readonly edit?: EditJson | undefined
  readonly on_refused: 'stop' | 'skip' | 'wait'
  readonly messages_per_second?: number | undefined
  readonly bytes_per_second?: number | undefined
}

/** A job as it is told. */
export interface JobJson {
  readonly id: string
  readonly kind: 'redrive' | 'move' | 'copy' | 'delete' | 'undo'
  readonly vhost: string
  readonly queue: string
  readonly target?: Readonly<Record<string, unknown>> | undefined
  readonly undo_of?: string | undefined
  readonly filter?: unknown
  readonly places?: number | undefined
  readonly is_edited: boolean
  readonly on_refused: string
  readonly messages_per_second: number | null
  readonly bytes_per_second: number | null
  readonly user: string
  readonly state: 'running' | 'paused' | 'interrupted' | 'failed' | 'done' | 'cancelled'
  readonly reason: string | null
  readonly started: number
  readonly ended: number | null
  readonly total: number
  readonly looked_at: number
  readonly pace: number | null
  readonly seconds_left: number | null
  readonly done: number
  readonly done_bytes: number
  readonly skipped: readonly SkippedJson[]
  readonly undoable: { readonly messages: number; readonly is_all: boolean }
}

/** What a job would do. */
export interface PreviewJson {
  readonly messages: number
  readonly bytes: number
  readonly looked_at: number
  readonly is_all: boolean
  readonly first: readonly Readonly<Record<string, unknown>>[]
  readonly targets: readonly { readonly queue: string; readonly messages: number }[]
  readonly skipped: readonly SkippedJson[]
}

interface SkippedJson {
  readonly reason: string
  readonly count: number
}

const skipped = z.array(z.object({ reason: z.string(), count: z.number().int() }))

export const jobSchema: z.ZodType<JobJson> = z.object({
  id: z.string(),
  kind: z.enum(['redrive', 'move', 'copy', 'delete', 'undo']),
  vhost: z.string(),
  queue: z.string(),
  target: z.record(z.string(), z.unknown()).optional(),
  undo_of: z.string().optional(),
  filter: z.unknown().optional().describe('As it was asked'),
  places: z.number().int().optional().describe('How many messages were named one by one'),
  is_edited: z.boolean(),
  on_refused: z.string(),
  messages_per_second: z.number().nullable().describe('As it was asked; null: no limit'),
  bytes_per_second: z.number().nullable(),
  user: z.string(),
  state: z.enum(['running', 'paused', 'interrupted', 'failed', 'done', 'cancelled']),
  reason: z.string().nullable().describe('Why it stopped, or waits while it runs'),
  started: z.number().describe('Milliseconds since the Unix epoch'),
  ended: z.number().nullable(),
  total: z.number().int().describe('Messages that it may be about'),
  looked_at: z.number().int(),
  pace: z.number().nullable().describe('Messages looked at in a second, while it runs'),
  seconds_left: z.number().nullable().describe('At that pace'),
  done: z.number().int(),
  done_bytes: z.number().int(),
  skipped,
  undoable: z.object({
    messages: z.number().int(),
    is_all: z.boolean().describe('Whether all that was moved can be brought back'),
  }),
})

export const previewSchema: z.ZodType<PreviewJson> = z.object({
  messages: z.number().int(),
  bytes: z.number().int(),
  looked_at: z.number().int(),
  is_all: z.boolean().describe('false: a sample from the beginning'),
  first: z.array(z.record(z.string(), z.unknown())),
  targets: z.array(z.object({ queue: z.string(), messages: z.number().int() })),
  skipped,
})

/** Throws `precondition_failed` for a partition that the queue does not have. */
export function askedFromJson(vhost: string, body: JobBody, queue: Destination): JobAsked {
  const { kind, filter, edit, messages } = body
  return {
    kind,
    vhost,
    queue: queue.name,
    places: messages?.map((message) => placeOf(queue, message)),
    filter: filter === undefined ? undefined : filterFromJson(filter),
    target: targetOf(body),
    edit: edit && {
      body: edit.payload && Buffer.from(edit.payload, encodingOf(edit)).toString('base64'),
      setHeaders: edit.set_headers,
      removeHeaders: edit.remove_headers,
    },
    onRefused: body.on_refused,
    messagesPerSecond: body.messages_per_second,
    bytesPerSecond: body.bytes_per_second,
  }
}

/** The body of an edit is not told: it may be large, and not for everyone who sees the job. */
export function jobJson({ id, facts, progress, moved, pace }: Job): JobJson {
  const { kind, vhost, queue, target, of, filter, places, edit, onRefused } = facts.asked
  const { total } = facts
  const { state, looked } = progress
  return {
    id,
    kind,
    vhost,
    queue,
    ...(target !== undefined && { target: targetJson(target) }),
    ...(of !== undefined && { undo_of: of }),
    ...(filter !== undefined && { filter: filterToJson(filter) }),
    ...(places !== undefined && { places: places.length }),
    is_edited: edit !== undefined,
    on_refused: onRefused,
    messages_per_second: facts.asked.messagesPerSecond ?? null,
    bytes_per_second: facts.asked.bytesPerSecond ?? null,
    user: facts.user,
    state,
    reason: progress.reason ?? null,
    started: facts.startedAt,
    ended: progress.endedAt ?? null,
    total,
    looked_at: looked,
    ...paceJson({ facts, progress, pace }),
    done: progress.done,
    done_bytes: progress.doneSize,
    skipped: skippedJson(progress.skipped),
    undoable: { messages: moved.count, is_all: moved.count === progress.done && moved.isWhole },
  }
}

/** Unknown while it does not move. */
function paceJson({
  facts: { total },
  progress: { state, reason, looked },
  pace,
}: Pick<Job, 'facts' | 'progress' | 'pace'>): Pick<JobJson, 'pace' | 'seconds_left'> {
  const isMoving = state === 'running' && reason === undefined
  const perSecond = isMoving ? pace?.perSecond : undefined
  if (perSecond === undefined) return { pace: null, seconds_left: null }
  const left = Math.max(0, total - looked)
  return { pace: perSecond, seconds_left: perSecond === 0 ? null : left / perSecond }
}

export function previewJson(preview: PreviewResult): PreviewJson {
  const { looked, count, size, isWhole, first, targets, skipped: skips } = preview
  return {
    messages: count,
    bytes: size,
    looked_at: looked,
    is_all: isWhole,
    first: first.map(messageJson),
    targets: Array.from(targets, ([queue, messages]) => ({ queue, messages })),
    skipped: skippedJson(skips),
  }
}

function targetOf({ kind, target }: JobBody): JobTarget | undefined {
  if (target === undefined) return kind === 'redrive' ? { to: 'origin', death: 'first' } : undefined
  if (target.to !== 'exchange') return target
  return { to: 'exchange', name: target.name, routingKey: target.routing_key }
}

function targetJson(target: JobTarget): Record<string, unknown> {
  if (target.to !== 'exchange') return { ...target }
  const { to, name, routingKey } = target
  return { to, name, ...(routingKey !== undefined && { routing_key: routingKey }) }
}

function placeOf(
  queue: Destination,
  { partition, offset }: NonNullable<JobBody['messages']>[number],
): BrowsePlace {
  const part = partsOf(queue).find((each) => each.partition === partition)
  if (part !== undefined) return { index: part.index, offset }
  const which =
    partition === undefined ? 'several partitions: name one' : `no partition ${partition}`
  throw preconditionFailed(`'${queue.name}' has ${which}`)
}

function encodingOf({ payload_encoding: encoding }: EditJson): BufferEncoding {
  return encoding === 'base64' ? 'base64' : 'utf8'
}

function skippedJson(skips: readonly SkipCount[]): SkippedJson[] {
  return skips.map(([reason, count]) => ({ reason, count }))
}
