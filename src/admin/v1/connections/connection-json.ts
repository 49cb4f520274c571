// A connection of any protocol, with what it does and what it makes hard for itself.
import { z } from 'zod'
import type { Principal } from '../../../auth/principal.ts'
import type { Broker } from '../../../broker/broker.ts'
import type { ChannelInfo } from '../../../broker/client/channel-info.ts'
import type { Client } from '../../../broker/client/client.ts'
import { protocolOf } from '../../../broker/client/protocol-of.ts'
import { takenOf } from '../../../broker/statistics/read-counts.ts'
import type { Sample } from '../../../broker/statistics/sample.ts'
import type { Statistics } from '../../../broker/statistics/statistics.ts'
import { argumentsToJson } from '../../../definitions/arguments-json.ts'
import { formatAddress } from '../../../lib/listen.ts'
import { connectionName } from '../../../lib/transport.ts'
import { connectionLimits } from '../../../limits/connections.ts'
import { prefetchOf } from '../home/client-facts.ts'
import { rounded } from '../home/home-json.ts'
import { rateHistorySchema } from '../rate-history-schema.ts'
import { diagnose, type Diagnosis } from './diagnosis.ts'

/** A client that has logged in; of HTTP too. */
export interface Connected {
  readonly client: Client
  readonly principal: Principal
}

export interface ConnectionParts {
  readonly broker: Broker
  readonly statistics: Statistics
}

export interface ConnectionRatesJson {
  readonly in: number
  readonly out: number
  readonly ack: number
  readonly received: number
  readonly sent: number
}

export interface ConnectionJson {
  readonly id: number
  readonly name: string
  readonly own_name: string | null
  readonly protocol: string
  readonly user: string
  readonly vhost: string | null
  readonly product: string | null
  readonly version: string | null
  readonly platform: string | null
  readonly host: string
  readonly port: number
  readonly listener: string
  readonly tls: string | null
  readonly state: string
  readonly blocked_since: number | null
  readonly blocked_reason: string | null
  readonly connected_at: number
  readonly channels: number
  readonly consumers: number
  readonly prefetch: number | null
  readonly unacked: number
  readonly unconfirmed: number
  readonly heartbeat: number | null
  readonly published: number
  readonly taken: number
  readonly acked: number
  readonly received: number
  readonly sent: number
  readonly rates: ConnectionRatesJson
  readonly diagnosis: readonly Diagnosis[]
}

export interface ChannelJson {
  readonly number: number
  readonly prefetch: number
  readonly shared_prefetch: number
  readonly unacked: number
  readonly unacked_ms: number | null
  readonly confirms: boolean
  readonly unconfirmed: number
  readonly transactional: boolean
  readonly rates: { readonly in: number; readonly out: number; readonly ack: number }
  readonly consumers: readonly {
    readonly tag: string
    readonly queue: string
    readonly ack: boolean
    readonly exclusive: boolean
    readonly active: boolean
    readonly prefetch: number
  }[]
}

export interface ConnectionShownJson extends ConnectionJson {
  readonly mechanism: string | null
  readonly cipher: string | null
  readonly certificate: string | null
  readonly properties: Readonly<Record<string, unknown>>
  readonly channel_list: readonly ChannelJson[]
  readonly history: {
    readonly times: readonly number[]
    readonly in: readonly number[]
    readonly out: readonly number[]
    readonly ack: readonly number[]
  }
}

const count = z.number().int()
const text = z.string().nullable()
const messageRates = { in: z.number(), out: z.number(), ack: z.number() }

