// A virtual host as a picture: exchanges, queues and topics, who reads them, and what leads where.
import type { Context } from 'hono'
import { z } from 'zod'
import type { Statistics } from '../../broker/statistics/statistics.ts'
import { compareNames } from '../../lib/compare-names.ts'
import type { Steps } from '../../lib/slices.ts'
import { topologyLimits } from '../../limits/topology.ts'
import { notFound } from '../answers.ts'
import { type Operation, operation } from '../api/operation.ts'
import { decodePart } from '../api/raw-path.ts'
import { chooseAround, chooseByTraffic } from '../topology/choose-things.ts'
import { drawEdges, type Edge, onlyWaysIn } from '../topology/draw-edges.ts'
import { findReaders, type ReaderParts } from '../topology/find-readers.ts'
import { Survey, type Totals } from '../topology/survey.ts'
import { topicTestOperation } from './topic-test-operation.ts'
import {
  edgeJson,
  edgeSchema,
  nodeJson,
  nodeSchema,
  type TopologyEdgeJson,
  type TopologyNodeJson,
} from './topology-json.ts'

export interface TopologyParts extends ReaderParts {
  readonly statistics: Statistics
}

export interface TopologyJson {
  readonly vhost: string
  readonly around: string | null
  readonly totals: Totals
  readonly nodes: readonly TopologyNodeJson[]
  readonly edges: readonly TopologyEdgeJson[]
  readonly isolated: readonly TopologyNodeJson[]
  readonly isolated_count: number
  readonly left_off: number
  readonly readers_left_off: boolean
}

const { nodesDefault, nodesMax, stepsDefault, stepsMax } = topologyLimits
/** Both are sampled at one time, but not at one moment. */
const rateErrorMax = 1.05
const count = z.number().int().nonnegative()

const querySchema = z.object({
  around: z
    .string()
    .optional()
    .describe('The id of a node: only what is near it. Left out, what has the most traffic'),
  steps: z.coerce.number().int().min(1).max(stepsMax).default(stepsDefault),
  count: z.coerce.number().int().min(1).max(nodesMax).default(nodesDefault).describe('Of nodes'),
})

const topologySchema: z.ZodType<TopologyJson> = z.object({
  vhost: z.string(),
  around: z.string().nullable(),
  totals: z.object({
    exchanges: count,
    queues: count,
    topics: count,
    bindings: count,
    clients: count,
    groups: count,
  }),
  nodes: z.array(nodeSchema),
  edges: z.array(edgeSchema),
  isolated: z.array(nodeSchema).describe('The first hundred that nothing leads to or from'),
  isolated_count: count,
  left_off: count.describe('Nodes that there are beside those of the answer'),
  readers_left_off: z.boolean().describe('Not all consumers and groups were looked at'),
})

/** The picture, and where messages would go in it. */
export function topologyOperations(parts: TopologyParts): Operation[] {
  return [topologyOperation(parts), topicTestOperation(parts.broker)]
}

function topologyOperation(parts: TopologyParts): Operation {
  const { broker, statistics } = parts
  return operation({
    method: 'get',
    path: '/v1/topology/{vhost}',
    tag: 'Topology',
    summary: 'Exchanges, queues and topics of a virtual host, who reads them, and what leads where',
    access: 'vhost-visible',
    query: querySchema,
    answers: { 200: topologySchema, 404: 'There is no such virtual host or node' },
    async handle({ names, query, caller, context }) {
      const vhost = broker.findVHost(names.vhost)
      if (vhost === undefined) return notFound(context)
      statistics.want()
      const readers = await broker.slices.run(findReaders(parts, vhost.name, caller))
      const place = { vhost, sessions: parts.mqtt.sessions }
      const survey = new Survey(place, statistics, readers)
      const around = query.around === undefined ? undefined : (aroundIn(context) ?? '')
      const drawn = await broker.slices.run(draw(survey, { ...query, around }))
      return drawn ?? notFound(context)
    },
  })
}

/** As it was sent: a name may have bytes that are no UTF-8. */
function aroundIn(context: Context): string | undefined {
  const [, value = ''] = /[?&]around=([^&#]*)/.exec(context.req.url) ?? []
  return decodePart(value.replaceAll('+', '%20'))
}

interface Asked extends z.infer<typeof querySchema> {}

/** Undefined where there is nothing to draw it around. */
function* draw(survey: Survey, asked: Asked): Steps<TopologyJson | undefined> {
  const { around, steps, count: nodeCount } = asked
  yield* survey.look()
  if (around !== undefined && survey.find(around) === undefined) return undefined
  const chosen =
    around === undefined
      ? yield* chooseByTraffic(survey, nodeCount)
      : yield* chooseAround(survey, around, { steps, count: nodeCount })
  const { edges, hidden } = yield* drawEdges(survey, chosen)
  const nodes: TopologyNodeJson[] = []
  for (const id of [...chosen].toSorted(compareNames)) {
    const thing = survey.find(id)
    if (thing !== undefined) nodes.push(nodeJson(thing, survey, hidden.get(id) ?? 0))
    yield
  }
  const { exchanges, queues, readers } = survey
  const all = exchanges.length + queues.length + readers.all.size
  const known = new Map(nodes.map((node) => [node.id, node]))
  return {
    vhost: survey.vhost.name,
    around: around ?? null,
    totals: survey.totals,
    nodes,
    edges: yield* edgesJson(edges, { known, hidden }),
    isolated: survey.isolated.map((thing) => nodeJson(thing, survey, 0)),
    isolated_count: survey.isolatedCount,
    left_off: Math.max(0, all - nodes.filter(({ flags }) => !flags.includes('missing')).length),
    readers_left_off: readers.isLeftOff,
  }
}

interface Known {
  readonly known: ReadonlyMap<string, TopologyNodeJson>
  readonly hidden: ReadonlyMap<string, number>
}

function* edgesJson(edges: readonly Edge[], { known, hidden }: Known): Steps<TopologyEdgeJson[]> {
  // What an exchange gets from others is not counted.
  const fed = new Set(edges.filter(({ kind }) => kind !== 'read').map(({ to }) => to))
  const inOf = (id: string): number => (fed.has(id) ? Infinity : (known.get(id)?.in ?? 0))
  const ways = onlyWaysIn(edges, hidden, (id) => inOf(id) > 0)
  const readerCounts = new Map<string, number>()
  for (const { kind, from } of edges) {
    if (kind === 'read') readerCounts.set(from, (readerCounts.get(from) ?? 0) + 1)
  }
  const rateOf = (edge: Edge): number | undefined => {
    const { kind, from, to } = edge
    if (kind === 'read') return readerCounts.get(from) === 1 ? known.get(from)?.out : undefined
    const rate = ways.has(edge) && to.startsWith('queue:') ? known.get(to)?.in : undefined
    // More than there was: something else brings some, too, such as clients of Kafka.
    return rate !== undefined && rate <= inOf(from) * rateErrorMax ? rate : undefined
  }
  const json: TopologyEdgeJson[] = []
  for (const edge of edges) {
    json.push(edgeJson(edge, rateOf(edge)))
    yield
  }
  return json
}
