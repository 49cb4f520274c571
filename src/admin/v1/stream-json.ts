// A queue or a topic as one kind of thing: a stream, which some read with acks and others by offset.
import { z } from 'zod'
import { defaultVHost } from '../../broker/broker.ts'
import type { Destination } from '../../broker/destination.ts'
import { isTopicName } from '../../broker/topic/topic-name.ts'

const count = z.number().int()

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
  readonly keeps_acked: boolean
  readonly source: string | null
  readonly kafka_topic: string | null
  readonly policy: string | null
  readonly operator_policy: string | null
}

export const streamSchema: z.ZodType<StreamJson> = z.object({
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
  keeps_acked: z.boolean().describe('What was acked can be replayed'),
  source: z.string().nullable().describe('The topic that a queue takes its messages from'),
  kafka_topic: z.string().nullable().describe('Its name for Kafka clients'),
  policy: z.string().nullable(),
  operator_policy: z.string().nullable(),
})

export function streamJson(stream: Destination): StreamJson {
  const { counters, policy } = stream
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
    delivered:
      counters.delivered +
      counters.deliveredNoAck +
      counters.got +
      counters.gotNoAck +
      counters.fetched,
    acked: counters.acked,
    redelivered: counters.redelivered,
    keeps_acked: stream.kind === 'topic' || stream.retained !== undefined,
    source: stream.kind === 'queue' ? (stream.source?.topic.name ?? null) : null,
    kafka_topic: kafkaNameOf(stream),
    policy: policy?.policy ?? null,
    operator_policy: policy?.operatorPolicy ?? null,
  }
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
