// One stream: what it is and has, how it was in the last minutes, and its settings, which are changed here where it
// is a topic.
import { z } from 'zod'
import { preconditionFailed } from '../../broker/broker-error.ts'
import { type Broker, defaultVHost } from '../../broker/broker.ts'
import {
  describeCompaction,
  type DescribedCompaction,
} from '../../broker/compaction/describe-compaction.ts'
import type { Destination } from '../../broker/destination.ts'
import { permitConfigure } from '../../broker/permit.ts'
import { isRangeKnown, shownRange } from '../../broker/topic/shown-range.ts'
import { parseTopicConfigs } from '../../broker/topic/topic-config.ts'
import type { Topic } from '../../broker/topic/topic.ts'
import { whenDurable } from '../../broker/when-durable.ts'
import { argumentsToJson } from '../../definitions/arguments-json.ts'
import type { Steps } from '../../lib/slices.ts'
import { adminLimits } from '../../limits/admin.ts'
import { type ManagementParts, notFound, roomToDeclare } from '../answers.ts'
import type { Caller } from '../api/caller.ts'
import { type Operation, operation } from '../api/operation.ts'
import { bindingsTo } from '../rabbitmq/find-bindings.ts'
import { bytesOf } from '../rabbitmq/queue-sizes.ts'
import { mayDescribe } from './group-rights.ts'
import { listedShare } from './share-group-facts.ts'
import type { StreamFacts } from './stream-facts.ts'
import { outCounters, type StreamJson, streamJson, streamSchema } from './stream-json.ts'
import { settingSchema, settingsOf, type StreamSettingJson } from './stream-settings.ts'

const tag = 'Streams'
const path = '/v1/streams/{vhost}/{name}'
const count = z.number().int()

/** A stream with all that is shown of it. */
export interface StreamShownJson extends StreamJson {
  readonly arguments: Readonly<Record<string, unknown>>
  readonly effective_policy: Readonly<Record<string, unknown>>
  readonly settings: readonly StreamSettingJson[]
  readonly bytes: number
  readonly oldest: number | null
  readonly offsets: readonly StreamOffsetsJson[]
  readonly groups: readonly StreamGroupJson[]
  readonly bindings: readonly StreamBindingJson[]
  readonly binding_count: number
  readonly subscriptions: readonly string[]
  readonly may: { readonly configure: boolean; readonly write: boolean; readonly read: boolean }
}

export interface StreamOffsetsJson {
  readonly partition: number
  readonly start: number
  readonly end: number
  readonly bytes: number
  /** Null: it is not compacted. */
  readonly compacted: {
    readonly end: number
    readonly at: number | null
    readonly dirty_ratio: number
  } | null
}

/** A group that has a place in a stream. */
export interface StreamGroupJson {
  readonly name: string
  readonly lag: number
  readonly state: string
  readonly members: number
}

export interface StreamBindingJson {
  readonly source: string
  readonly routing_key: string
  readonly arguments: Readonly<Record<string, unknown>>
}

const shownSchema = streamSchema.extend({
  arguments: z.record(z.string(), z.unknown()),
  effective_policy: z.record(z.string(), z.unknown()),
  settings: z.array(settingSchema).describe('As they are in effect'),
  bytes: count.describe('About what its messages take on disk'),
  oldest: count
    .nullable()
    .describe('When its first message came in, in milliseconds since the Unix epoch'),
  offsets: z.array(
    z.object({
      partition: count,
      start: count,
      end: count,
      bytes: count,
      compacted: z
        .object({
          end: count.describe('Below it each key is there once'),
          at: count
            .nullable()
            .describe('When that came about, in milliseconds since the Unix epoch'),
          dirty_ratio: z.number().describe('The share of its bytes that comes after it'),
        })
        .nullable()
        .describe('How far it is compacted; null where it is not to be'),
    }),
  ),
  groups: z.array(z.object({ name: z.string(), lag: count, state: z.string(), members: count })),
  bindings: z
    .array(
      z.object({
        source: z.string(),
        routing_key: z.string(),
        arguments: z.record(z.string(), z.unknown()),
      }),
    )
    .describe('That lead to it; the first ones of very many'),
  binding_count: count,
  subscriptions: z.array(z.string()).describe('Queues that take their messages from it'),
  may: z
    .object({ configure: z.boolean(), write: z.boolean(), read: z.boolean() })
    .describe('What the caller may do with it'),
})

/** How a stream was, oldest first. */
export interface StreamHistoryJson {
  readonly samples: readonly {
    readonly time: number
    readonly ready: number
    readonly unacked: number
    readonly in: number
    readonly out: number
    readonly ack: number
  }[]
}

const rate = z.number().describe('Per second, since the sample before')

