// Queues and streams: lists, and one.
import type { Destination } from '../../broker/destination.ts'
import type { VHost } from '../../broker/vhost.ts'
import { type ManagementParts, notFound } from '../answers.ts'
import type { JsonObject } from '../api/columns.ts'
import { answerList, byVHostAndName, type Listing, listOf } from '../api/listing.ts'
import { type Operation, operation } from '../api/operation.ts'
import { visibleVHosts } from '../api/visible-vhosts.ts'
import { gatherList } from '../cluster/gather-list.ts'
import { detailedQueueSchema, queueDetails, queueHistory } from './queue-details.ts'
import {
  queueColumn,
  type QueueDetail,
  queueJson,
  type QueueParts,
  queueSchema,
} from './queue-json.ts'
import { detailOf, statisticsListQuery, statisticsQuery, wantRates } from './statistics-query.ts'

const tag = 'Queues'

type QueueListParts = Pick<ManagementParts, 'broker' | 'clients' | 'statistics'>

export function queueListOperations(parts: QueueListParts): Operation[] {
  const { broker, statistics } = parts
  return [
    allOperation(parts, '/queues'),
    allOperation(parts, '/queues/detailed'),
    operation({
      method: 'get',
      path: '/queues/{vhost}',
      tag,
      summary: 'Queues and streams of a virtual host',
      access: 'vhost',
      query: statisticsListQuery,
      answers: { 200: listOf(queueSchema) },
      handle: ({ names, query, context }) => {
        const vhost = broker.findVHost(names.vhost)
        if (vhost === undefined) return notFound(context)
        wantRates(statistics, query)
        const items = vhost.queues()
        return answerList(broker.slices, query, listing(items, detailOf(query), parts))
      },
    }),
    oneOperation(parts),
  ]
}

function oneOperation(parts: QueueListParts): Operation {
  const { broker, statistics } = parts
  return operation({
    method: 'get',
    path: '/queues/{vhost}/{name}',
    tag,
    summary: 'A queue or a stream',
    access: 'vhost',
    query: statisticsQuery,
    answers: { 200: detailedQueueSchema },
    handle: async ({ names, query, context }) => {
      const queue = broker.findVHost(names.vhost)?.findQueue(names.name)
      if (queue === undefined) return notFound(context)
      const detail = detailOf(query)
      const object = queueJson(queue, detail, parts)
      if (detail !== 'statistics') return object
      statistics.want()
      const details = await broker.slices.run(queueDetails(queue, parts))
      return {
        ...object,
        ...queueHistory(queue, object, { query, statistics, now: broker.clock.now() }),
        ...details,
      }
    },
  })
}

function allOperation(parts: QueueListParts, path: '/queues' | '/queues/detailed'): Operation {
  const { broker, statistics } = parts
  return operation({
    method: 'get',
    path,
    where: gatherList('vhosts', ['vhost']),
    tag,
    summary: 'Queues and streams of all virtual hosts that the caller sees',
    access: 'management',
    query: statisticsListQuery,
    answers: { 200: listOf(queueSchema) },
    handle: ({ query, caller }) => {
      const items = queuesOf(visibleVHosts(broker, caller))
      wantRates(statistics, query)
      return answerList(broker.slices, query, listing(items, detailOf(query), parts))
    },
  })
}

function listing(
  items: Iterable<Destination>,
  detail: QueueDetail,
  parts: QueueParts,
): Listing<Destination> {
  return {
    items,
    json: (queue): JsonObject => queueJson(queue, detail, parts),
    column: (queue, column) => queueColumn(queue, column, parts),
    nameOf: ({ name }) => name,
    compare: byVHostAndName,
  }
}

function* queuesOf(vhosts: Iterable<VHost<Destination>>): Generator<Destination> {
  for (const vhost of vhosts) yield* vhost.queues()
}
