// What a connection makes harder for itself than it has to be, as far as its counters say so.
import type { ChannelInfo } from '../../../broker/client/channel-info.ts'
import type { Client } from '../../../broker/client/client.ts'
import type { Statistics } from '../../../broker/statistics/statistics.ts'
import { connectionLimits } from '../../../limits/connections.ts'
import { prefetchOf } from '../home/client-facts.ts'
import { many, number, perSecond, size, span } from '../home/words.ts'

export interface Diagnosis {
  readonly kind: string
  /** `look`: it costs messages or time now; `note`: it may some day. */
  readonly severity: 'look' | 'note'
  readonly text: string
}

export interface DiagnosedBy {
  readonly statistics: Pick<Statistics, 'ratesOf'>
  readonly monotonic: number
  readonly readyIn: (queue: string) => number
}

/** The gravest first. */
export function diagnose(client: Client, by: DiagnosedBy): Diagnosis[] {
  const channels = [...client.channels()]
  const found = [
    ...unread(client),
    ...channels.flatMap((channel) => diagnoseChannel(channel, by)),
    ...singleAcks(client, by),
    ...churn(client),
    ...unconfirmed(client, channels),
    ...withoutHeartbeat(client),
  ]
  return withoutRepeats(found).toSorted((a, b) => rankOf(a) - rankOf(b))
}

function rankOf({ severity }: Diagnosis): number {
  return severity === 'look' ? 0 : 1
}

/** Of many channels with the same trouble one is told. */
function withoutRepeats(found: readonly Diagnosis[]): Diagnosis[] {
  const byKind = new Map<string, Diagnosis>()
  for (const each of found) if (!byKind.has(each.kind)) byKind.set(each.kind, each)
  return [...byKind.values()]
}

function diagnoseChannel(channel: ChannelInfo, by: DiagnosedBy): Diagnosis[] {
  const consumers = channel.consumers.filter(({ isNoAck }) => !isNoAck)
  const [first] = consumers
  const found = held(channel, by)
  if (first === undefined) return found
  const prefetch = prefetchOf(channel, consumers)
  const { unackedCount: unacked } = channel
  if (prefetch === 0 && unacked >= connectionLimits.unboundedUnackedMin) {
    const text = `no prefetch: ${number(unacked)} messages are unacked at once, and wait for nobody else`
    found.push({ kind: 'no-prefetch', severity: 'look', text })
  }
  const ackRate = by.statistics.ratesOf(channel.counters).of('acked')
  const isSmall = prefetch > 0 && prefetch <= connectionLimits.smallPrefetchMax * consumers.length
  const waits = consumers.some(({ queueName }) => by.readyIn(queueName) > 0)
  if (isSmall && waits && unacked >= prefetch && ackRate > 0) {
    const ackMs = (prefetch / ackRate) * 1000
    const who = consumers.length === 1 ? 'one consumer' : many(consumers.length, 'consumer')
    const text = `prefetch ${number(prefetch)} and ${msText(ackMs)} per ack: ${who} cannot exceed ${perSecond(ackRate)}`
    found.push({ kind: 'prefetch', severity: 'look', text })
  }
  return found
}

function msText(ms: number): string {
  return ms < 10 ? `${Number(ms.toPrecision(2))} ms` : `${number(ms)} ms`
}

function held(
  { unackedCount, unackedSince }: ChannelInfo,
  { monotonic }: DiagnosedBy,
): Diagnosis[] {
  const heldMs = monotonic - (unackedSince ?? monotonic)
  if (unackedCount === 0 || heldMs < connectionLimits.heldMs) return []
  const rest = unackedCount === 1 ? '' : ', the oldest'
  const text = `holds ${number(unackedCount)} unacked${rest} for ${span(heldMs)}`
  return [{ kind: 'held', severity: 'look', text }]
}

function unread({ unsentSize }: Client): Diagnosis[] {
  if (unsentSize < connectionLimits.unreadSizeMin) return []
  const text = `reads slowly: ${size(unsentSize)} wait to be taken`
  return [{ kind: 'unread', severity: 'look', text }]
}

/** Whoever only consumes sends hardly anything but acks. */
function singleAcks(client: Client, { statistics }: DiagnosedBy): Diagnosis[] {
  if (client.protocol !== 'AMQP 0-9-1' || client.tls !== undefined) return []
  const rates = statistics.ratesOf(client)
  const acked = rates.of('acked')
  const { singleAcksMin, ackFrameSize } = connectionLimits
  if (acked < singleAcksMin || rates.of('published') > 0) return []
  if (rates.of('received') < acked * ackFrameSize) return []
  const text = `acks come one by one, ${perSecond(acked)}: a consumer may ack several at once`
  return [{ kind: 'single-acks', severity: 'note', text }]
}

function churn({ counters }: Client): Diagnosis[] {
  const { channels, published } = counters
  if (channels < connectionLimits.churnedChannelsMin || published === 0) return []
  if (published > channels * 2) return []
  const text = `opens a channel for each message: ${number(channels)} channels for ${many(published, 'message')}`
  return [{ kind: 'channel-churn', severity: 'look', text }]
}

function unconfirmed(
  { protocol, counters }: Client,
  channels: readonly ChannelInfo[],
): Diagnosis[] {
  const { published, confirmable } = counters
  const isAmqp = protocol === 'AMQP 0-9-1'
  if (!isAmqp || confirmable > 0 || published < connectionLimits.unconfirmedMin) return []
  if (channels.some(({ hasTransactions }) => hasTransactions)) return []
  const text = `publishes without confirms: what is lost on the way, nobody learns (${many(published, 'message')} so far)`
  return [{ kind: 'no-confirms', severity: 'note', text }]
}

function withoutHeartbeat({ limits }: Client): Diagnosis[] {
  if (limits === undefined || limits.heartbeatSeconds > 0) return []
  const text = 'heartbeat off: a client that is gone without a word is noticed late'
  return [{ kind: 'no-heartbeat', severity: 'note', text }]
}