const historySchema: z.ZodType<StreamHistoryJson> = z.object({
  samples: z
    .array(
      z.object({
        time: count.describe('Milliseconds since the Unix epoch'),
        ready: count,
        unacked: count,
        in: rate,
        out: rate,
        ack: rate,
      }),
    )
    .describe('One for each five seconds, ten minutes of them, since somebody began to look'),
})

const settingsBody = z.strictObject({
  settings: z
    .record(z.string(), z.string().nullable())
    .optional()
    .describe('By Kafka’s names; null: no longer set. Others stay'),
  partitions: z.int().positive().optional().describe('So many from now on: never fewer'),
  dry_run: z.boolean().optional().describe('Only check it'),
})

type ShowParts = Pick<ManagementParts, 'broker' | 'groups' | 'shareGroups' | 'statistics' | 'mqtt'>

export function streamShowOperations(parts: ShowParts, facts: StreamFacts): Operation[] {
  const { broker, statistics } = parts
  return [
    operation({
      method: 'get',
      path,
      tag,
      summary: 'A queue or a topic: its settings, its oldest message, its offsets and who reads it',
      access: 'vhost-visible',
      answers: { 200: shownSchema },
      handle: async ({ names, caller, context }) => {
        await facts.refresh()
        const stream = broker.findVHost(names.vhost)?.findQueue(names.name)
        return stream === undefined ? notFound(context) : shown(parts, stream, { caller, facts })
      },
    }),
    operation({
      method: 'get',
      path: `${path}/history`,
      tag,
      summary:
        'How many messages were in a stream and how fast they came and went, in the last minutes',
      access: 'vhost-visible',
      answers: { 200: historySchema },
      handle: ({ names, context }) => {
        const stream = broker.findVHost(names.vhost)?.findQueue(names.name)
        if (stream === undefined) return notFound(context)
        statistics.want()
        return historyOf(statistics, stream)
      },
    }),
    operation({
      method: 'put',
      path: `${path}/settings`,
      tag,
      summary: 'Change settings of a topic, and add partitions to it',
      access: 'vhost',
      body: settingsBody,
      answers: { 204: 'They are in effect' },
      async handle({ names, body, caller, context }) {
        await roomToDeclare(broker)
        const stream = broker.findVHost(names.vhost)?.findQueue(names.name)
        if (stream === undefined) return notFound(context)
        permitConfigure(caller.rightsIn(names.vhost), 'alter', {
          kind: 'queue',
          name: names.name,
        })
        if (stream.kind === 'queue') {
          throw preconditionFailed('A queue is changed by policies: its arguments stay as declared')
        }
        await changeTopic(parts, stream, body)
        return context.body(null, 204)
      },
    }),
  ]
}

interface ShownTo {
  readonly caller: Caller
  readonly facts: StreamFacts
}

async function shown(
  parts: ShowParts,
  stream: Destination,
  { caller, facts }: ShownTo,
): Promise<StreamShownJson> {
  const { broker } = parts
  const { name, policy } = stream
  const compactions = await lookElsewhere(broker, stream)
  await facts.lookUpOldest([stream])
  const groups = await broker.slices.run(groupsOf(parts, stream, caller))
  const vhost = broker.getVHost(stream.vhost)
  const rights = caller.rightsIn(vhost.name)
  const bindings = await broker.slices.run(bindingsOf(parts, vhost, name))
  return {
    ...streamJson(stream, facts),
    arguments: argumentsToJson(stream.arguments),
    effective_policy: policy?.definition ?? {},
    settings: settingsOf(stream, vhost),
    bytes: bytesOf(stream, stream.messageCount, broker),
    oldest: facts.oldestOf(stream) ?? null,
    offsets: offsetsOf(parts, stream, compactions),
    groups,
    ...bindings,
    subscriptions:
      stream.kind === 'queue'
        ? []
        : Array.from(stream.subscriptions, (queue) => queue.name).slice(
            0,
            adminLimits.shownOfStreamMax,
          ),
    may: {
      configure: rights.may('configure', name),
      write: rights.may('write', name),
      read: rights.may('read', name),
    },
  }
}

type Compactions = ReadonlyMap<number, DescribedCompaction>

const noCompactions: Compactions = new Map()

/** Of partitions that other cells lead: brings up to date where they are, and says how far they are compacted. */
async function lookElsewhere({ leaders }: Broker, stream: Destination): Promise<Compactions> {
  if (stream.kind === 'queue' || stream.spread === 0 || leaders === undefined) return noCompactions
  const [compactions] = await Promise.all([
    stream.config.isCompacted ? leaders.compactionsOf(stream) : noCompactions,
    leaders.look([stream]),
  ])
  return compactions
}

