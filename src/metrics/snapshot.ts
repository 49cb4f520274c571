// What a scrape begins with: everything that has to be added up over queues and clients, a slice a turn.
//
// Invariant: a counter never falls from one scrape to the next, though queues and clients go meanwhile. What
// those counted that are gone is read before the others are listed, and who goes after that is still in the list.
import { type ClientProtocol, clientProtocols } from '../auth/principal.ts'
import type { Client } from '../broker/client/client.ts'
import { protocolOf } from '../broker/client/protocol-of.ts'
import { queueTypes } from '../broker/counters/broker-counters.ts'
import { ClientCounters } from '../broker/counters/client-counters.ts'
import { QueueCounters } from '../broker/counters/queue-counters.ts'
import type { Destination } from '../broker/destination.ts'
import type { QueueType } from '../broker/queue-arguments.ts'
import type { Clock } from '../lib/clock.ts'
import type { FileCounts } from '../lib/count-files.ts'
import { metricsLimits } from '../limits/metrics.ts'
import { firstTimestamp } from './first-timestamp.ts'
import type { MetricsSource } from './metrics-source.ts'
import { rabbitMqttVersions } from './rabbitmq-names.ts'
import { addSession, allSessions, noSessions, type SessionSums } from './session-sums.ts'

/** The queues or topics of a type together. */
export interface QueueSums {
  count: number
  ready: number
  unacked: number
  consumers: number
  readonly counters: QueueCounters
}

/** The clients of a protocol together. */
export interface ClientSums {
  open: number
  closed: number
  channels: number
  publishers: number
  consumers: number
  readonly counters: ClientCounters
}

export interface Snapshot {
  /** All queues and topics. */
  readonly queues: readonly Destination[]
  readonly queueSums: Readonly<Record<QueueType, QueueSums>>
  readonly clients: readonly Client[]
  readonly clientSums: Readonly<Record<ClientProtocol, ClientSums>>
  /** Of MQTT's clients, by what lists say that they speak: `MQTT 5.0`. */
  readonly mqttSums: Readonly<Record<string, ClientSums>>
  readonly sessionSums: SessionSums
  /** When the oldest message of a work queue came, in milliseconds since the Unix epoch. */
  readonly oldestAt: number | undefined
  readonly files: FileCounts | undefined
}

export async function takeSnapshot(source: MetricsSource): Promise<Snapshot> {
  const files = await source.countFiles()
  const { broker } = source
  const clientSums = mapOf(clientProtocols, (protocol) => endedClients(source, protocol))
  const mqttSums = mapOf(Object.keys(rabbitMqttVersions), (protocol) =>
    sumsOf(source.clients.endedOfVersion(protocol)),
  )
  const clients = [...source.clients]
  await inTurns(broker.clock, clients, (client) => {
    addClient(clientSums[client.protocol], client)
    const versionSums = client.protocol === 'MQTT' && mqttSums[protocolOf(client)]
    if (versionSums) addClient(versionSums, client)
  })
  const sessionSums = noSessions()
  const sessions = allSessions(source.mqtt.sessions)
  await inTurns(broker.clock, sessions, (session) => addSession(sessionSums, session))
  const queueSums = mapOf(queueTypes, (type) => endedQueues(source, type))
  const queues = Array.from(broker.vhosts, (vhost) => [...vhost.queues()]).flat()
  let oldestAt = Infinity
  await inTurns(broker.clock, queues, (queue) => {
    addQueue(queueSums[queue.type], queue)
    const at = queue.kind === 'queue' ? firstTimestamp(broker.store, queue) : undefined
    if (at !== undefined && at < oldestAt) oldestAt = at
  })
  return {
    queues,
    queueSums,
    clients,
    clientSums,
    mqttSums,
    sessionSums,
    oldestAt: oldestAt === Infinity ? undefined : oldestAt,
    files,
  }
}

/** Calls `add` with each, while others have their turn now and then. */
async function inTurns<T>(
  clock: Pick<Clock, 'atEndOfTurn'>,
  items: readonly T[],
  add: (item: T) => void,
): Promise<void> {
  for (const [index, item] of items.entries()) {
    add(item)
    if ((index + 1) % metricsLimits.countedPerTurn !== 0) continue
    await new Promise<void>((resolve) => clock.atEndOfTurn(resolve))
  }
}

function endedClients({ clients }: MetricsSource, protocol: ClientProtocol): ClientSums {
  const sums = sumsOf(clients.endedOf(protocol))
  // As in RabbitMQ, whose API has a channel of AMQP for them.
  if (protocol === 'AMQP 0-9-1') sums.counters.add(clients.ofRequests)
  return sums
}

function sumsOf(ended: ReturnType<MetricsSource['clients']['endedOfVersion']>): ClientSums {
  const counters = new ClientCounters()
  if (ended !== undefined) counters.add(ended.counters)
  const nobody = { open: 0, channels: 0, publishers: 0, consumers: 0 }
  return { ...nobody, closed: ended?.clients ?? 0, counters }
}

function addClient(sums: ClientSums, client: Client): void {
  sums.open++
  sums.channels += client.channelCount
  sums.publishers += client.publisherCount
  sums.consumers += client.consumerCount ?? 0
  sums.counters.add(client.counters)
}

function endedQueues({ broker }: MetricsSource, type: QueueType): QueueSums {
  const counters = new QueueCounters()
  counters.add(broker.counters.endedOf(type))
  return { count: 0, ready: 0, unacked: 0, consumers: 0, counters }
}

function addQueue(sums: QueueSums, queue: Destination): void {
  sums.count++
  sums.ready += queue.readyCount
  sums.unacked += queue.unackedCount
  // A queue that takes its messages from a topic is no client of it.
  sums.consumers += queue.kind === 'topic' ? queue.observers.size : queue.consumerCount
  if (queue.usedCounters !== undefined) sums.counters.add(queue.usedCounters)
}

function mapOf<K extends string, V>(keys: readonly K[], valueOf: (key: K) => V): Record<K, V> {
  return Object.fromEntries(keys.map((key) => [key, valueOf(key)])) as Record<K, V>
}
