// Delayed messages: which exchanges have some, when they are due, what they are; cancel one, or fire it now.
import type { Context } from 'hono'
import { z } from 'zod'
import { preconditionFailed } from '../../broker/broker-error.ts'
import type { Broker } from '../../broker/broker.ts'
import {
  countDue,
  type DelayedMessage,
  endDelayed,
  listDelayed,
} from '../../broker/delay/browse-delayed.ts'
import type { MessageDelay } from '../../broker/exchange/message-delay.ts'
import { permit } from '../../broker/permit.ts'
import { whenDurable } from '../../broker/when-durable.ts'
import { brokerLimits } from '../../limits/broker.ts'
import { badRequest, notFound } from '../answers.ts'
import type { Caller } from '../api/caller.ts'
import { answerList, listOf, listQuery } from '../api/listing.ts'
import { type Operation, operation } from '../api/operation.ts'
import { messageJson } from '../message-json.ts'
import { delayedCursorOf, readDelayedCursor, readDelayedPlace } from './delayed-place.ts'

const tag = 'Delayed messages'
const path = '/v1/delayed-messages/{vhost}'
const time = z
  .number()
  .nullable()
  .describe('Milliseconds since the Unix epoch; null: not known yet')

export function delayedOperations(broker: Broker): Operation[] {
  return [...lookOperations(broker), listOperation(broker), ...endOperations(broker)]
}

function lookOperations(broker: Broker): Operation[] {
  return [
    operation({
      method: 'get',
      path,
      tag,
      summary: 'Exchanges that delay messages, and how many wait',
      access: 'vhost-visible',
      query: listQuery,
      answers: { 200: listOf(z.object({ exchange: z.string(), messages: z.number().int() })) },
      handle({ names, query, context }) {
        const vhost = broker.findVHost(names.vhost)
        if (vhost === undefined) return notFound(context)
        const items = [...vhost.exchanges()].filter(({ delay }) => delay !== undefined)
        const nameOf = ({ name }: { readonly name: string }): string => name
        return answerList(broker.slices, query, {
          items,
          json: ({ name, delay }) => ({ exchange: name, messages: delay?.messageCount ?? 0 }),
          nameOf,
        })
      },
    }),
    operation({
      method: 'get',
      path: `${path}/{exchange}`,
      tag,
      summary: 'How many messages of an exchange are due when',
      access: 'vhost-visible',
      answers: {
        200: z.object({
          messages: z.number().int(),
          due: z
            .array(z.object({ from: time, to: time, messages: z.number().int() }))
            .describe('The earliest first; stretches may overlap'),
        }),
      },
      handle({ names, context }) {
        const delay = findDelay(broker, names)
        if (delay === undefined) return notFound(context)
        const due = countDue(delay).map(({ from, to, count }) => {
          return { from: timeJson(from), to: timeJson(to), messages: count }
        })
        return { messages: delay.messageCount, due }
      },
    }),
  ]
}

function listOperation(broker: Broker): Operation {
  return operation({
    method: 'get',
    path: `${path}/{exchange}/messages`,
    tag,
    summary:
      'Messages that wait, by stretches of time in which they are due; after a start in a moment',
    access: 'vhost',
    query: z.object({
      count: z.coerce.number().int().min(1).max(brokerLimits.browseCountMax).default(100),
      cursor: z.string().optional().describe('The `next` of the page before'),
    }),
    answers: {
      200: z.object({
        messages: z.array(z.record(z.string(), z.unknown())),
        next: z.string().nullable().describe('null: that was all'),
      }),
    },
    async handle({ names, query, caller, context }) {
      const delay = findDelay(broker, names)
      if (delay === undefined) return notFound(context)
      permitOn(caller, 'read', names)
      const after = query.cursor === undefined ? undefined : readDelayedCursor(query.cursor)
      if (after === 'wrong') return badRequest(context, 'cursor: not what was answered as next')
      const asked = { count: query.count, after }
      const { messages, next } = await broker.slices.run(listDelayed(delay, asked, broker))
      return {
        messages: messages.map(delayedJson),
        next: next === undefined ? null : delayedCursorOf(next),
      }
    },
  })
}

function endOperations(broker: Broker): Operation[] {
  const gone = 'It has left, or moved since it was listed: list it again'
  const end = async ({ names, caller, context }: EndCall, goesOn: boolean): Promise<Response> => {
    const delay = findDelay(broker, names)
    const place = readDelayedPlace(names.place)
    if (delay === undefined || place === undefined) return notFound(context)
    permitOn(caller, 'write', names)
    if (goesOn && broker.shortage.reason !== undefined) {
      throw preconditionFailed(`the broker is ${broker.shortage.reason}`)
    }
    const { store, slices } = broker
    const ended = await slices.run(endDelayed(delay, place, { store, goesOn }))
    if (ended === undefined) return context.json({ error: 'not_found', reason: gone }, 404)
    await whenDurable(ended.ticket)
    return context.body(null, 204)
  }
  return [
    operation({
      method: 'delete',
      path: `${path}/{exchange}/messages/{place}`,
      tag,
      summary: 'Cancel a delayed message: it is gone',
      access: 'vhost',
      answers: { 204: 'It is gone', 404: gone },
      handle: (call) => end(call, false),
    }),
    operation({
      method: 'post',
      path: `${path}/{exchange}/messages/{place}/fire`,
      tag,
      summary: 'Send a delayed message on now',
      access: 'vhost',
      answers: { 204: 'It is where its exchange leads', 404: gone },
      handle: (call) => end(call, true),
    }),
  ]
}

interface Names {
  readonly vhost: string
  readonly exchange: string
}

interface EndCall {
  readonly names: Names & { readonly place: string }
  readonly caller: Caller
  readonly context: Context
}

function findDelay(broker: Broker, { vhost, exchange }: Names): MessageDelay | undefined {
  return broker.findVHost(vhost)?.findExchange(exchange)?.delay
}

function permitOn(caller: Caller, operation: 'read' | 'write', { vhost, exchange }: Names): void {
  permit(caller.rightsIn(vhost), operation, { kind: 'exchange', name: exchange })
}

function delayedJson({ dueAt, logId, message }: DelayedMessage): Record<string, unknown> {
  const { offset, ...rest } = messageJson(message)
  return { place: `${logId}.${String(offset)}`, due: dueAt, ...rest }
}

function timeJson(milliseconds: number): number | null {
  return Number.isFinite(milliseconds) ? milliseconds : null
}
