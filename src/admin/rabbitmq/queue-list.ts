// Queues and streams: lists, and one.
import type { Broker } from '../../broker/broker.ts'
import type { Destination } from '../../broker/destination.ts'
import { notFound } from '../answers.ts'
import type { JsonObject } from '../api/columns.ts'
import { answerList, byVHostAndName, type Listing, listOf } from '../api/listing.ts'
import { type Operation, operation } from '../api/operation.ts'
import { visibleVHosts } from '../api/visible-vhosts.ts'
import type { ConnectionParts } from './connections.ts'
import { detailedQueueSchema, queueDetails } from './queue-details.ts'
import { queueColumn, type QueueDetail, queueJson, queueSchema } from './queue-json.ts'
import { detailOf, statisticsListQuery, statisticsQuery } from './statistics-query.ts'

const tag = 'Queues'

export function queueListOperations({ broker, clients }: ConnectionParts): Operation[] {
  return [
    allOperation(broker, '/queues'),
    allOperation(broker, '/queues/detailed'),
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
        return answerList(broker.slices, query, listing(vhost.queues(), detailOf(query)))
      },
    }),
    operation({
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
        if (detail !== 'statistics') return queueJson(queue, detail)
        const details = await broker.slices.run(queueDetails(queue, clients))
        return { ...queueJson(queue, detail), ...details }
      },
    }),
  ]
}

function allOperation(broker: Broker, path: '/queues' | '/queues/detailed'): Operation {
  return operation({
    method: 'get',
    path,
    tag,
    summary: 'Queues and streams of all virtual hosts that the caller sees',
    access: 'management',
    query: statisticsListQuery,
    answers: { 200: listOf(queueSchema) },
    handle: ({ query, caller }) => {
      const items = visibleVHosts(broker, caller).flatMap((vhost) => [...vhost.queues()])
      return answerList(broker.slices, query, listing(items, detailOf(query)))
    },
  })
}

function listing(items: Iterable<Destination>, detail: QueueDetail): Listing<Destination> {
  return {
    items,
    json: (queue): JsonObject => queueJson(queue, detail),
    column: queueColumn,
    nameOf: ({ name }) => name,
    compare: byVHostAndName,
  }
}
