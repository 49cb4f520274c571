// Queues and streams: declare, delete, purge.
import { z } from 'zod'
import { BrokerError, queueResource } from '../../broker/broker-error.ts'
import type { Broker } from '../../broker/broker.ts'
import { checkUnneeded } from '../../broker/check-unneeded.ts'
import { getUsableQueue, type QueueAsked } from '../../broker/declare-queue.ts'
import type { Destination } from '../../broker/destination.ts'
import { stripName } from '../../broker/exchange/check-name.ts'
import { permit, permitConfigure } from '../../broker/permit.ts'
import type { VHost } from '../../broker/vhost.ts'
import { whenDurable } from '../../broker/when-durable.ts'
import { nodeNameOf } from '../../lib/node-name.ts'
import { badRequest, type ManagementParts, notFound, roomToDeclare, stored } from '../answers.ts'
import { type Operation, operation } from '../api/operation.ts'
import { flag, tableField, whyNoName } from './fields.ts'
import { missing } from './refusals.ts'

const tag = 'Queues'
const path = '/queues/{vhost}/{name}'

/** Nobody's connection asks: exclusive queues are others'. */
const noConnection = {}

type QueuesParts = Pick<ManagementParts, 'broker' | 'clients' | 'cluster'>

export function queueOperations(parts: QueuesParts): Operation[] {
  const { broker } = parts
  return [
    putOperation(parts),
    deleteOperation(broker),
    purgeOperation(broker),
    actionOperation(broker),
  ]
}

function putOperation({ broker, clients, cluster }: QueuesParts): Operation {
  return operation({
    method: 'put',
    path,
    tag,
    summary: 'Declare a queue or a stream, or check that it is there as asked',
    access: 'vhost',
    body: z.object({
      durable: flag,
      auto_delete: flag,
      exclusive: z.literal(false).optional().describe('Exclusive queues belong to connections'),
      arguments: tableField,
      node: z.string().optional(),
    }),
    answers: { 201: 'It is new', 204: 'It was there as asked' },
    async handle({ names, body, caller, context }) {
      const problem = whyNoName(names.name)
      if (problem !== undefined) return badRequest(context, `queue name: ${problem}`)
      if (body.node !== undefined && !nodeNames(clients, cluster).includes(body.node)) {
        return badRequest(context, `Node ${body.node} is not a cluster member`)
      }
      await roomToDeclare(broker)
      const vhost = broker.findVHost(names.vhost)
      if (vhost === undefined) return missing(context, 'vhost_not_found')
      const isNew = vhost.findQueue(stripName(names.name)) === undefined
      await declare(broker, vhost, {
        name: names.name,
        durable: body.durable ?? false,
        autoDelete: body.auto_delete ?? false,
        exclusive: false,
        arguments: body.arguments,
        connection: noConnection,
        rights: caller.rightsIn(vhost.name),
      })
      return stored(context, isNew)
    },
  })
}

/** A queue is where its virtual host is, whichever of these is asked for. */
function nodeNames(
  { nodeName }: QueuesParts['clients'],
  cluster: QueuesParts['cluster'],
): string[] {
  const nodes = cluster?.directory.nodes ?? []
  return [nodeName, ...nodes.map(({ name }) => nodeNameOf(name))]
}

async function declare(
  broker: Broker,
  vhost: VHost<Destination>,
  asked: QueueAsked,
): Promise<void> {
  const sourceStart = await broker.findSourceStart(vhost, asked)
  const { ticket } = broker.declareQueue(vhost, { ...asked, sourceStart })
  await whenDurable(ticket)
}

function deleteOperation(broker: Broker): Operation {
  return operation({
    method: 'delete',
    path,
    tag,
    summary: 'Delete a queue or a stream with its messages',
    access: 'vhost',
    query: z.object({
      'if-unused': z.string().optional().describe('true: only without consumers'),
      'if-empty': z.string().optional().describe('true: only without messages'),
    }),
    answers: { 204: 'It is gone' },
    async handle({ names, query, caller, context }) {
      await roomToDeclare(broker)
      const vhost = broker.findVHost(names.vhost)
      if (vhost?.findQueue(names.name) === undefined) return notFound(context)
      permitConfigure(caller.rightsIn(vhost.name), 'delete', { kind: 'queue', name: names.name })
      const queue = getUsableQueue(vhost, names.name, noConnection)
      queue.deliverReady()
      checkUnneeded(queue, {
        ifUnused: query['if-unused'] === 'true',
        ifEmpty: query['if-empty'] === 'true',
      })
      await whenDurable(broker.deleteQueue(queue))
      return context.body(null, 204)
    },
  })
}

function purgeOperation(broker: Broker): Operation {
  return operation({
    method: 'delete',
    path: `${path}/contents`,
    tag,
    summary: 'Drop all ready messages of a queue',
    access: 'vhost',
    answers: { 204: 'They are gone' },
    async handle({ names, caller, context }) {
      const vhost = broker.findVHost(names.vhost)
      if (vhost?.findQueue(names.name) === undefined) return notFound(context)
      permit(caller.rightsIn(vhost.name), 'read', { kind: 'queue', name: names.name })
      const queue = getUsableQueue(vhost, names.name, noConnection)
      if (queue.kind === 'topic') {
        const resource = queueResource(vhost.name, queue.name)
        throw new BrokerError(
          'not_implemented',
          `queue.purge not supported by stream queues ${resource}`,
        )
      }
      await whenDurable(broker.purgeQueue(queue).ticket)
      return context.body(null, 204)
    },
  })
}

/** RabbitMQ 4 knows no action any more: there were some for mirrored queues. */
function actionOperation(broker: Broker): Operation {
  return operation({
    method: 'post',
    path: `${path}/actions`,
    tag,
    summary: 'RabbitMQ 4 has no actions for queues: each is refused',
    access: 'administrator',
    body: z.object({ action: z.string() }),
    answers: { 400: 'There is no such action' },
    handle({ names, body, context }) {
      const queue = broker.findVHost(names.vhost)?.findQueue(names.name)
      if (queue === undefined) return missing(context, 'queue_not_found')
      return badRequest(context, `{unknown,<<"${body.action}">>}`)
    },
  })
}
