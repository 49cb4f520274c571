// The latest message of a key: what a table of the topic would have for it.
import { z } from 'zod'
import type { Broker } from '../../broker/broker.ts'
import { latestOfKey, type LatestFound } from '../../broker/browse/latest-of-key.ts'
import type { Destination } from '../../broker/destination.ts'
import { searchLimits } from '../../limits/search.ts'
import { bytesOfName } from '../../record/message/name-bytes.ts'
import { badRequest, notFound } from '../answers.ts'
import { type Operation, operation } from '../api/operation.ts'
import { outsideOf, streamToView } from './browse-rights.ts'
import { exportedJson } from './exported-json.ts'
import { partitionQuery, wholeIn } from './stream-asked.ts'

const count = z.number().int()

const latestQuery = z.strictObject({
  encoding: z
    .enum(['text', 'hex', 'base64'])
    .default('text')
    .describe('How the key is written; the empty one is `=` in base64'),
  partition: partitionQuery,
  payload: wholeIn(0, searchLimits.payloadShownMax)
    .default(256 * 1024)
    .describe('Bytes of the payload that are shown'),
  cursor: z.string().max(64).optional().describe('Goes on where a request ended: its `next`'),
})

const goOnSchema = z.object({
  next: z.string().describe('To be sent as `cursor`'),
  looked_at: count.describe('Messages that this request has looked at'),
})

const absentSchema = z.object({
  error: z.string(),
  reason: z.string(),
  deleted: z
    .object({ partition: count.optional(), offset: count, time: count })
    .optional()
    .describe('Where a message says that there is nothing of the key any more'),
})

export function latestOperation(broker: Broker): Operation {
  return operation({
    method: 'get',
    path: '/v1/streams/{vhost}/{name}/keys/{key}',
    tag: 'Messages',
    summary: 'The latest message of a key, as a table of the topic has it',
    access: 'vhost',
    query: latestQuery,
    answers: {
      200: z.record(z.string(), z.unknown()).describe('The message, as one by its place'),
      202: goOnSchema.describe('Not found so far: much is newer than it, or there is none'),
      404: absentSchema.describe('There is none, or it is deleted'),
    },
    async handle({ names, query, caller, context }) {
      const viewed = streamToView(broker, names, caller)
      if (viewed === undefined) return notFound(context)
      const key = readKey(names.key, query.encoding)
      if (key === undefined) return badRequest(context, `key: not in ${query.encoding}`)
      const after = query.cursor === undefined ? undefined : readCursor(query.cursor)
      if (after === 'wrong') return badRequest(context, 'cursor: not what was answered as next')
      const { partition, payload: payloadSizeMax } = query
      const asked = { key, partition, payloadSizeMax, after }
      const { message, isTombstone, next, lookedCount } = await look(broker, viewed.stream, asked)
      if (next !== undefined) {
        return context.json({ next: `${next.index}.${next.offset}`, looked_at: lookedCount }, 202)
      }
      if (message === undefined) return notFound(context)
      const { offset, timestamp: time, partition: found } = message
      if (isTombstone) {
        const place = { ...(found !== undefined && { partition: found }), offset }
        const reason = `It was deleted at offset ${offset}${found === undefined ? '' : ` of partition ${found}`}`
        return context.json({ error: 'Object Not Found', reason, deleted: { ...place, time } }, 404)
      }
      const shown = viewed.seesPayloads ? message : outsideOf(message)
      return { ...exportedJson(shown), sees_payload: viewed.seesPayloads }
    },
  })
}

type Asked = Parameters<typeof latestOfKey>[1]

/** Page by page, for as long as a request may look. */
async function look(broker: Broker, stream: Destination, asked: Asked): Promise<LatestFound> {
  const until = broker.clock.monotonic() + searchLimits.latestMs
  let lookedCount = 0
  let { after } = asked
  for (;;) {
    const step = { ...asked, after }
    const found = await broker.browser.run(() => latestOfKey(stream, step, broker))
    lookedCount += found.lookedCount
    const isOver = found.next === undefined || broker.clock.monotonic() >= until
    if (isOver || stream.isDeleted) return { ...found, lookedCount }
    after = found.next
  }
}

/** Undefined for what is not in that encoding. */
function readKey(text: string, encoding: 'text' | 'hex' | 'base64'): Buffer | undefined {
  if (encoding === 'text') return Buffer.from(bytesOfName(text) as string)
  if (encoding === 'hex') {
    return /^(?:[\da-f]{2})+$/i.test(text) ? Buffer.from(text, 'hex') : undefined
  }
  return /^[\w+/-]*={0,2}$/.test(text) ? Buffer.from(text, 'base64') : undefined
}

function readCursor(text: string): { index: number; offset: number } | 'wrong' {
  const [, index, offset] = /^(\d{1,10})\.(\d{1,15})$/.exec(text) ?? []
  if (offset === undefined) return 'wrong'
  return { index: Number(index), offset: Number(offset) }
}
