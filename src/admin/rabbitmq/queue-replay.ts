// What Pabal's queues have and RabbitMQ's do not: they can be looked into without any effect, and rewound.
import { z } from 'zod'
import { preconditionFailed } from '../../broker/broker-error.ts'
import type { Broker } from '../../broker/broker.ts'
import { permit } from '../../broker/permit.ts'
import type { RewindTarget } from '../../broker/replay.ts'
import { whenDurable } from '../../broker/when-durable.ts'
import { badRequest, notFound, roomToDeclare } from '../answers.ts'
import { type Operation, operation } from '../api/operation.ts'
import { messageJson } from '../message-json.ts'
import { readBrowseQuery } from './browse-query.ts'

const tag = 'Queues'
const path = '/queues/{vhost}/{name}'

const number = z.number().int().nonnegative()

export function queueReplayOperations(broker: Broker): Operation[] {
  return [browseOperation(broker), rewindOperation(broker)]
}

function browseOperation(broker: Broker): Operation {
  return operation({
    method: 'get',
    path: `${path}/browse`,
    tag,
    summary: 'A page of the messages of a queue or a stream, without any effect on it',
    access: 'vhost',
    query: z.record(z.string(), z.string()),
    answers: {
      200: z.object({
        messages: z.array(z.record(z.string(), z.unknown())),
        next: z.string().nullable().describe('`cursor` of the next page; null after the last'),
      }),
    },
    async handle({ names, query, caller, context }) {
      const asked = readBrowseQuery(query, broker.clock.now())
      if (typeof asked === 'string') return badRequest(context, asked)
      const queue = broker.findVHost(names.vhost)?.findQueue(names.name)
      if (queue === undefined) return notFound(context)
      permit(caller.rightsIn(names.vhost), 'read', { kind: 'queue', name: names.name })
      const { messages, next } = await broker.browse(queue, asked)
      const cursor = next === undefined ? null : `${next.index}.${next.offset}`
      return { messages: messages.map(messageJson), next: cursor }
    },
  })
}

function rewindOperation(broker: Broker): Operation {
  return operation({
    method: 'post',
    path: `${path}/rewind`,
    tag,
    summary: 'Make acked messages of a queue ready again, as far as they are kept',
    access: 'vhost',
    body: z.object({
      offset: number.optional(),
      time: number.optional().describe('Milliseconds since 1970'),
      partition: number.optional().describe('Of the queue’s source'),
      dry_run: z.boolean().optional().describe('Only answer how many messages it would be now'),
    }),
    answers: { 200: z.object({ message_count: number }) },
    async handle({ names, body, caller, context }) {
      const target = readTarget(body)
      if (target === undefined) return badRequest(context, 'Expected either offset or time')
      await roomToDeclare(broker)
      const queue = broker.findVHost(names.vhost)?.findQueue(names.name)
      if (queue === undefined) return notFound(context)
      permit(caller.rightsIn(names.vhost), 'read', { kind: 'queue', name: names.name })
      if (queue.kind === 'topic') {
        throw preconditionFailed('A stream is not rewound: its consumers say where they begin')
      }
      if (body.dry_run === true) {
        return { message_count: await broker.previewRewind(queue, target) }
      }
      const { count, ticket } = await broker.rewindQueue(queue, target)
      await whenDurable(ticket)
      return { message_count: count }
    },
  })
}

function readTarget({
  offset,
  time,
  partition,
}: {
  readonly offset?: number | undefined
  readonly time?: number | undefined
  readonly partition?: number | undefined
}): RewindTarget | undefined {
  if (offset === undefined) return time === undefined ? undefined : { time, partition }
  return time === undefined ? { offset, partition } : undefined
}
