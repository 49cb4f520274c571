// Messages of a queue or topic for those who look: pages in either direction, and one message by its place.
// Nothing has an effect on them.
import { z } from 'zod'
import type { Broker } from '../../broker/broker.ts'
import type { BrowsedMessage } from '../../broker/browse/browsed-message.ts'
import { brokerLimits } from '../../limits/broker.ts'
import { searchLimits } from '../../limits/search.ts'
import { badRequest, notFound } from '../answers.ts'
import { type Operation, operation } from '../api/operation.ts'
import { messageJson } from '../message-json.ts'
import { findMessage, outsideOf, permitFilter, streamToView, type Viewed } from './browse-rights.ts'
import { exportedJson } from './exported-json.ts'
import { filterOf, filterQuery, partitionQuery, placeIn, wholeIn } from './stream-asked.ts'

const tag = 'Messages'
const path = '/v1/streams/{vhost}/{name}/messages'
const { browseCountMax, browsePageSizeMax } = brokerLimits
const { payloadShownMax } = searchLimits

const pageQuery = z.strictObject({
  from: z
    .string()
    .max(64)
    .optional()
    .describe(
      'first, last, an offset, a time like 2026-11-29T07:00:00Z, or an age like 1h; left out, the first not acked, and of the newest the end',
    ),
  order: z
    .enum(['oldest', 'newest'])
    .default('oldest')
    .describe('Which come first: oldest goes on from there, newest goes back from before there'),
  cursor: z.string().max(2048).optional().describe('Goes on where a page ended: its `next`'),
  partition: partitionQuery,
  count: wholeIn(1, browseCountMax).default(100),
  payload: wholeIn(0, browsePageSizeMax)
    .default(0)
    .describe('Bytes of each payload that are shown'),
  filter: filterQuery,
})

const messageSchema = z.record(z.string(), z.unknown())

const pageSchema: z.ZodType<MessagePageJson> = z.object({
  messages: z.array(messageSchema),
  next: z.string().nullable().describe('null: that was all'),
  looked_at: z.number().int().describe('Messages that this page has looked at'),
  left: z.number().int().describe('Offsets that it has not come to, in its direction'),
  sees_payloads: z
    .boolean()
    .describe('false: without the right to read, what is on the outside of messages is shown'),
})

/** A page of messages. */
export interface MessagePageJson {
  readonly messages: readonly Readonly<Record<string, unknown>>[]
  readonly next: string | null
  readonly looked_at: number
  readonly left: number
  readonly sees_payloads: boolean
}

export function browseOperations(broker: Broker): Operation[] {
  return [pageOperation(broker), messageOperation(broker)]
}

function pageOperation(broker: Broker): Operation {
  return operation({
    method: 'get',
    path,
    tag,
    summary:
      'A page of the messages of a queue or topic, in either direction; partitions are merged by time',
    access: 'vhost',
    query: pageQuery,
    answers: { 200: pageSchema },
    async handle({ names, query, caller, context }) {
      const viewed = streamToView(broker, names, caller)
      if (viewed === undefined) return notFound(context)
      const { from, order, partition, count, payload, filter } = query
      permitFilter(viewed, filter, caller)
      const usual = { kind: order === 'newest' ? ('last' as const) : ('head' as const) }
      const start = from === undefined ? usual : placeIn(from, broker.clock.now())
      if (start === undefined) return badRequest(context, 'from: no such place')
      const after = query.cursor === undefined ? undefined : readCursor(query.cursor)
      if (after === 'wrong') {
        return badRequest(context, 'cursor: not what a page answered as next')
      }
      const page = await broker.browser.walk(viewed.stream, {
        start,
        order,
        after,
        partition,
        count,
        payloadSizeMax: payload,
        filter: filterOf(filter),
      })
      return {
        messages: page.messages.map((message) => messageJson(shownTo(viewed, message))),
        next: page.next === undefined ? null : cursorText(page.next),
        looked_at: page.lookedCount,
        left: page.left,
        sees_payloads: viewed.seesPayloads,
      } satisfies MessagePageJson
    },
  })
}

function messageOperation(broker: Broker): Operation {
  return operation({
    method: 'get',
    path: `${path}/{place}`,
    tag,
    summary:
      'One message by its place, with the types of its headers; the place is its offset, or PARTITION.OFFSET',
    access: 'vhost',
    query: z.strictObject({
      payload: wholeIn(0, payloadShownMax)
        .default(256 * 1024)
        .describe('Bytes of the payload that are shown'),
    }),
    answers: {
      200: messageSchema.describe(
        'Without `payload` where the caller may not read; what is longer than asked for is cut off',
      ),
    },
    async handle({ names, query, caller, context }) {
      const viewed = streamToView(broker, names, caller)
      if (viewed === undefined) return notFound(context)
      const message = await findMessage(broker, viewed, names.place, query.payload)
      if (message === undefined) return notFound(context)
      return {
        ...exportedJson(shownTo(viewed, message)),
        sees_payload: viewed.seesPayloads,
      }
    },
  })
}

function shownTo({ seesPayloads }: Viewed, message: BrowsedMessage): BrowsedMessage {
  return seesPayloads ? message : outsideOf(message)
}

function cursorText(next: ReadonlyMap<number, number>): string {
  return Array.from(next, ([index, offset]) => `${index}.${offset}`).join('_')
}

function readCursor(text: string): ReadonlyMap<number, number> | 'wrong' {
  const places = new Map<number, number>()
  for (const place of text.split('_')) {
    const [, index, offset] = /^(\d{1,10})\.(\d{1,15})$/.exec(place) ?? []
    if (offset === undefined) return 'wrong'
    places.set(Number(index), Number(offset))
  }
  return places
}
