// Who consumes a stream by AMQP or HTTP, and the end of such a consumer. Kafka's groups have operations of their own.
import { z } from 'zod'
import { preconditionFailed } from '../../broker/broker-error.ts'
import type { ConsumerInfo } from '../../broker/client/channel-info.ts'
import type { Destination } from '../../broker/destination.ts'
import { noRates } from '../../broker/statistics/sample.ts'
import type { Statistics } from '../../broker/statistics/statistics.ts'
import { argumentsToJson } from '../../definitions/arguments-json.ts'
import type { Steps } from '../../lib/slices.ts'
import { adminLimits } from '../../limits/admin.ts'
import { type ManagementParts, notFound } from '../answers.ts'
import { type Operation, operation } from '../api/operation.ts'
import {
  channelsOf,
  consumersOf,
  type ListedConsumer,
  listedClients,
} from '../rabbitmq/listed-client.ts'
import { notAuthorised } from '../rabbitmq/refusals.ts'

const tag = 'Streams'
const path = '/v1/streams/{vhost}/{name}/consumers'
const count = z.number().int()

/** A consumer by AMQP, or all requests of a user by HTTP. */
export interface StreamConsumerJson {
  readonly tag: string
  readonly connection: string
  readonly channel: number
  readonly protocol: string
  readonly user: string
  readonly peer: string
  readonly connection_name: string | null
  /** What the client says it is. */
  readonly client: string | null
  readonly prefetch: number
  readonly ack_required: boolean
  readonly exclusive: boolean
  readonly active: boolean
  readonly priority: number
  readonly ack_timeout_ms: number | null
  readonly unacked: number | null
  readonly delivered: number | null
  readonly settled: number | null
  readonly deliver_rate: number
  readonly settle_rate: number
  readonly idle_since: number | null
  readonly can_cancel: boolean
  readonly arguments: Readonly<Record<string, unknown>>
}

export interface StreamConsumersJson {
  readonly consumers: readonly StreamConsumerJson[]
  readonly consumer_count: number
  readonly single_active: boolean
}

const consumerSchema: z.ZodType<StreamConsumerJson> = z.object({
  tag: z.string(),
  connection: z.string(),
  channel: count,
  protocol: z.string(),
  user: z.string(),
  peer: z.string(),
  connection_name: z.string().nullable().describe('What the client calls its connection'),
  client: z.string().nullable().describe('What the client says that it is'),
  prefetch: count.describe('Unacked deliveries that it may have; 0 for any number'),
  ack_required: z.boolean(),
  exclusive: z.boolean(),
  active: z.boolean().describe('false: it waits for the single active one to go'),
  priority: z.number(),
  ack_timeout_ms: count.nullable(),
  unacked: count.nullable(),
  delivered: count.nullable().describe('Since it came'),
  settled: count.nullable().describe('Of them acked, rejected or given back'),
  deliver_rate: z.number(),
  settle_rate: z.number().describe('Per second'),
  idle_since: count
    .nullable()
    .describe('Since when it got and settled nothing, in milliseconds since the Unix epoch'),
  can_cancel: z.boolean().describe('Its client understands when the broker ends it'),
  arguments: z.record(z.string(), z.unknown()),
})

const consumersSchema: z.ZodType<StreamConsumersJson> = z.object({
  consumers: z.array(consumerSchema).describe('The first ones of very many'),
  consumer_count: count,
  single_active: z.boolean(),
})

const cancelBody = z.strictObject({
  connection: z.string(),
  channel: z.int(),
  tag: z.string(),
})

type ConsumerParts = Pick<ManagementParts, 'broker' | 'clients' | 'statistics'>

