// Messages of queues and streams: found, without any effect on them.
import { z } from 'zod'
import { compileFilter } from '../../broker/browse/message-filter.ts'
import { permit } from '../../broker/permit.ts'
import { brokerLimits } from '../../limits/broker.ts'
import { badRequest, notFound } from '../answers.ts'
import { type Operation, operation } from '../api/operation.ts'
import { messageJson } from '../message-json.ts'
import { readPlace, readStart } from '../rabbitmq/browse-query.ts'
import { filterFromJson, filterSchema } from './filter-schema.ts'
import type { GroupParts } from './group-operations.ts'
import { searchOperation } from './search-operation.ts'

const tag = 'Messages'
const { browseCountMax, browsePageSizeMax } = brokerLimits

const searchBody = z.strictObject({
  filter: filterSchema.default({}),
  from: z
    .string()
    .optional()
    .describe('first, last, an offset, a time, an age like 1h; left out, the first not acked'),
  cursor: z.string().optional().describe('Goes on where a page ended: its `next`'),
  partition: z.number().int().min(0).optional(),
  count: z.number().int().min(1).max(browseCountMax).default(100),
  payload: z
    .number()
    .int()
    .min(0)
    .max(browsePageSizeMax)
    .default(1024)
    .describe('Bytes of each payload that are shown'),
})

export function messageOperations(parts: GroupParts): Operation[] {
  const { broker } = parts
  return [
    searchOperation(parts),
    operation({
      method: 'post',
      path: '/v1/queues/{vhost}/{name}/messages/search',
      tag,
      summary:
        'Messages of a queue or stream that a filter finds; each request reads 16 MiB at most',
      access: 'vhost',
      isUntold: true,
      body: searchBody,
      answers: {
        200: z.object({
          messages: z.array(z.record(z.string(), z.unknown())),
          next: z.string().nullable().describe('null: that was all'),
        }),
      },
      async handle({ names: { vhost, name }, body, caller, context }) {
        const queue = broker.findVHost(vhost)?.findQueue(name)
        if (queue === undefined) return notFound(context)
        permit(caller.rightsIn(vhost), 'read', { kind: 'queue', name })
        const start = readStart(body.from, broker.clock.now())
        const after = readPlace(body.cursor)
        if (start === undefined) return badRequest(context, 'from: no such place')
        if (after === 'wrong')
          return badRequest(context, 'cursor: not what a page answered as next')
        const { partition, count, payload: payloadSizeMax } = body
        const filter = compileFilter(filterFromJson(body.filter))
        const asked = { start, after, partition, count, payloadSizeMax, filter }
        const { messages, next } = await broker.browse(queue, asked)
        const cursor = next === undefined ? null : `${next.index}.${next.offset}`
        return { messages: messages.map(messageJson), next: cursor }
      },
    }),
  ]
}
