// A queue or a stream as RabbitMQ's management shows it.
import { z } from 'zod'
import type { Destination } from '../../broker/destination.ts'
import { countsIn } from '../../broker/statistics/sample.ts'
import { argumentsToJson } from '../../definitions/arguments-json.ts'
import type { ManagementParts } from '../answers.ts'
import { type JsonObject, valueAtColumn } from '../api/columns.ts'
import {
  detailsJson,
  detailsShape,
  lengthStats,
  queueStats,
  statsJson,
  statsSchema,
} from './message-stats.ts'
import { bytesOf, countInMemory } from './queue-sizes.ts'
import { timeText } from './time-text.ts'

const count = z.number().int().nonnegative()
const table = z.record(z.string(), z.unknown())
const name = z.string().nullable()
const share = z.number().min(0).max(1)

/** What is there without statistics. */
const basicShape = {
  vhost: z.string(),
  name: z.string(),
  type: z.string().describe('classic, quorum or stream'),
  durable: z.boolean(),
  auto_delete: z.boolean(),
  exclusive: z.boolean(),
  arguments: table,
  node: z.string(),
  state: z.string(),
  policy: name,
  operator_policy: name,
  effective_policy_definition: table,
}

const totalsShape = {
  messages: count.optional().describe('Ready and unacknowledged'),
  messages_ready: count.optional(),
  messages_unacknowledged: count.optional(),
}

export const queueSchema: z.ZodObject = z.object({
  ...basicShape,
  ...totalsShape,
  ...detailsShape(lengthStats),
  message_stats: statsSchema(queueStats).optional().describe('Once something has happened to it'),
  messages_persistent: count.optional(),
  message_bytes: count
    .optional()
    .describe('About what its messages take in the log, with their headers; so are the next ones'),
  message_bytes_ready: count.optional(),
  message_bytes_unacknowledged: count.optional(),
  message_bytes_persistent: count.optional(),
  message_bytes_ram: count.optional().describe('Of those in memory; the others are on disk only'),
  message_bytes_paged_out: count.optional(),
  messages_ram: count.optional(),
  messages_paged_out: count.optional(),
  memory: count.optional().describe('Bytes of its messages that are in memory'),
  consumers: count.optional(),
  consumer_capacity: share
    .optional()
    .describe('Of samples in which no message waited for a consumer'),
  consumer_utilisation: share.optional().describe('The same by its older name'),
  idle_since: z.string().optional().describe('Since when samples say the same, once two do'),
  exclusive_consumer_tag: name.optional(),
  single_active_consumer_tag: name.optional(),
  leader: z.string().optional(),
  single_active_consumer_ctag: name.optional(),
  members: z.array(z.string()).optional(),
  online: z.array(z.string()).optional(),
  open_files: z.record(z.string(), count).optional().describe('0: the log has all files'),
  readers: z.record(z.string(), count).optional().describe('Of a stream, by node'),
})

/** What columns are made from beside the queue. */
export type QueueParts = Pick<ManagementParts, 'broker' | 'statistics' | 'clients'>

type Column = (queue: Destination, parts: QueueParts) => unknown

const basicColumns: Readonly<Record<keyof typeof basicShape, Column>> = {
  vhost: ({ vhost }) => vhost,
  name: (queue) => queue.name,
  type: ({ type }) => type,
  durable: ({ isDurable }) => isDurable,
  auto_delete: ({ isAutoDelete }) => isAutoDelete,
  exclusive: ({ isExclusive }) => isExclusive,
  arguments: (queue) => argumentsToJson(queue.arguments),
  node: (_, { clients }) => clients.nodeName,
  state: () => 'running',
  policy: ({ policy }) => policy?.policy ?? null,
  operator_policy: ({ policy }) => policy?.operatorPolicy ?? null,
  effective_policy_definition: ({ policy }) => policy?.definition ?? {},
}

const totalsColumns: Readonly<Record<keyof typeof totalsShape, Column>> = {
  messages: ({ messageCount }) => messageCount,
  messages_ready: ({ readyCount }) => readyCount,
  messages_unacknowledged: ({ unackedCount }) => unackedCount,
}

