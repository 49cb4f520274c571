// The list of streams: filtered, sorted and cut into pages here, with what each row shows.
import { z } from 'zod'
import type { Destination } from '../../broker/destination.ts'
import { adminLimits } from '../../limits/admin.ts'
import type { Caller } from '../api/caller.ts'
import { answerList, byVHostAndName, listOf, listQuery } from '../api/listing.ts'
import { type Operation, operation } from '../api/operation.ts'
import { visibleVHosts } from '../api/visible-vhosts.ts'
import { gatherList } from '../cluster/gather-list.ts'
import { vhostOfQuery } from '../cluster/ways.ts'
import type { StreamFacts, StreamFactsParts } from './stream-facts.ts'
import {
  isGrowing,
  streamColumn,
  type StreamJson,
  streamJson,
  streamSchema,
} from './stream-json.ts'
import { type SparkJson, sparkOf, sparkSchema } from './stream-spark.ts'

/** A stream in a list. */
export interface StreamRowJson extends StreamJson {
  readonly oldest: number | null
  /** Only when it was asked for. */
  readonly spark?: SparkJson
}

const rowSchema = streamSchema.extend({
  oldest: z
    .number()
    .int()
    .nullable()
    .describe(
      'When its first message came in, in milliseconds since the Unix epoch, about; null in a list without a page, and where it takes long to find out',
    ),
  spark: sparkSchema.optional(),
})

type State =
  | 'growing'
  | 'no-consumers'
  | 'dead-letters'
  | 'empty'
  | 'not-empty'
  | 'lagging'
  | 'paused'

const states: Readonly<Record<State, (stream: Destination, facts: StreamFacts) => boolean>> = {
  growing: isGrowing,
  'no-consumers': (stream, facts) =>
    stream.consumerCount === 0 && facts.lagOf(stream) === undefined,
  'dead-letters': (stream, facts) =>
    stream.messageCount > 0 && facts.deadLetterSourcesOf(stream) > 0,
  empty: ({ messageCount }) => messageCount === 0,
  'not-empty': ({ messageCount }) => messageCount > 0,
  paused: (stream) => stream.kind === 'queue' && stream.pausedAt > 0,
  lagging: (stream, facts) => (facts.lagOf(stream)?.lag ?? 0) > 0,
}

const streamsQuery = listQuery.and(
  z.object({
    vhost: z.string().optional().describe('Only those of this virtual host'),
    kind: z.enum(['queue', 'topic']).optional(),
    type: z.enum(['classic', 'quorum', 'stream']).optional(),
    state: z
      .string()
      .transform((text) => text.split(',').filter((word) => word !== ''))
      .pipe(z.array(z.enum(Object.keys(states) as [State])))
      .optional()
      .describe(`Only those that are all of these, with commas: ${Object.keys(states).join(', ')}`),
    spark: z.string().optional().describe('true: how each was in the last ten minutes'),
  }),
)

type StreamsAsked = z.infer<typeof streamsQuery>

export function streamListOperation(
  { broker }: Pick<StreamFactsParts, 'broker'>,
  facts: StreamFacts,
): Operation {
  return operation({
    method: 'get',
    path: '/v1/streams',
    where: vhostOfQuery(gatherList('vhosts', ['vhost', 'name'])),
    tag: 'Streams',
    summary: 'Queues and topics of all virtual hosts that the caller sees',
    access: 'management',
    query: streamsQuery,
    answers: { 200: listOf(rowSchema) },
    async handle({ query, caller }) {
      await facts.refresh(showsRates(query))
      const isSpark = query.spark === 'true' && query.page !== undefined
      const hasSpark = isSpark && Number(query.page_size) <= adminLimits.sparkRowsMax
      return answerList(broker.slices, query, {
        items: streamsOf(broker, query, { caller, facts }),
        json: (stream) => ({
          ...rowJson(stream, facts, hasSpark ? broker.clock.now() : undefined),
        }),
        column: (stream, column) => streamColumn(stream, column, facts),
        nameOf: ({ name }) => name,
        compare: byVHostAndName,
        prepare: (streams) => facts.lookUpOldest(streams),
      })
    },
  })
}

/** Samples of all streams are taken for five minutes after somebody wants to see how fast they are. */
function showsRates({ columns, sort, state = [] }: StreamsAsked): boolean {
  return columns === undefined || state.includes('growing') || rateColumn.test(`${columns},${sort}`)
}

const rateColumn = /(?:^|,)(?:rates|growth|growing|idle_since)/

function rowJson(
  stream: Destination,
  facts: StreamFacts,
  sparkTo: number | undefined,
): StreamRowJson {
  return {
    ...streamJson(stream, facts),
    oldest: facts.oldestOf(stream) ?? null,
    ...(sparkTo !== undefined && { spark: sparkOf(facts.statistics.historyOf(stream), sparkTo) }),
  }
}

interface Seen {
  readonly caller: Caller
  readonly facts: StreamFacts
}

/** One by one: a copy of a long list would take a turn of its own. */
function* streamsOf(
  broker: StreamFactsParts['broker'],
  { vhost: only, kind, type, state = [] }: StreamsAsked,
  { caller, facts }: Seen,
): Generator<Destination> {
  const isEach = state.map((word) => states[word])
  for (const vhost of visibleVHosts(broker, caller)) {
    if (only !== undefined && vhost.name !== only) continue
    for (const stream of vhost.queues()) {
      const isAsked =
        (kind === undefined || stream.kind === kind) && (type === undefined || stream.type === type)
      if (isAsked && isEach.every((is) => is(stream, facts))) yield stream
    }
  }
}
