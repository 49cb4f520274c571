// What the broker as a whole is and does: overview, name of the cluster.
import { z } from 'zod'
import { clusterNameOf, setClusterName } from '../../broker/cluster-name.ts'
import { whenDurable } from '../../broker/when-durable.ts'
import type { ManagementParts } from '../answers.ts'
import { type Operation, operation } from '../api/operation.ts'
import { visibleVHosts } from '../api/visible-vhosts.ts'
import { nameText } from './fields.ts'
import {
  brokerJson,
  type OverviewAsked,
  overviewSchema,
  partialTotalsJson,
  totalsJson,
} from './overview-json.ts'
import { overviewOfAll } from './overview-of-all.ts'
import { rabbitVersionOf } from './rabbit-version.ts'
import { rangeOf } from './range-query.ts'
import { detailOf, statisticsQuery } from './statistics-query.ts'

const tag = 'Cluster'

export function overviewOperations(parts: ManagementParts): Operation[] {
  return [overviewOperation(parts), ...nameOperations(parts)]
}

function overviewOperation(parts: ManagementParts): Operation {
  const { broker, statistics } = parts
  return operation({
    method: 'get',
    path: '/overview',
    where: overviewOfAll,
    tag,
    summary: 'What the broker is, and totals of all that it does',
    access: 'management',
    query: statisticsQuery,
    answers: { 200: overviewSchema },
    handle: async ({ query, caller }) => {
      const detail = detailOf(query)
      const asked = { samples: () => statistics.totals, now: broker.clock.now() }
      const wanted: OverviewAsked = {
        hasStatistics: detail === 'statistics',
        hasTotals: detail === 'totals',
        messages: rangeOf(query, 'msg_rates', asked),
        lengths: rangeOf(query, 'lengths', asked),
      }
      const totals = caller.hasTag('monitoring')
        ? totalsJson(parts, wanted)
        : await broker.slices.run(partialTotalsJson(visibleVHosts(broker, caller)))
      return { ...brokerJson(parts, rabbitVersionOf(parts), wanted), ...totals }
    },
  })
}

function nameOperations(parts: ManagementParts): Operation[] {
  return [
    operation({
      method: 'get',
      path: '/cluster-name',
      where: 'first',
      tag,
      summary: 'The name that the cluster is told by',
      access: 'management',
      answers: { 200: z.object({ name: z.string() }) },
      handle: () => ({ name: clusterNameOf(parts.broker) }),
    }),
    operation({
      method: 'put',
      path: '/cluster-name',
      where: 'first',
      tag,
      summary: 'Name the cluster; clients that connect from then on are told',
      access: 'administrator',
      body: z.object({ name: nameText }),
      answers: { 204: 'It is its name' },
      async handle({ body, context }) {
        await whenDurable(setClusterName(parts.broker, body.name))
        return context.body(null, 204)
      },
    }),
    operation({
      method: 'get',
      path: '/extensions',
      where: 'node',
      tag,
      summary: 'Extensions of RabbitMQ’s pages, of which there are none',
      access: 'management',
      answers: { 200: z.array(z.unknown()) },
      handle: () => [],
    }),
    operation({
      method: 'get',
      path: '/version',
      where: 'node',
      tag,
      summary: 'Of the RabbitMQ that Pabal says it is',
      access: 'open',
      answers: { 200: z.string() },
      handle: ({ context }) => context.json(rabbitVersionOf(parts)),
    }),
  ]
}
