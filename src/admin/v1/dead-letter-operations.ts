// Dead letters: which queues have them, and what died there, in groups.
import { z } from 'zod'
import type { Broker } from '../../broker/broker.ts'
import { type DeadLetterQueue, findDeadLetterQueues } from '../../broker/jobs/dead-letter-queues.ts'
import type { DeathGroup } from '../../broker/jobs/death-groups.ts'
import { badRequest, notFound } from '../answers.ts'
import { answerList, listOf, listQuery } from '../api/listing.ts'
import { type Operation, operation } from '../api/operation.ts'
import { readPlace } from '../rabbitmq/browse-query.ts'

const tag = 'Dead letters'

const queueSchema = z.object({
  queue: z.string(),
  messages: z.number().int(),
  sources: z.array(z.string()).describe('Queues whose dead letters may come here, ten at most'),
  source_count: z.number().int(),
})

const text = z.string().nullable()
const groupSchema = z.object({
  reason: text,
  queue: text.describe('Where they died last'),
  exchange: text.describe('To which they were published before that'),
  exception: text.describe('First line of what a framework wrote into the headers'),
  count: z.number().int(),
  bytes: z.number().int(),
  first: z.number().describe('Milliseconds since the Unix epoch'),
  last: z.number(),
  example: z.object({ partition: z.number().int().optional(), offset: z.number().int() }),
})

export function deadLetterOperations(broker: Broker): Operation[] {
  return [
    operation({
      method: 'get',
      path: '/v1/dead-letters/{vhost}',
      tag,
      summary: 'Queues and streams that other queues send their dead letters to',
      access: 'vhost-visible',
      query: listQuery,
      answers: { 200: listOf(queueSchema) },
      async handle({ names, query, context }) {
        const vhost = broker.findVHost(names.vhost)
        if (vhost === undefined) return notFound(context)
        const items = await broker.slices.run(findDeadLetterQueues(vhost))
        const nameOf = ({ queue }: DeadLetterQueue): string => queue.name
        return answerList(broker.slices, query, { items, json: queueJson, nameOf })
      },
    }),
    operation({
      method: 'get',
      path: '/v1/dead-letters/{vhost}/{name}',
      tag,
      summary: 'What died and is in this queue, in groups; each request looks at a part of it',
      access: 'vhost',
      query: z.object({ cursor: z.string().optional().describe('The `next` of the part before') }),
      answers: {
        200: z.object({
          groups: z.array(groupSchema),
          looked_at: z.number().int(),
          others: z.number().int().describe('Those that do not say that they died'),
          next: z.string().nullable().describe('null: all was looked at; else it is a sample'),
        }),
      },
      async handle({ names: { vhost, name }, query, caller, context }) {
        const queue = broker.findVHost(vhost)?.findQueue(name)
        if (queue === undefined) return notFound(context)
        const place = readPlace(query.cursor)
        if (place === 'wrong') return badRequest(context, 'cursor: not what was answered as next')
        const from = { segment: place?.index ?? 0, offset: place?.offset ?? 0 }
        const asker = { user: caller.principal.user, rights: caller.rightsIn(vhost) }
        const jobs = await broker.openJobs()
        const { groups, looked, others, next } = await jobs.groupDeaths(queue, from, asker)
        return {
          groups: groups.map(groupJson),
          looked_at: looked,
          others,
          next: next === undefined ? null : `${next.segment}.${next.offset}`,
        }
      },
    }),
  ]
}

function queueJson({ queue, sources, sourceCount }: DeadLetterQueue): Record<string, unknown> {
  return { queue: queue.name, messages: queue.messageCount, sources, source_count: sourceCount }
}

function groupJson(group: DeathGroup): Record<string, unknown> {
  const { reason, queue, exchange, exception, count, size, first, last, example } = group
  const { partition, offset } = example
  return {
    reason: reason ?? null,
    queue: queue ?? null,
    exchange: exchange ?? null,
    exception: exception ?? null,
    count,
    bytes: size,
    first,
    last,
    example: { ...(partition !== undefined && { partition }), offset },
  }
}