export function streamConsumerOperations(parts: ConsumerParts): Operation[] {
  const { broker, statistics } = parts
  const findStream = (vhost: string, name: string): Destination | undefined =>
    broker.findVHost(vhost)?.findQueue(name)
  return [
    operation({
      method: 'get',
      path,
      tag,
      summary: 'Consumers of a stream by AMQP and HTTP, with how fast each works',
      access: 'vhost-visible',
      answers: { 200: consumersSchema },
      handle: async ({ names, context }) => {
        const stream = findStream(names.vhost, names.name)
        if (stream === undefined) return notFound(context)
        statistics.want()
        const found = await broker.slices.run(findConsumers(parts, stream))
        return {
          consumers: found
            .slice(0, adminLimits.shownOfStreamMax)
            .map((listed) => consumerJson(listed, statistics)),
          consumer_count: stream.consumerCount,
          single_active: stream.kind === 'queue' && stream.settings.hasSingleActiveConsumer,
        }
      },
    }),
    operation({
      method: 'post',
      path: `${path}/cancel`,
      tag,
      summary: 'End a consumer: its client is told and keeps what it has not acked',
      access: 'vhost',
      body: cancelBody,
      answers: { 204: 'It gets no more messages' },
      handle: async ({ names, body, caller, context }) => {
        const stream = findStream(names.vhost, names.name)
        if (stream === undefined) return notFound(context)
        const found = await broker.slices.run(findConsumers(parts, stream))
        const listed = found.find(({ on, consumer }) => {
          const isThere = on.owner.name === body.connection && on.channel.number === body.channel
          return isThere && consumer.tag === body.tag
        })
        if (listed === undefined) return notFound(context)
        const { user } = listed.on.owner.principal
        const isOwn = caller.principal.user === user
        if (!isOwn && !caller.hasTag('administrator')) return notAuthorised(context)
        const { cancel } = listed.consumer
        if (cancel === undefined) {
          throw preconditionFailed(
            'its client is not told when the broker ends a consumer: close its connection instead',
          )
        }
        cancel()
        return context.body(null, 204)
      },
    }),
  ]
}

function* findConsumers(
  { clients }: ConsumerParts,
  { vhost, name, consumerCount }: Destination,
): Steps<ListedConsumer[]> {
  const found: ListedConsumer[] = []
  if (consumerCount === 0) return found
  let looked = 0
  for (const on of channelsOf(listedClients(clients, vhost))) {
    for (const listed of consumersOf([on])) {
      if (listed.consumer.queueName === name) found.push(listed)
    }
    if (++looked % adminLimits.listedAtOnceMax === 0) yield
  }
  return found
}

function consumerJson(
  { on, consumer }: ListedConsumer,
  statistics: Statistics,
): StreamConsumerJson {
  const { owner, channel } = on
  const { ackTimeoutMs } = consumer
  const { host, port } = owner.client.transport.peer
  return {
    tag: consumer.tag,
    connection: owner.name,
    channel: channel.number,
    protocol: owner.client.protocol,
    user: owner.principal.user,
    peer: port === 0 ? host : `${host}:${port}`,
    connection_name: textOf(owner.client.properties, 'connection_name') ?? null,
    client: clientOf(owner.client.properties),
    prefetch: consumer.prefetch,
    ack_required: !consumer.isNoAck,
    exclusive: consumer.isExclusive,
    active: consumer.isActive,
    priority: priorityOf(consumer),
    ack_timeout_ms: Number.isFinite(ackTimeoutMs) ? ackTimeoutMs : null,
    ...workOf(consumer, statistics),
    can_cancel: consumer.cancel !== undefined,
    arguments: argumentsToJson(consumer.arguments),
  }
}

function workOf(
  { counted }: ConsumerInfo,
  statistics: Statistics,
): Pick<
  StreamConsumerJson,
  'unacked' | 'delivered' | 'settled' | 'deliver_rate' | 'settle_rate' | 'idle_since'
> {
  const rates = counted === undefined ? noRates : statistics.ratesOf(counted)
  return {
    unacked: counted?.unackedCount ?? null,
    delivered: counted?.deliveredCount ?? null,
    settled: counted?.settledCount ?? null,
    deliver_rate: rates.of('delivered'),
    settle_rate: rates.of('settled'),
    idle_since: (counted && statistics.idleSince(counted)) ?? null,
  }
}

function priorityOf({ arguments: args }: ConsumerInfo): number {
  const priority = args.get('x-priority')?.value
  return typeof priority === 'number' ? priority : 0
}

function clientOf(properties: ConsumerInfo['arguments']): string | null {
  const words = ['product', 'version'].map((name) => textOf(properties, name))
  const known = words.filter((word) => word !== undefined)
  return known.length === 0 ? null : known.join(' ')
}

function textOf(properties: ConsumerInfo['arguments'], name: string): string | undefined {
  const value = properties.get(name)?.value
  return typeof value === 'string' ? value : undefined
}
