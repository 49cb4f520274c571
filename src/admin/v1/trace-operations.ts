// Traces: messages are followed through the broker. Who may enter a virtual host may trace in it, and sees of
// each message what its permissions let it see.
import type { Context } from 'hono'
import { z } from 'zod'
import type { Broker } from '../../broker/broker.ts'
import { compileFilter } from '../../broker/browse/message-filter.ts'
import { permit } from '../../broker/permit.ts'
import type { Trace } from '../../broker/trace/trace.ts'
import type { Traces } from '../../broker/trace/traces.ts'
import type { Clock } from '../../lib/clock.ts'
import { traceLimits } from '../../limits/trace.ts'
import { badRequest, notFound } from '../answers.ts'
import type { Caller } from '../api/caller.ts'
import { answerList, listOf, listQuery } from '../api/listing.ts'
import { type Operation, operation } from '../api/operation.ts'
import { visibleVHosts } from '../api/visible-vhosts.ts'
import { gatherList } from '../cluster/gather-list.ts'
import { filterFromJson } from './filter-schema.ts'
import {
  traceBody,
  traceEventJson,
  traceEventSchema,
  type TraceJson,
  traceJson,
  traceSchema,
} from './trace-json.ts'
import { TraceView } from './trace-view.ts'

const tag = 'Traces'
const path = '/v1/traces/{vhost}'

interface TraceNames {
  readonly vhost: string
  readonly id: string
}

export function traceOperations(broker: Broker): Operation[] {
  return [
    listOperation(broker),
    beginOperation(broker),
    ...lookOperations(broker),
    ...endOperations(broker),
  ]
}

function listOperation(broker: Broker): Operation {
  return operation({
    method: 'get',
    path: '/v1/traces',
    where: gatherList('vhosts', ['started_at']),
    tag,
    summary: 'Traces of all virtual hosts that the caller sees, oldest first',
    access: 'management',
    query: listQuery,
    answers: { 200: listOf(traceSchema) },
    async handle({ query, caller }) {
      const visible = new Set(visibleVHosts(broker, caller).map(({ name }) => name))
      const { all } = await broker.openTraces()
      return answerList(broker.slices, query, {
        items: [...all].filter(({ facts }) => visible.has(facts.vhost)),
        json: (trace) => ({ ...jsonFor(caller, trace) }),
        nameOf: ({ facts }) => facts.id,
      })
    },
  })
}

function beginOperation(broker: Broker): Operation {
  return operation({
    method: 'post',
    path,
    tag,
    summary: 'Begin to follow messages that a filter finds, through every queue they come to',
    access: 'vhost',
    body: traceBody,
    answers: { 201: traceSchema },
    async handle({ names: { vhost }, body, caller, context }) {
      const { filter, stream: name, seconds } = body
      if (Object.values(filter).every((condition) => condition === undefined)) {
        return badRequest(context, 'filter: one condition is needed at least')
      }
      if (broker.findVHost(vhost) === undefined) return notFound(context)
      const stream = name === undefined ? undefined : broker.findVHost(vhost)?.findQueue(name)
      if (name !== undefined) permit(caller.rightsIn(vhost), 'read', { kind: 'queue', name })
      if (name !== undefined && stream === undefined) return notFound(context)
      const traces = await broker.openTraces()
      const { user } = caller.principal
      const compiled = compileFilter(filterFromJson(filter))
      const trace = traces.start({ vhost, user, asked: body, filter: compiled, seconds, stream })
      return context.json(jsonFor(caller, trace), 201)
    },
  })
}