const statisticsColumns: Readonly<Record<string, Column>> = {
  ...totalsColumns,
  messages_details: lengthDetail('messages_details'),
  messages_ready_details: lengthDetail('messages_ready_details'),
  messages_unacknowledged_details: lengthDetail('messages_unacknowledged_details'),
  message_stats: messageStats,
  messages_persistent: ({ isVolatile, messageCount }) => (isVolatile ? 0 : messageCount),
  message_bytes: (queue, parts) => bytesOf(queue, queue.messageCount, parts.broker),
  message_bytes_ready: (queue, parts) => bytesOf(queue, queue.readyCount, parts.broker),
  message_bytes_unacknowledged: (queue, parts) => bytesOf(queue, queue.unackedCount, parts.broker),
  message_bytes_persistent: (queue, parts) =>
    queue.isVolatile ? 0 : bytesOf(queue, queue.messageCount, parts.broker),
  message_bytes_ram: (queue, { broker }) => bytesOf(queue, countInMemory(queue), broker),
  message_bytes_paged_out: (queue, { broker }) =>
    bytesOf(queue, queue.messageCount - countInMemory(queue), broker),
  messages_ram: countInMemory,
  messages_paged_out: (queue) => queue.messageCount - countInMemory(queue),
  memory: (queue, { broker }) => bytesOf(queue, countInMemory(queue), broker),
  consumers: ({ consumerCount }) => consumerCount,
  consumer_capacity: capacityOf,
  consumer_utilisation: capacityOf,
  idle_since: (queue, { statistics }) => timeText(statistics.idleSince(queue)),
  exclusive_consumer_tag: (queue) => tagOf(queue, ({ isExclusive }) => isExclusive),
  single_active_consumer_tag: singleActiveTag,
  single_active_consumer_ctag: (queue) =>
    queue.type === 'quorum' ? singleActiveTag(queue) : undefined,
  open_files: ({ type }, { clients }) =>
    type === 'quorum' ? { [clients.nodeName]: 0 } : undefined,
  readers: ({ type, consumerCount }, { clients }) =>
    type === 'stream' ? { [clients.nodeName]: consumerCount } : undefined,
}

/** Of replicated queues and streams: their one member is here. */
const replicaColumns: Readonly<Record<string, Column>> = {
  leader: (_, { clients }) => clients.nodeName,
  members: (_, { clients }) => [clients.nodeName],
  online: (_, { clients }) => [clients.nodeName],
}

const columns: ReadonlyMap<string, Column> = new Map(
  Object.entries({ ...basicColumns, ...statisticsColumns }),
)

/** What of a queue is asked for. */
export type QueueDetail = 'basic' | 'totals' | 'statistics'

export function queueJson(queue: Destination, detail: QueueDetail, parts: QueueParts): JsonObject {
  const object = evaluate(basicColumns, queue, parts)
  if (queue.type !== 'classic') {
    Object.assign(object, evaluate(replicaColumns, queue, parts))
  }
  if (detail === 'basic') return object
  return Object.assign(
    object,
    evaluate(detail === 'totals' ? totalsColumns : statisticsColumns, queue, parts),
  )
}

/** One column without all the others; undefined for one that the queue does not have. */
export function queueColumn(queue: Destination, column: string, parts: QueueParts): unknown {
  const [first = ''] = column.split('.', 1)
  const value = columns.get(first)?.(queue, parts)
  return first === column ? value : valueAtColumn({ [first]: value }, column)
}

function evaluate(
  asked: Readonly<Record<string, Column>>,
  queue: Destination,
  parts: QueueParts,
): Record<string, unknown> {
  const object: Record<string, unknown> = {}
  for (const key in asked) {
    const value = asked[key]!(queue, parts)
    if (value !== undefined) object[key] = value
  }
  return object
}

type ConsumerLike = { readonly isExclusive: boolean; readonly isActive: boolean }

function tagOf(queue: Destination, isIt: (consumer: ConsumerLike) => boolean): string | null {
  if (queue.kind === 'topic') return null
  for (const consumer of queue.consumers) if (isIt(consumer)) return consumer.tag
  return null
}

function singleActiveTag(queue: Destination): string | null {
  const isOne = queue.kind === 'queue' && queue.settings.hasSingleActiveConsumer
  return isOne ? tagOf(queue, ({ isActive }) => isActive) : null
}

function lengthDetail(name: string): Column {
  return (queue, { statistics }) => detailsJson(lengthStats, statistics.ratesOf(queue))[name]
}

function messageStats(queue: Destination, { statistics }: QueueParts): JsonObject | undefined {
  const { usedCounters } = queue
  if (usedCounters === undefined || isIdle(usedCounters)) return undefined
  return statsJson(queueStats, countsIn(usedCounters), statistics.ratesOf(queue))
}

function isIdle(counters: object): boolean {
  return Object.values(counters).every((count) => count === 0)
}

/** 0 without consumers, as in RabbitMQ; undefined for streams, whose consumers read at their own pace. */
function capacityOf(queue: Destination, { statistics }: QueueParts): number | undefined {
  if (queue.kind === 'topic') return undefined
  if (queue.consumerCount === 0) return 0
  return statistics.freeShareOf(queue) ?? Number(queue.readyCount === 0)
}
