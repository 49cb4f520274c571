// Dead letters: which queues have them, how many there are, and what died there, in groups.
import { z } from 'zod'
import type { Broker } from '../../broker/broker.ts'
import type { Destination } from '../../broker/destination.ts'
import {
  type DeadLetterQueue,
  findDeadLetterQueues,
  waitingIn,
} from '../../broker/jobs/dead-letter-queues.ts'
import type { DeathGroup } from '../../broker/jobs/death-groups.ts'
import { KnownDeadLetterQueues } from '../../broker/jobs/known-dead-letter-queues.ts'
import type { VHost } from '../../broker/vhost.ts'
import type { Steps } from '../../lib/slices.ts'
import { badRequest, notFound } from '../answers.ts'
import { answerList, listOf, listQuery } from '../api/listing.ts'
import { type Operation, operation } from '../api/operation.ts'
import { visibleVHosts } from '../api/visible-vhosts.ts'
import { addUp } from '../cluster/add-up.ts'
import { gatherJson } from '../cluster/gather-json.ts'
import { gatherList } from '../cluster/gather-list.ts'
import { readPlace } from '../rabbitmq/browse-query.ts'

const tag = 'Dead letters'

export interface DeadLetterQueueJson {
  readonly vhost: string
  readonly queue: string
  readonly kind: 'queue' | 'topic'
  readonly messages: number
  readonly consumers: number
  readonly sources: readonly string[]
  readonly source_count: number
  readonly groups: readonly string[]
  readonly group_count: number
  readonly retries_after_ms: number | null
}

const count = z.number().int()

const queueSchema: z.ZodType<DeadLetterQueueJson> = z.object({
  vhost: z.string(),
  queue: z.string(),
  kind: z.enum(['queue', 'topic']),
  messages: count,
  consumers: count,
  sources: z.array(z.string()).describe('Queues whose dead letters may come here, ten at most'),
  source_count: count,
  groups: z.array(z.string()).describe('Groups whose dead letters come here, ten at most'),
  group_count: count.describe('0, as source_count: only its name says that it is for dead letters'),
  retries_after_ms: count
    .nullable()
    .describe('What comes here expires after so long, and is tried again'),
})

export interface DeathGroupJson {
  readonly reason: string | null
  readonly queue: string | null
  readonly exchange: string | null
  readonly routing_keys: readonly string[]
  readonly has_other_keys: boolean
  readonly exception_type: string | null
  readonly exception: string | null
  readonly count: number
  readonly bytes: number
  readonly first: number
  readonly last: number
  readonly example: { readonly partition?: number | undefined; readonly offset: number }
}

const text = z.string().nullable()
const groupSchema: z.ZodType<DeathGroupJson> = z.object({
  reason: text.describe('null: not the broker, but a program published it as failed'),
  queue: text.describe('Where they died last'),
  exchange: text.describe('To which they were published before that'),
  routing_keys: z.array(z.string()).describe('With which they were; the first few'),
  has_other_keys: z.boolean(),
  exception_type: text.describe('What a framework wrote into the headers'),
  exception: text.describe('First line of that; ids and long numbers stand there as #'),
  count,
  bytes: count,
  first: z.number().describe('Milliseconds since the Unix epoch'),
  last: z.number(),
  example: z.object({ partition: count.optional(), offset: count }),
})

export interface DeathsJson {
  readonly groups: readonly DeathGroupJson[]
  readonly looked_at: number
  readonly total: number
  readonly others: number
  readonly next: string | null
}

const deathsSchema: z.ZodType<DeathsJson> = z.object({
  groups: z.array(groupSchema),
  looked_at: count.describe('In this part'),
  total: count.describe('All that is there'),
  others: count.describe('Those that do not say that they died'),
  next: z.string().nullable().describe('null: all was looked at; else it is a sample'),
})

export interface DeathCountsJson {
  readonly streams: number
  readonly messages: number
}

export function deadLetterOperations(broker: Broker): Operation[] {
  return [...listOperations(broker), groupOperation(broker)]
}