function lookOperations(broker: Broker): Operation[] {
  return [
    operation({
      method: 'get',
      path: `${path}/{id}`,
      tag,
      summary: 'A trace',
      access: 'vhost-visible',
      answers: { 200: traceSchema },
      async handle({ names, caller, context }) {
        const trace = findTrace(await broker.openTraces(), names)
        return trace === undefined ? notFound(context) : jsonFor(caller, trace)
      },
    }),
    operation({
      method: 'get',
      path: `${path}/{id}/events`,
      tag,
      summary: 'What happened to the messages of a trace, oldest first',
      access: 'vhost-visible',
      query: z.object({
        after: z.coerce
          .number()
          .int()
          .min(0)
          .default(0)
          .describe('Only what came after the event with this `sequence`'),
        wait_ms: z.coerce
          .number()
          .int()
          .min(0)
          .max(traceLimits.waitMsMax)
          .default(0)
          .describe('How long to wait for the first one while the trace runs'),
      }),
      answers: {
        200: z.object({
          state: z.enum(['running', 'ended']),
          events: z.array(traceEventSchema),
          next: z.number().int().describe('`after` of the next request'),
        }),
      },
      async handle({ names, query, caller, context }) {
        const trace = findTrace(await broker.openTraces(), names)
        if (trace === undefined) return notFound(context)
        const { after, wait_ms: waitMs } = query
        const { signal } = context.req.raw
        const view = new TraceView(caller, trace)
        await untilNews(view, { after, waitMs, signal, clock: broker.clock })
        const events = view.events.slice(after, after + traceLimits.eventsPerAnswer)
        return {
          state: trace.isRunning ? 'running' : 'ended',
          events: events.map(traceEventJson),
          next: events.at(-1)?.sequence ?? Math.min(after, view.events.length),
        }
      },
    }),
  ]
}

function endOperations(broker: Broker): Operation[] {
  return [
    operation({
      method: 'post',
      path: `${path}/{id}/stop`,
      tag,
      summary: 'End a trace; what it has noted stays',
      access: 'vhost',
      body: z.strictObject({}),
      answers: { 200: traceSchema },
      async handle({ names, caller, context }) {
        const trace = findTrace(await broker.openTraces(), names)
        if (trace === undefined) return notFound(context)
        if (!mayControl(caller, trace)) return refuse(context)
        trace.stop('stopped')
        return jsonFor(caller, trace)
      },
    }),
    operation({
      method: 'delete',
      path: `${path}/{id}`,
      tag,
      summary: 'End a trace and forget what it has noted',
      access: 'vhost',
      answers: { 204: 'The trace is forgotten' },
      async handle({ names, caller, context }) {
        const traces = await broker.openTraces()
        const trace = findTrace(traces, names)
        if (trace === undefined) return notFound(context)
        if (!mayControl(caller, trace)) return refuse(context)
        traces.remove(trace)
        return context.body(null, 204)
      },
    }),
  ]
}

interface Wait {
  readonly after: number
  readonly waitMs: number
  readonly signal: AbortSignal
  readonly clock: Clock
}

/** Also when whoever waits has gone. What the caller may not see is no news. */
async function untilNews(view: TraceView, { after, waitMs, signal, clock }: Wait): Promise<void> {
  const { trace } = view
  const isThere = (): boolean => view.events.length > after || !trace.isRunning
  if (waitMs === 0 || isThere() || signal.aborted) return
  if (trace.listenerCount >= traceLimits.waitersMax) return
  const { promise, resolve } = Promise.withResolvers<void>()
  const timer = clock.after(waitMs, resolve)
  const stopListening = trace.onNews(() => isThere() && resolve())
  signal.addEventListener('abort', () => resolve())
  await promise
  timer.stop()
  stopListening()
}

function findTrace(traces: Traces, { vhost, id }: TraceNames): Trace | undefined {
  const trace = traces.find(id)
  return trace?.facts.vhost === vhost ? trace : undefined
}

function jsonFor(caller: Caller, trace: Trace): TraceJson {
  return traceJson(trace, new TraceView(caller, trace).events)
}

function mayControl(caller: Caller, { facts }: Trace): boolean {
  return caller.hasTag('administrator') || caller.principal.user === facts.user
}

function refuse(context: Context): Response {
  const reason = 'Another user began this trace: an administrator may stop it'
  return context.json({ error: 'not_authorised', reason }, 401)
}
