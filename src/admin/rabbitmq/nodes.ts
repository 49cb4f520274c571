// The node: what it is and does, and its memory.
import { z } from 'zod'
import { type ManagementParts, notFound } from '../answers.ts'
import type { JsonObject } from '../api/columns.ts'
import { type Operation, operation } from '../api/operation.ts'
import {
  goneNodeSchema,
  memoryJson,
  memorySchema,
  nodeJson,
  nodeSchema,
  relativeMemoryJson,
} from './node-json.ts'
import { nodeByName, nodesOfAll } from './nodes-of-all.ts'
import { rabbitVersionOf } from './rabbit-version.ts'
import { rangeOf, type RangeQuery, rangeParameters } from './range-query.ts'

const tag = 'Cluster'
const access = 'monitoring'
const path = '/nodes/{node}'

const flag = z.string().optional()

/** Of a list of nodes. */
const rangeQuery: z.ZodType<RangeQuery> = z.object({ ...rangeParameters })

const nodeQuery: z.ZodType<RangeQuery & { readonly memory?: string | undefined }> = z.object({
  ...rangeParameters,
  memory: flag.describe('true: with what takes memory'),
})

export function nodeOperations(parts: ManagementParts): Operation[] {
  return [...lookOperations(parts), ...memoryOperations(parts)]
}

function lookOperations(parts: ManagementParts): Operation[] {
  return [
    operation({
      method: 'get',
      path: '/nodes',
      where: nodesOfAll,
      tag,
      summary: 'The nodes',
      access,
      query: rangeQuery,
      answers: { 200: z.array(z.union([nodeSchema, goneNodeSchema])) },
      handle: async ({ query }) => [await showNode(parts, query)],
    }),
    operation({
      method: 'get',
      path,
      where: nodeByName,
      tag,
      summary: 'A node',
      access,
      query: nodeQuery,
      answers: { 200: z.union([nodeSchema, goneNodeSchema]) },
      async handle({ names, query, context }) {
        if (names.node !== parts.clients.nodeName) return notFound(context)
        const node = await showNode(parts, query)
        return query.memory === 'true' ? { ...node, ...memoryJson(parts.source.status()) } : node
      },
    }),
  ]
}

async function showNode(parts: ManagementParts, query: RangeQuery): Promise<JsonObject> {
  const { source, broker, clients, countFiles, statistics } = parts
  const files = await countFiles()
  const asked = { samples: () => statistics.totals, now: broker.clock.now() }
  return nodeJson({
    status: source.status(),
    broker,
    clients,
    rates: statistics.totalRates,
    range: rangeOf(query, 'node_stats', asked),
    rabbitVersion: rabbitVersionOf(parts),
    files,
  })
}

function memoryOperations({ source, clients }: ManagementParts): Operation[] {
  const ways = [
    ['/memory', 'What takes memory', memorySchema, () => memoryJson(source.status())],
    [
      '/memory/relative',
      'The same in percent',
      memorySchema,
      () => relativeMemoryJson(source.status()),
    ],
    ...['/memory/ets', '/memory/ets/relative'].map(
      (behind) =>
        [
          behind,
          'Tables of Erlang, of which there are none',
          tablesSchema,
          () => noTables,
        ] as const,
    ),
    ...['/memory/ets/{filter}', '/memory/ets/{filter}/relative'].map(
      (behind) => [behind, 'Some of them', tablesSchema, () => noTables] as const,
    ),
  ] as const
  return ways.map(([behind, summary, schema, look]) =>
    operation({
      method: 'get',
      path: `${path}${behind}`,
      where: 'named-node',
      tag,
      summary,
      access,
      answers: { 200: schema },
      handle: ({ names, context }) =>
        names.node === clients.nodeName ? look() : notFound(context),
    }),
  )
}

/** As RabbitMQ says it where none are found. */
const noTables = { ets_tables_memory: 'no_tables' } as const
const tablesSchema = z.object({ ets_tables_memory: z.literal('no_tables') })