const shape = {
  id: count.describe('Never used again while the broker runs'),
  name: z.string(),
  own_name: text.describe('What the client calls itself'),
  protocol: z
    .string()
    .describe('AMQP 0-9-1, Kafka, MQTT, STOMP or HTTP; with its version where it has several'),
  user: z.string(),
  vhost: text,
  product: text.describe('Of the client library, as it says'),
  version: text,
  platform: text,
  host: z.string(),
  port: count,
  listener: z.string().describe('The address that it came to'),
  tls: text.describe('The version; null without'),
  state: z.string().describe('starting, running, blocked or closing'),
  blocked_since: z.number().nullable().describe('Milliseconds since the Unix epoch'),
  blocked_reason: text,
  connected_at: z.number(),
  channels: count,
  consumers: count,
  prefetch: count.nullable().describe('Of its consumers together; 0: no limit; null: none acks'),
  unacked: count,
  unconfirmed: count,
  heartbeat: count
    .nullable()
    .describe(
      'Seconds between heartbeats, or the keep alive of MQTT; 0: none; null where the protocol has none',
    ),
  published: count.describe('Messages since it connected'),
  taken: count.describe('Messages that it has got'),
  acked: count,
  received: count.describe('Bytes from the client'),
  sent: count,
  rates: z.object({ ...messageRates, received: z.number(), sent: z.number() }),
  diagnosis: z.array(
    z.object({ kind: z.string(), severity: z.enum(['look', 'note']), text: z.string() }),
  ),
}

export const connectionSchema: z.ZodType = z.object(shape)

export const connectionShownSchema: z.ZodType = z.object({
  ...shape,
  mechanism: text,
  cipher: text,
  certificate: text.describe('Whom its certificate names'),
  properties: z.record(z.string(), z.unknown()),
  channel_list: z
    .array(
      z.object({
        number: count,
        prefetch: count,
        shared_prefetch: count,
        unacked: count,
        unacked_ms: z.number().nullable().describe('How long the oldest is unacked'),
        confirms: z.boolean(),
        unconfirmed: count,
        transactional: z.boolean(),
        rates: z.object(messageRates),
        consumers: z.array(
          z.object({
            tag: z.string(),
            queue: z.string(),
            ack: z.boolean(),
            exclusive: z.boolean(),
            active: z.boolean(),
            prefetch: count,
          }),
        ),
      }),
    )
    .describe(`The first ${connectionLimits.channelsShownMax}`),
  history: rateHistorySchema.describe(
    'Messages a second, of the last minutes that somebody looked',
  ),
})

export function nameOf({ transport, givenName }: Client): string {
  return givenName ?? connectionName(transport)
}

/** What a filter looks through. */
export function searchedIn({ client, principal }: Connected): string {
  const { properties } = client
  const names = ['connection_name', 'client_id', 'product'].map((name) => properties.findText(name))
  return [nameOf(client), principal.user, ...names].join(' ')
}

export function connectionJson(
  { client, principal }: Connected,
  parts: ConnectionParts,
): ConnectionJson {
  const { transport, counters } = client
  return {
    id: client.id,
    name: nameOf(client),
    protocol: protocolOf(client),
    user: principal.user,
    vhost: client.vhost ?? null,
    ...ownWords(client),
    host: transport.peer.host,
    port: transport.peer.port,
    listener: formatAddress(transport.local),
    tls: client.tls?.protocol ?? null,
    ...stateJson(client, parts.broker),
    connected_at: client.connectedAt,
    ...channelSums(client),
    heartbeat: client.limits?.heartbeatSeconds ?? client.keepAliveSeconds ?? null,
    published: counters.published,
    taken: takenOf(counters),
    acked: counters.acked,
    received: client.receivedSize,
    sent: client.sentSize,
    rates: ratesJson(client, parts.statistics),
    diagnosis: diagnose(client, diagnosedBy(client, parts)),
  }
}

/** What the client says of itself. */
function ownWords({
  properties,
}: Client): Pick<ConnectionJson, 'own_name' | 'product' | 'version' | 'platform'> {
  const word = (name: string): string | null => properties.findText(name) ?? null
  return {
    own_name: word('connection_name') ?? word('client_id'),
    product: word('product'),
    version: word('version'),
    platform: word('platform'),
  }
}

function stateJson(
  { state }: Client,
  { shortage }: Broker,
): Pick<ConnectionJson, 'state' | 'blocked_since' | 'blocked_reason'> {
  if (state !== 'blocked') return { state, blocked_since: null, blocked_reason: null }
  const { since = null, reason = null } = shortage
  return { state, blocked_since: since, blocked_reason: reason }
}

