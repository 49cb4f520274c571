// What the broker as a whole is and does: overview, node, name of the cluster.
import { z } from 'zod'
import { clusterNameOf, setClusterName } from '../../broker/cluster-name.ts'
import { whenDurable } from '../../broker/when-durable.ts'
import { type ManagementParts, notFound } from '../answers.ts'
import type { JsonObject } from '../api/columns.ts'
import { type Operation, operation } from '../api/operation.ts'
import { visibleVHosts } from '../api/visible-vhosts.ts'
import { nameText } from './fields.ts'
import { memoryJson, memorySchema, nodeJson, nodeSchema } from './node-json.ts'
import { nodeName } from './node-name.ts'
import {
  brokerJson,
  type OverviewAsked,
  type OverviewNames,
  overviewSchema,
  partialTotalsJson,
  totalsJson,
} from './overview-json.ts'
import { rangeOf } from './range-query.ts'
import { detailOf, statisticsQuery } from './statistics-query.ts'

const tag = 'Cluster'

export function overviewOperations(parts: ManagementParts): Operation[] {
  return [overviewOperation(parts), ...nodeOperations(parts), ...nameOperations(parts)]
}

function overviewOperation(parts: ManagementParts): Operation {
  const { broker, statistics } = parts
  return operation({
    method: 'get',
    path: '/overview',
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
      return { ...brokerJson(parts, namesOf(parts), wanted), ...totals }
    },
  })
}

function namesOf({ broker, origin, source }: ManagementParts): OverviewNames {
  return {
    cluster: clusterNameOf(broker),
    version: origin?.rabbitVersion ?? source.status().version,
  }
}

function nodeOperations(parts: ManagementParts): Operation[] {
  const { source } = parts
  return [
    operation({
      method: 'get',
      path: '/nodes',
      tag,
      summary: 'The nodes, of which there is one',
      access: 'monitoring',
      answers: { 200: z.array(nodeSchema) },
      handle: async () => [await showNode(parts)],
    }),
    operation({
      method: 'get',
      path: '/nodes/{node}',
      tag,
      summary: 'The node',
      access: 'monitoring',
      answers: { 200: nodeSchema },
      handle: ({ names, context }) =>
        names.node === nodeName ? showNode(parts) : notFound(context),
    }),
    operation({
      method: 'get',
      path: '/nodes/{node}/memory',
      tag,
      summary: 'What takes memory',
      access: 'monitoring',
      answers: { 200: memorySchema },
      handle: ({ names, context }) =>
        names.node === nodeName ? memoryJson(source.status()) : notFound(context),
    }),
  ]
}

async function showNode({ source, broker, countFiles }: ManagementParts): Promise<JsonObject> {
  const files = await countFiles()
  return nodeJson(source.status(), { disk: broker.store.fileStats, files })
}

function nameOperations(parts: ManagementParts): Operation[] {
  return [
    operation({
      method: 'get',
      path: '/cluster-name',
      tag,
      summary: 'The name that the cluster is told by',
      access: 'management',
      answers: { 200: z.object({ name: z.string() }) },
      handle: () => ({ name: namesOf(parts).cluster }),
    }),
    operation({
      method: 'put',
      path: '/cluster-name',
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
      tag,
      summary: 'Extensions of RabbitMQ’s pages, of which there are none',
      access: 'management',
      answers: { 200: z.array(z.unknown()) },
      handle: () => [],
    }),
    operation({
      method: 'get',
      path: '/version',
      tag,
      summary: 'Of the RabbitMQ that Pabal says it is',
      access: 'open',
      answers: { 200: z.string() },
      handle: ({ context }) => context.json(namesOf(parts).version),
    }),
  ]
}
