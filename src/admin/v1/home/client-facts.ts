// Clients that are worth a look: how many there are, who is blocked, and which consumers are stuck.
import type { ChannelInfo } from '../../../broker/client/channel-info.ts'
import type { ClientRegistry } from '../../../broker/client/client-registry.ts'
import type { ClientCounters } from '../../../broker/counters/client-counters.ts'
import type { Steps } from '../../../lib/slices.ts'
import { healthLimits } from '../../../limits/health.ts'
import { type ListedClient, listedClients } from '../../rabbitmq/listed-client.ts'
import type { GrowthNotes } from './growth-notes.ts'

export interface StuckConsumer {
  readonly id: number
  readonly user: string
  readonly host: string
  readonly vhost: string
  readonly queue: string
  readonly unacked: number
  readonly unackedMs: number
}

/** Of a user. */
export interface UsersClients {
  connections: number
  blocked: number
}

export interface ClientFacts {
  /** Connections of AMQP and Kafka, and who receives by HTTP. */
  readonly byUser: ReadonlyMap<string, UsersClients>
  readonly byProtocol: Readonly<Record<string, number>>
  /** The first few. */
  readonly stuck: readonly StuckConsumer[]
}

export interface ClientsLooked {
  /** Of acks on a channel. */
  readonly notes: GrowthNotes<ClientCounters>
  readonly now: number
  readonly monotonic: number
  readonly hasReady: (vhost: string, queue: string) => boolean
}

export function* lookAtClients(clients: ClientRegistry, looked: ClientsLooked): Steps<ClientFacts> {
  const byUser = new Map<string, UsersClients>()
  const byProtocol: Record<string, number> = {}
  const stuck: StuckConsumer[] = []
  let count = 0
  for (const listed of listedClients(clients)) {
    const { client, principal } = listed
    const sums = byUser.get(principal.user) ?? { connections: 0, blocked: 0 }
    byUser.set(principal.user, sums)
    sums.connections++
    if (client.state === 'blocked') sums.blocked++
    byProtocol[client.protocol] = (byProtocol[client.protocol] ?? 0) + 1
    for (const channel of client.channels()) {
      if (++count % healthLimits.lookedAtOnce === 0) yield
      if (stuck.length >= healthLimits.namedMax || count > healthLimits.stuckLookedMax) continue
      const found = findStuck(listed, channel, looked)
      if (found !== undefined) stuck.push(found)
    }
    if (++count % healthLimits.lookedAtOnce === 0) yield
  }
  return { byUser, byProtocol, stuck }
}

/** It holds all that it may have, for long, acks nothing, and more waits for it. */
function findStuck(
  { client, principal, vhost }: ListedClient,
  channel: ChannelInfo,
  { notes, now, monotonic, hasReady }: ClientsLooked,
): StuckConsumer | undefined {
  const { unackedCount: unacked, unackedSince, counters } = channel
  if (unacked === 0 || unackedSince === undefined) return undefined
  const acking = notes.note(counters, counters.acked + 1, now)
  const unackedMs = monotonic - unackedSince
  const msMin = acking === undefined ? healthLimits.stuckUnseenMs : healthLimits.stuckMs
  if (unackedMs < msMin || (acking !== undefined && acking.rate > 0)) return undefined
  const consumers = channel.consumers.filter(({ isNoAck }) => !isNoAck)
  const room = prefetchOf(channel, consumers)
  if (room === 0 || unacked < room) return undefined
  const queue = consumers.find(({ queueName }) => hasReady(vhost, queueName))?.queueName
  if (queue === undefined) return undefined
  const { host } = client.transport.peer
  return { id: client.id, user: principal.user, host, vhost, queue, unacked, unackedMs }
}

/** Unacked deliveries that the consumers of a channel may have together; 0 for no limit. */
export function prefetchOf(
  { sharedPrefetch }: Pick<ChannelInfo, 'sharedPrefetch'>,
  consumers: readonly { readonly prefetch: number }[],
): number {
  if (sharedPrefetch > 0) return sharedPrefetch
  if (consumers.some(({ prefetch }) => prefetch === 0)) return 0
  return consumers.reduce((sum, { prefetch }) => sum + prefetch, 0)
}