function diagnosedBy(
  client: Client,
  { broker, statistics }: ConnectionParts,
): Parameters<typeof diagnose>[1] {
  const vhost = client.vhost === undefined ? undefined : broker.findVHost(client.vhost)
  return {
    statistics,
    monotonic: broker.clock.monotonic(),
    readyIn: (queue) => vhost?.findQueue(queue)?.readyCount ?? 0,
  }
}

function channelSums(
  client: Client,
): Pick<ConnectionJson, 'channels' | 'consumers' | 'prefetch' | 'unacked' | 'unconfirmed'> {
  const sums = { channels: client.channelCount, consumers: 0, unacked: 0, unconfirmed: 0 }
  let prefetch: number | null = null
  for (const channel of client.channels()) {
    sums.consumers += channel.consumers.length
    sums.unacked += channel.unackedCount
    sums.unconfirmed += channel.unconfirmedCount
    const acking = channel.consumers.filter(({ isNoAck }) => !isNoAck)
    if (acking.length === 0) continue
    const own = prefetchOf(channel, acking)
    prefetch = prefetch === 0 || own === 0 ? 0 : (prefetch ?? 0) + own
  }
  // Those of MQTT are in no channel.
  if (sums.consumers === 0) sums.consumers = client.consumerCount ?? 0
  return { ...sums, prefetch }
}

function ratesJson(client: Client, statistics: Statistics): ConnectionRatesJson {
  const rates = statistics.ratesOf(client)
  return {
    in: rounded(rates.of('published')),
    out: rounded(rates.of('taken')),
    ack: rounded(rates.of('acked')),
    received: rounded(rates.of('received')),
    sent: rounded(rates.of('sent')),
  }
}

/** With its channels and its last minutes. */
export function connectionShownJson(
  connected: Connected,
  parts: ConnectionParts,
): ConnectionShownJson {
  const { client } = connected
  const channels = [...client.channels()].slice(0, connectionLimits.channelsShownMax)
  return {
    ...connectionJson(connected, parts),
    mechanism: client.mechanism ?? null,
    cipher: client.tls?.cipherSuite ?? null,
    certificate: client.tls?.certificate?.subject ?? null,
    properties: argumentsToJson(client.properties),
    channel_list: channels.map((channel) => channelJson(channel, parts)),
    history: historyJson(parts.statistics.historyOf(client)),
  }
}

function channelJson(channel: ChannelInfo, { broker, statistics }: ConnectionParts): ChannelJson {
  const { counters, unackedSince } = channel
  const rates = statistics.ratesOf(counters)
  const names = ['delivered', 'deliveredNoAck', 'got', 'gotNoAck']
  const taken = names.reduce((sum, name) => sum + rates.of(name), 0)
  return {
    number: channel.number,
    prefetch: channel.prefetch,
    shared_prefetch: channel.sharedPrefetch,
    unacked: channel.unackedCount,
    unacked_ms: unackedSince === undefined ? null : broker.clock.monotonic() - unackedSince,
    confirms: channel.hasConfirms,
    unconfirmed: channel.unconfirmedCount,
    transactional: channel.hasTransactions,
    rates: {
      in: rounded(rates.of('published')),
      out: rounded(taken),
      ack: rounded(rates.of('acked')),
    },
    consumers: channel.consumers.slice(0, connectionLimits.consumersShownMax).map((consumer) => ({
      tag: consumer.tag,
      queue: consumer.queueName,
      ack: !consumer.isNoAck,
      exclusive: consumer.isExclusive,
      active: consumer.isActive,
      prefetch: consumer.prefetch,
    })),
  }
}

function historyJson(samples: readonly Sample[]): ConnectionShownJson['history'] {
  const history = {
    times: [] as number[],
    in: [] as number[],
    out: [] as number[],
    ack: [] as number[],
  }
  samples.slice(1).forEach(({ time, counts }, index) => {
    const before = samples[index]!
    const seconds = Math.max(0.001, (time - before.time) / 1000)
    const rate = (name: string): number =>
      rounded(((counts[name] ?? 0) - (before.counts[name] ?? 0)) / seconds)
    history.times.push(time)
    history.in.push(rate('published'))
    history.out.push(rate('taken'))
    history.ack.push(rate('acked'))
  })
  return history
}
