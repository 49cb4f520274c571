// GET /queues: lists of queues and streams.
import type { Broker } from '../../broker/broker.ts'
import type { Destination } from '../../broker/destination.ts'
import { notFound } from '../answers.ts'
import type { JsonObject } from '../api/columns.ts'
import { answerList, byVHostAndName, listOf, listQuery } from '../api/listing.ts'
import { type Operation, operation } from '../api/operation.ts'
import { visibleVHosts } from '../api/visible-vhosts.ts'
import { queueJson, queueSchema } from './queue-json.ts'

const tag = 'Queues'

export function queueListOperations(broker: Broker): Operation[] {
  return [
    operation({
      method: 'get',
      path: '/queues',
      tag,
      summary: 'Queues and streams of all virtual hosts that the caller sees',
      access: 'management',
      query: listQuery,
      answers: { 200: listOf(queueSchema) },
      handle: ({ query, caller }) => {
        const items = visibleVHosts(broker, caller).flatMap((vhost) => [...vhost.queues()])
        return answerList(broker.slices, query, { ...listing, items })
      },
    }),
    operation({
      method: 'get',
      path: '/queues/{vhost}',
      tag,
      summary: 'Queues and streams of a virtual host',
      access: 'vhost-visible',
      query: listQuery,
      answers: { 200: listOf(queueSchema) },
      handle: ({ names, query, context }) => {
        const vhost = broker.findVHost(names.vhost)
        if (vhost === undefined) return notFound(context)
        return answerList(broker.slices, query, { ...listing, items: vhost.queues() })
      },
    }),
    operation({
      method: 'get',
      path: '/queues/{vhost}/{name}',
      tag,
      summary: 'A queue or a stream',
      access: 'vhost-visible',
      answers: { 200: queueSchema },
      handle: ({ names, context }) => {
        const queue = broker.findVHost(names.vhost)?.findQueue(names.name)
        return queue === undefined ? notFound(context) : queueJson(queue)
      },
    }),
  ]
}

const listing = {
  json: (queue: Destination): JsonObject => queueJson(queue),
  nameOf: ({ name }: Destination): string => name,
  compare: byVHostAndName,
}
