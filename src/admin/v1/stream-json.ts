// A queue or a topic as one kind of thing: a stream, which some read with acks and others by offset.
import { z } from 'zod'
import { defaultVHost } from '../../broker/broker.ts'
import { QueueCounters } from '../../broker/counters/queue-counters.ts'
import type { Destination } from '../../broker/destination.ts'
import type { Rates } from '../../broker/statistics/sample.ts'
import { isTopicName } from '../../broker/topic/topic-name.ts'
import { valueAtColumn } from '../api/columns.ts'
import type { StreamFacts } from './stream-facts.ts'
import { protocolsOf, type StreamProtocol, streamProtocols } from './stream-protocols.ts'

const count = z.number().int()
const rate = z.number().describe('Per second')

export interface StreamJson {
  readonly vhost: string
  readonly name: string
  readonly kind: 'queue' | 'topic'
  readonly type: string
  readonly durable: boolean
  readonly exclusive: boolean
  readonly auto_delete: boolean
  readonly partitions: number
  readonly messages: number
  readonly ready: number
  readonly unacked: number
  readonly consumers: number
  readonly published: number
  readonly delivered: number
  readonly acked: number
  readonly redelivered: number
  readonly rates: { readonly in: number; readonly out: number; readonly ack: number }
  readonly growth: number | null
  readonly growing: boolean
  readonly idle_since: number | null
  readonly paused_since: number | null
  readonly protocols: readonly StreamProtocol[]
  readonly dead_letters: number
  readonly dead_letter_sources: number
  readonly lag: number | null
  readonly group_count: number
  readonly keeps_acked: boolean
  readonly source: string | null
  readonly kafka_topic: string | null
  readonly policy: string | null
  readonly operator_policy: string | null
}

export const streamSchema: z.ZodObject = z.object({
  vhost: z.string(),
  name: z.string(),
  kind: z.enum(['queue', 'topic']),
  type: z.string().describe('classic, quorum or stream'),
  durable: z.boolean(),
  exclusive: z.boolean(),
  auto_delete: z.boolean(),
  partitions: count,
  messages: count,
  ready: count,
  unacked: count,
  consumers: count,
  published: count.describe('Since the broker started'),
  delivered: count.describe('The same: to consumers, by get, and fetched by Kafka clients'),
  acked: count,
  redelivered: count,
  rates: z
    .object({ in: rate, out: rate, ack: rate })
    .describe('Once somebody has looked for five seconds'),
  growth: rate
    .nullable()
    .describe('By how much the messages of a queue become more a second; null for a topic'),
  growing: z
    .boolean()
    .describe('It becomes longer by more than what comes and goes between two looks'),
  idle_since: count
    .nullable()
    .describe('Milliseconds since the Unix epoch; null where something happens, or nobody looked'),
  paused_since: count
    .nullable()
    .describe('Since when nothing is delivered, in the same; null for what is not paused'),
  protocols: z
    .array(z.enum(streamProtocols))
    .describe(
      'What made it for its own clients, what reads it now, and what it was used with since the broker started; HTTP, and whatever publishes and is not Kafka, is amqp',
    ),
  dead_letters: count.describe('Its messages, where it is a place for dead letters; else 0'),
  dead_letter_sources: count.describe('How many queues and groups send their dead letters there'),
  lag: count.nullable().describe('Of its slowest group; null without groups'),
  group_count: count.describe('Consumer groups that have a place in it'),
  keeps_acked: z.boolean().describe('What was acked can be replayed'),
  source: z.string().nullable().describe('The topic that a queue takes its messages from'),
  kafka_topic: z.string().nullable().describe('Its name for Kafka clients'),
  policy: z.string().nullable(),
  operator_policy: z.string().nullable(),
})

