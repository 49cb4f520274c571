// Channels and consumers as RabbitMQ's management shows them.
import { z } from 'zod'
import { countsIn } from '../../broker/statistics/sample.ts'
import type { Statistics } from '../../broker/statistics/statistics.ts'
import { argumentsToJson } from '../../definitions/arguments-json.ts'
import type { JsonObject } from '../api/columns.ts'
import { connectionDetails } from './connection-json.ts'
import type { ListedChannel, ListedConsumer } from './listed-client.ts'
import { clientStats, noPairs, type Range, statsJson, statsSchema } from './message-stats.ts'
import { timeText } from './time-text.ts'

const count = z.number().int().nonnegative()

const connectionDetailsSchema = z.object({
  name: z.string(),
  peer_host: z.string(),
  peer_port: count,
})

export const consumerSchema: z.ZodType = z.object({
  consumer_tag: z.string(),
  queue: z.object({ name: z.string(), vhost: z.string() }),
  ack_required: z.boolean(),
  exclusive: z.boolean(),
  active: z.boolean(),
  activity_status: z.string().describe('up or waiting'),
  prefetch_count: count,
  consumer_timeout: count.describe('Milliseconds; 0 for none'),
  arguments: z.record(z.string(), z.unknown()),
  channel_details: z.object({
    name: z.string(),
    number: count,
    node: z.string(),
    user: z.string(),
    connection_name: z.string(),
    peer_host: z.string(),
    peer_port: count,
  }),
})

export const channelSchema: z.ZodType = z.object({
  name: z.string(),
  number: count,
  vhost: z.string(),
  user: z.string(),
  node: z.string(),
  state: z.string().describe('running or closing'),
  connection_details: connectionDetailsSchema,
  consumer_count: count,
  prefetch_count: count,
  global_prefetch_count: count,
  messages_unacknowledged: count,
  confirm: z.boolean(),
  messages_unconfirmed: count,
  transactional: z.boolean(),
  messages_uncommitted: count,
  acks_uncommitted: count,
  message_stats: statsSchema(clientStats),
  idle_since: z.string().optional().describe('Since when samples say the same, once two do'),
  pending_raft_commands: z.literal(0),
  user_who_performed_action: z.string(),
  deliveries: noPairs,
  publishes: noPairs,
  consumer_details: z.array(consumerSchema).optional(),
})

export function channelJson(
  { owner, name, channel }: ListedChannel,
  statistics: Statistics,
  range?: Range,
): JsonObject {
  const { counters } = channel
  const idleSince = timeText(statistics.idleSince(counters))
  return {
    name,
    number: channel.number,
    vhost: owner.vhost,
    user: owner.principal.user,
    node: owner.node,
    state: channel.isOpen ? 'running' : 'closing',
    connection_details: connectionDetails(owner),
    consumer_count: channel.consumers.length,
    prefetch_count: channel.prefetch,
    global_prefetch_count: channel.sharedPrefetch,
    messages_unacknowledged: channel.unackedCount,
    confirm: channel.hasConfirms,
    messages_unconfirmed: channel.unconfirmedCount,
    transactional: channel.hasTransactions,
    messages_uncommitted: channel.uncommittedMessages,
    acks_uncommitted: channel.uncommittedAcks,
    message_stats: statsJson(clientStats, countsIn(counters), statistics.ratesOf(counters), range),
    ...(idleSince !== undefined && { idle_since: idleSince }),
    pending_raft_commands: 0,
    user_who_performed_action: owner.principal.user,
  }
}

export function consumerJson({ on, consumer }: ListedConsumer): JsonObject {
  const { owner, name, channel } = on
  const { host, port } = owner.client.transport.peer
  const { isActive, ackTimeoutMs } = consumer
  return {
    consumer_tag: consumer.tag,
    queue: { name: consumer.queueName, vhost: owner.vhost },
    ack_required: !consumer.isNoAck,
    exclusive: consumer.isExclusive,
    active: isActive,
    activity_status: isActive ? 'up' : 'waiting',
    prefetch_count: consumer.prefetch,
    consumer_timeout: Number.isFinite(ackTimeoutMs) ? ackTimeoutMs : 0,
    arguments: argumentsToJson(consumer.arguments),
    channel_details: {
      name,
      number: channel.number,
      node: owner.node,
      user: owner.principal.user,
      connection_name: owner.name,
      peer_host: host,
      peer_port: port,
    },
  }
}