/** Those of which nobody says anything are left out. */
function offsetsOf(
  { broker: { store } }: ShowParts,
  stream: Destination,
  compactions: Compactions,
): StreamShownJson['offsets'] {
  if (stream.kind === 'topic') {
    const { isCompacted } = stream.config
    return stream.partitions.flatMap((each, partition) => {
      if (!isRangeKnown(each)) return []
      const { startOffset: start, endOffset: end, size: bytes } = shownRange(each)
      const own = each.remote === undefined ? describeCompaction(each, store) : undefined
      const described = own ?? compactions.get(partition)
      const compacted = isCompacted && described !== undefined ? compactedOf(described) : null
      return { partition, start, end, bytes, compacted }
    })
  }
  return stream.cursors.map(({ log, acked }, partition) => {
    const bytes = store.sizeOf(log)
    return { partition, start: acked.floor, end: log.stableEnd, bytes, compacted: null }
  })
}

function compactedOf({ end, at, dirtyRatio }: DescribedCompaction): StreamOffsetsJson['compacted'] {
  return { end, at: at ?? null, dirty_ratio: dirtyRatio }
}

/** Subscriptions of MQTT are among them, as in RabbitMQ. */
function* bindingsOf(
  { mqtt: { sessions } }: ShowParts,
  vhost: ReturnType<ManagementParts['broker']['getVHost']>,
  name: string,
): Steps<Pick<StreamShownJson, 'bindings' | 'binding_count'>> {
  const bindings: StreamBindingJson[] = []
  let looked = 0
  for (const { source, routingKey, arguments: args } of bindingsTo(
    { vhost, sessions },
    { kind: 'queue', name },
  )) {
    // What leads from the default exchange to each queue goes without saying.
    if (source === '') continue
    if (bindings.length < adminLimits.shownOfStreamMax) {
      bindings.push({ source, routing_key: routingKey, arguments: argumentsToJson(args) })
    }
    if (++looked % adminLimits.listedAtOnceMax === 0) yield
  }
  return { bindings, binding_count: looked }
}

function historyOf(statistics: ShowParts['statistics'], stream: Destination): StreamHistoryJson {
  const samples = statistics.historyOf(stream)
  return {
    samples: samples.slice(1).map(({ time, counts }, index) => {
      const before = samples[index]!
      const seconds = Math.max(0.001, (time - before.time) / 1000)
      const rateOf = (...names: readonly string[]): number =>
        names.reduce(
          (sum, name) => sum + ((counts[name] ?? 0) - (before.counts[name] ?? 0)) / seconds,
          0,
        )
      return {
        time,
        ready: counts['ready'] ?? 0,
        unacked: counts['unacked'] ?? 0,
        in: rateOf('published'),
        out: rateOf(...outCounters),
        ack: rateOf('acked'),
      }
    }),
  }
}

/** All of it is checked before anything changes. Throws `invalid_config`, `invalid_partitions`. */
async function changeTopic(
  { broker }: ShowParts,
  topic: Topic,
  { settings = {}, partitions, dry_run: isDry }: z.infer<typeof settingsBody>,
): Promise<void> {
  const topics = broker.topicsOf(broker.getVHost(topic.vhost))
  const configs = new Map(Object.entries(topic.config.overrides))
  for (const [name, value] of Object.entries(settings)) {
    if (value === null) configs.delete(name)
    else configs.set(name, value)
  }
  const changed = Object.fromEntries(configs)
  parseTopicConfigs(changed)
  const isGrowing = partitions !== undefined && partitions !== topic.partitions.length
  if (isGrowing) topics.checkGrowth(topic, partitions)
  if (isDry === true) return
  const tickets = [topics.configure(topic, changed)]
  if (isGrowing) tickets.push(topics.grow(topic, partitions))
  broker.onRetentionChanged()
  for (const ticket of tickets) await whenDurable(ticket)
}

/** Groups that have a place in a stream. */
function* groupsOf(
  { groups, shareGroups, broker }: ShowParts,
  { vhost, name }: Destination,
  caller: Caller,
): Steps<StreamGroupJson[]> {
  const found: StreamGroupJson[] = []
  const view =
    vhost === defaultVHost ? broker.topicsOf(broker.getVHost(vhost)).find(name) : undefined
  if (view === undefined) return found
  for (const { groupId } of groups.list({ states: [], types: [] })) {
    yield
    let lag: number | undefined
    for (const [partition, each] of view.partitions.entries()) {
      const { committed } = groups.fetchOffset(groupId, { topic: name, partition })
      if (committed === undefined) continue
      const { startOffset, endOffset } = shownRange(each)
      lag = (lag ?? 0) + Math.max(0, endOffset - Math.max(committed.offset, startOffset))
    }
    if (lag === undefined || !mayDescribe(caller, groupId)) continue
    const { state = 'Dead', members = [] } = groups.describe(groupId) ?? {}
    found.push({ name: groupId, lag, state, members: members.length })
  }
  for (const group of shareGroups.list()) {
    yield
    if (!group.topics.has(view.topicId) || !mayDescribe(caller, group.id)) continue
    const { lag } = listedShare(group, name)
    found.push({ name: group.id, lag, state: group.state, members: group.members.size })
  }
  return found
}