export function streamJson(stream: Destination, facts: StreamFacts): StreamJson {
  const { usedCounters: counters = noCounters, policy } = stream
  const rates = facts.statistics.ratesOf(stream)
  const sources = facts.deadLetterSourcesOf(stream)
  const lag = facts.lagOf(stream)
  const { lag: behind = null, groupCount = 0 } = lag ?? {}
  const { policy: users = null, operatorPolicy: operators = null } = policy ?? {}
  return {
    vhost: stream.vhost,
    name: stream.name,
    kind: stream.kind,
    type: stream.type,
    durable: stream.isDurable,
    exclusive: stream.isExclusive,
    auto_delete: stream.isAutoDelete,
    partitions: stream.kind === 'topic' ? stream.partitions.length : 1,
    messages: stream.messageCount,
    ready: stream.readyCount,
    unacked: stream.unackedCount,
    consumers: stream.consumerCount,
    published: counters.published,
    delivered: sumOf(outCounters, (name) => counters[name]),
    acked: counters.acked,
    redelivered: counters.redelivered,
    rates: { in: rates.of('published'), out: outRate(rates), ack: rates.of('acked') },
    growth: growthOf(stream, facts),
    growing: isGrowing(stream, facts),
    idle_since: facts.statistics.idleSince(stream) ?? null,
    paused_since: pausedSince(stream),
    protocols: protocolsOf(stream, {
      hasGroups: lag !== undefined,
      isSessionQueue: facts.isSessionQueue(stream),
    }),
    dead_letters: sources === 0 ? 0 : stream.messageCount,
    dead_letter_sources: sources,
    lag: behind,
    group_count: groupCount,
    keeps_acked: stream.kind === 'topic' || stream.retained !== undefined,
    source: sourceOf(stream),
    kafka_topic: kafkaNameOf(stream),
    policy: users,
    operator_policy: operators,
  }
}

function pausedSince(stream: Destination): number | null {
  return stream.kind === 'queue' && stream.pausedAt > 0 ? stream.pausedAt : null
}

function sourceOf(stream: Destination): string | null {
  return stream.kind === 'queue' ? (stream.source?.topic.name ?? null) : null
}

/** Messages that went out, to whom and however. */
export const outCounters = ['delivered', 'deliveredNoAck', 'got', 'gotNoAck', 'fetched'] as const

/** Of streams that nothing has happened to, which have none of their own. */
const noCounters = new QueueCounters()

type Column = (stream: Destination, facts: StreamFacts) => unknown

/** Those that lists are often sorted by: without all the others. */
const columns: ReadonlyMap<string, Column> = new Map<string, Column>([
  ['name', ({ name }) => name],
  ['vhost', ({ vhost }) => vhost],
  ['messages', ({ messageCount }) => messageCount],
  ['ready', ({ readyCount }) => readyCount],
  ['unacked', ({ unackedCount }) => unackedCount],
  ['consumers', ({ consumerCount }) => consumerCount],
  ['rates.in', (stream, { statistics }) => statistics.ratesOf(stream).of('published')],
  ['rates.out', (stream, { statistics }) => outRate(statistics.ratesOf(stream))],
  ['rates.ack', (stream, { statistics }) => statistics.ratesOf(stream).of('acked')],
  ['growth', growthOf],
  ['lag', (stream, facts) => facts.lagOf(stream)?.lag],
])

/** One column without all the others; undefined for one that there is not. */
export function streamColumn(stream: Destination, column: string, facts: StreamFacts): unknown {
  const known = columns.get(column)
  return known === undefined
    ? valueAtColumn({ ...streamJson(stream, facts) }, column)
    : known(stream, facts)
}

/**
 * By how many messages a second a queue becomes longer, below zero for shorter. Null for a topic, which only its
 * retention makes shorter.
 */
export function growthOf(stream: Destination, { statistics }: StreamFacts): number | null {
  if (stream.kind === 'topic') return null
  const rates = statistics.ratesOf(stream)
  return rates.of('ready') + rates.of('unacked')
}

/** What is on its way to consumers comes and goes: a few of a hundred that come in are no growth. */
const steadyShare = 0.05
/** One message in ten seconds. */
const growthMin = 0.1

/** Whether a queue becomes longer, and not only fuller for a moment. */
export function isGrowing(stream: Destination, facts: StreamFacts): boolean {
  const growth = growthOf(stream, facts) ?? 0
  if (growth < growthMin || stream.messageCount === 0) return false
  return growth > steadyShare * facts.statistics.ratesOf(stream).of('published')
}

function outRate(rates: Rates): number {
  return sumOf(outCounters, (name) => rates.of(name))
}

function sumOf<Name>(names: readonly Name[], of: (name: Name) => number): number {
  let sum = 0
  for (const name of names) sum += of(name)
  return sum
}

/** As `Topics` shows it, without making a view of it. */
function kafkaNameOf(stream: Destination): string | null {
  const isSeen =
    stream.vhost === defaultVHost &&
    stream.isDurable &&
    !stream.isExclusive &&
    !stream.isAutoDelete &&
    isTopicName(stream.name)
  return isSeen ? stream.name : null
}
