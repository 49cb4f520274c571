// What RabbitMQ's nodes can be told to do. On one node there is nothing to move and nothing that is down.
import { badRequest, type ManagementParts, notFound } from '../answers.ts'
import { type Operation, operation } from '../api/operation.ts'
import { each } from '../cluster/ways.ts'

const tag = 'Maintenance'
const access = 'administrator'

export function maintenanceOperations({
  broker,
  statistics,
  clients,
}: ManagementParts): Operation[] {
  return [
    ...resetOperations(statistics, clients),
    operation({
      method: 'post',
      path: '/rebalance/queues',
      where: 'node',
      tag,
      summary: 'Spread queues over the nodes: on one node they are',
      access,
      answers: { 204: 'They are spread' },
      handle: ({ context }) => context.body(null, 204),
    }),
    operation({
      method: 'post',
      path: '/vhosts/{vhost}/start/{node}',
      tag,
      summary: 'Start a virtual host on a node: it is started',
      access,
      answers: { 204: 'It is started' },
      handle({ names, context }) {
        if (broker.findVHost(names.vhost) === undefined) return notFound(context)
        return names.node === clients.nodeName
          ? context.body(null, 204)
          : badRequest(context, `Unknown node: ${names.node}`)
      },
    }),
  ]
}

function resetOperations(
  statistics: ManagementParts['statistics'],
  clients: ManagementParts['clients'],
): Operation[] {
  const facts = {
    method: 'delete',
    tag,
    access,
    answers: { 204: 'It is forgotten' },
  } as const
  return [
    operation({
      ...facts,
      path: '/reset',
      where: each('nodes'),
      summary: 'Forget the samples that rates and histories are made of; counts stay',
      handle({ context }) {
        statistics.reset()
        return context.body(null, 204)
      },
    }),
    operation({
      ...facts,
      path: '/reset/{node}',
      where: 'named-node',
      summary: 'The same for the node',
      handle({ names, context }) {
        if (names.node !== clients.nodeName) return notFound(context)
        statistics.reset()
        return context.body(null, 204)
      },
    }),
  ]
}