function listOperations(broker: Broker): Operation[] {
  const listing = {
    json: queueJson,
    nameOf: ({ queue }: DeadLetterQueue): string => queue.name,
  }
  const known = new KnownDeadLetterQueues(broker)
  return [
    operation({
      method: 'get',
      path: '/v1/dead-letters',
      where: gatherList('vhosts', ['vhost', 'name']),
      tag,
      summary: 'Queues and streams with dead letters of others, of all virtual hosts',
      access: 'management',
      query: listQuery,
      answers: { 200: listOf(queueSchema) },
      async handle({ query, caller }) {
        const items = await broker.slices.run(findAll(broker, visibleVHosts(broker, caller)))
        return answerList(broker.slices, query, { ...listing, items })
      },
    }),
    operation({
      method: 'get',
      path: '/v1/dead-letter-counts',
      where: gatherJson('vhosts', (parts) => addUp(parts.map(({ json }) => json))),
      tag,
      summary: 'How many dead letters wait in queues that nobody consumes, and not for another try',
      access: 'management',
      answers: {
        200: z.object({ streams: count.describe('That have some'), messages: count }),
      },
      async handle({ caller }): Promise<DeathCountsJson> {
        const counts = { streams: 0, messages: 0 }
        for (const vhost of visibleVHosts(broker, caller)) {
          for (const found of await known.in(vhost)) {
            const messages = waitingIn(found)
            if (messages > 0) counts.streams++
            counts.messages += messages
          }
        }
        return counts
      },
    }),
    operation({
      method: 'get',
      path: '/v1/dead-letters/{vhost}',
      tag,
      summary: 'Queues and streams that other queues, and groups, send their dead letters to',
      access: 'vhost-visible',
      query: listQuery,
      answers: { 200: listOf(queueSchema) },
      async handle({ names, query, context }) {
        const vhost = broker.findVHost(names.vhost)
        if (vhost === undefined) return notFound(context)
        const items = await broker.slices.run(findDeadLetterQueues(vhost, broker))
        return answerList(broker.slices, query, { ...listing, items })
      },
    }),
  ]
}

function groupOperation(broker: Broker): Operation {
  return operation({
    method: 'get',
    path: '/v1/dead-letters/{vhost}/{name}',
    tag,
    summary: 'What died and is in this queue, in groups; each request looks at a part of it',
    access: 'vhost',
    query: z.object({
      cursor: z.string().optional().describe('The `next` of the part before'),
      count: z.coerce
        .number()
        .int()
        .min(1)
        .optional()
        .describe('Look at about so many messages; left out, at as many as one request may'),
    }),
    answers: { 200: deathsSchema },
    async handle({ names: { vhost, name }, query, caller, context }) {
      const queue = broker.findVHost(vhost)?.findQueue(name)
      if (queue === undefined) return notFound(context)
      const place = readPlace(query.cursor)
      if (place === 'wrong') return badRequest(context, 'cursor: not what was answered as next')
      const from = {
        segment: place?.index ?? 0,
        offset: place?.offset ?? 0,
        lookedMax: query.count,
      }
      const asker = { user: caller.principal.user, rights: caller.rightsIn(vhost) }
      const jobs = await broker.openJobs()
      const { groups, looked, others, next } = await jobs.groupDeaths(queue, from, asker)
      return {
        groups: groups.map(groupJson),
        looked_at: looked,
        total: queue.messageCount,
        others,
        next: next === undefined ? null : `${next.segment}.${next.offset}`,
      }
    },
  })
}

function* findAll(broker: Broker, vhosts: Iterable<VHost<Destination>>): Steps<DeadLetterQueue[]> {
  const all: DeadLetterQueue[] = []
  for (const vhost of vhosts) {
    for (const queue of yield* findDeadLetterQueues(vhost, broker)) all.push(queue)
  }
  return all
}

function queueJson(found: DeadLetterQueue): {
  [Key in keyof DeadLetterQueueJson]: DeadLetterQueueJson[Key]
} {
  const { queue, sources, sourceCount, groups, groupCount, isRetry } = found
  const { vhost, name, kind, messageCount: messages, consumerCount: consumers } = queue
  const ttlMs = queue.kind === 'queue' ? queue.settings.messageTtlMs : undefined
  return {
    vhost,
    queue: name,
    kind,
    messages,
    consumers,
    sources,
    source_count: sourceCount,
    groups,
    group_count: groupCount,
    retries_after_ms: isRetry ? (ttlMs ?? null) : null,
  }
}

function groupJson(group: DeathGroup): DeathGroupJson {
  const { reason, queue, exchange, exceptionType, exception, example } = group
  const { count: messages, size, first, last, routingKeys, hasOtherKeys } = group
  const { partition, offset } = example
  return {
    reason: reason ?? null,
    queue: queue ?? null,
    exchange: exchange ?? null,
    routing_keys: routingKeys,
    has_other_keys: hasOtherKeys,
    exception_type: exceptionType ?? null,
    exception: exception ?? null,
    count: messages,
    bytes: size,
    first,
    last,
    example: { ...(partition !== undefined && { partition }), offset },
  }
}
