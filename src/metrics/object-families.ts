// What single queues, exchanges and connections have: RabbitMQ's families by the names of the groups that
// `/metrics/detailed?family=` asks for, and the broker's own.
import type { Client } from '../broker/client/client.ts'
import type { ExchangeCounters } from '../broker/counters/exchange-counters.ts'
import { QueueCounters } from '../broker/counters/queue-counters.ts'
import type { Destination } from '../broker/destination.ts'
import type { Exchange } from '../broker/exchange/exchange.ts'
import { shownRange } from '../broker/topic/shown-range.ts'
import type { VHost } from '../broker/vhost.ts'
import type { Family, MetricType, Sample } from './family.ts'
import { firstTimestamp } from './first-timestamp.ts'
import { escapeLabel, labelsOf } from './labels.ts'
import type { MetricsSource } from './metrics-source.ts'
import { rabbitProtocols, rabbitQueueTypes } from './rabbitmq-names.ts'
import type { Snapshot } from './snapshot.ts'

/** What is shown, and how RabbitMQ's families are called: `rabbitmq_`, or `rabbitmq_detailed_`. */
export interface ObjectsShown {
  readonly source: MetricsSource
  /** Those that were asked for. */
  readonly queues: readonly Destination[]
  readonly vhosts: readonly VHost<Destination>[]
  readonly clients: Snapshot['clients']
  readonly prefix: 'rabbitmq_' | 'rabbitmq_detailed_'
}

type Group = (shown: ObjectsShown) => Family[]

/** By RabbitMQ's name for each; what begins with `pabal_` is its own. */
export const objectGroups: ReadonlyMap<string, Group> = new Map([
  ['queue_coarse_metrics', queueCoarse],
  ['queue_consumer_count', queueConsumers],
  ['queue_metrics', queueConsumers],
  ['queue_delivery_metrics', queueDeliveries],
  ['exchange_metrics', exchangeMessages],
  ['connection_coarse_metrics', connectionBytes],
  ['connection_metrics', connectionChannels],
  ['pabal_queue_metrics', queueOwn],
  ['pabal_exchange_metrics', exchangeOwn],
])

/** Only of `/metrics/detailed`, with a prefix of their own. */
export const clusterGroups: ReadonlyMap<string, Group> = new Map([
  ['vhost_status', vhostStatus],
  ['exchange_bindings', exchangeBindings],
  ['exchange_names', exchangeNames],
])

/** What type each queue has; the broker is all of its members. */
export function queueInfo({ queues, prefix }: ObjectsShown): Family {
  return {
    name: `${prefix}queue_info`,
    type: 'gauge',
    help: "A metric with a constant '1' value and labels that provide some queue details",
    *samples() {
      for (const queue of queues) {
        const type = rabbitQueueTypes[queue.type]
        yield { labels: `${queueLabels(queue)},queue_type="${type}",membership="leader"`, value: 1 }
      }
    },
  }
}

function queueLabels({ vhost, name }: Pick<Destination, 'name' | 'vhost'>): string {
  return `vhost="${escapeLabel(vhost)}",queue="${escapeLabel(name)}"`
}

interface Named {
  readonly name: string
  readonly type: MetricType
  readonly help: string
}

/** One sample of each queue that is still there and has such a value. */
function perQueue(
  { queues }: Pick<ObjectsShown, 'queues'>,
  named: Named,
  valueOf: (queue: Destination) => number | undefined,
): Family {
  return {
    ...named,
    *samples() {
      for (const queue of queues) {
        const value = queue.isDeleted ? undefined : valueOf(queue)
        if (value !== undefined) yield { labels: queueLabels(queue), value }
      }
    },
  }
}

function queueCoarse(shown: ObjectsShown): Family[] {
  const family = (name: string, help: string, valueOf: (queue: Destination) => number): Family =>
    perQueue(shown, { name: `${shown.prefix}${name}`, type: 'gauge', help }, valueOf)
  return [
    family(
      'queue_messages_ready',
      'Messages ready to be delivered to consumers',
      ({ readyCount }) => readyCount,
    ),
    family(
      'queue_messages_unacked',
      'Messages delivered to consumers but not yet acknowledged',
      ({ unackedCount }) => unackedCount,
    ),
    family(
      'queue_messages',
      'Sum of ready and unacknowledged messages - total queue depth',
      ({ readyCount, unackedCount }) => readyCount + unackedCount,
    ),
  ]
}

function queueConsumers(shown: ObjectsShown): Family[] {
  const name = `${shown.prefix}queue_consumers`
  const named: Named = { name, type: 'gauge', help: 'Consumers on a queue' }
  return [perQueue(shown, named, ({ consumerCount }) => consumerCount)]
}

const noCounters = new QueueCounters()

function queueDeliveries(shown: ObjectsShown): Family[] {
  const family = (
    name: string,
    help: string,
    countOf: (counters: QueueCounters) => number,
  ): Family =>
    perQueue(
      shown,
      { name: `${shown.prefix}${name}_total`, type: 'counter', help },
      ({ usedCounters = noCounters }) => countOf(usedCounters),
    )
  return [
    family(
      'queue_get_ack',
      'Total number of messages fetched from a queue with basic.get in manual acknowledgement mode',
      (of) => of.got,
    ),
    family(
      'queue_get',
      'Total number of messages fetched from a queue with basic.get in automatic acknowledgement mode',
      (of) => of.gotNoAck,
    ),
    family(
      'queue_messages_delivered_ack',
      'Total number of messages delivered from a queue to consumers in manual acknowledgement mode',
      (of) => of.delivered,
    ),
    family(
      'queue_messages_delivered',
      'Total number of messages delivered from a queue to consumers in automatic acknowledgement mode',
      (of) => of.deliveredNoAck,
    ),
    family(
      'queue_messages_redelivered',
      'Total number of messages redelivered from a queue to consumers',
      (of) => of.redelivered,
    ),
    family(
      'queue_messages_acked',
      'Total number of messages acknowledged by consumers on a queue',
      (of) => of.acked,
    ),
    family(
      'queue_get_empty',
      'Total number of times basic.get operations fetched no message on a queue',
      (of) => of.gotEmpty,
    ),
    family('queue_messages_published', 'Messages that came into a queue', (of) => of.published),
  ]
}

function queueOwn({ source: { broker }, queues }: ObjectsShown): Family[] {
  const family = (
    name: string,
    help: string,
    valueOf: (queue: Destination) => number | undefined,
  ): Family => perQueue({ queues }, { name: `pabal_queue_${name}`, type: 'gauge', help }, valueOf)
  return [
    family(
      'oldest_message_age_seconds',
      'Age of the oldest message of a work queue, at least: 0 when there is none',
      (queue) => {
        if (queue.kind === 'topic') return undefined
        const at = firstTimestamp(broker.store, queue)
        return at === undefined ? 0 : Math.max(0, broker.clock.now() - at) / 1000
      },
    ),
    family('stored_bytes', 'Bytes that the messages of a queue or topic take in files', (queue) => {
      const { store } = broker
      return queue.kind === 'topic'
        ? queue.partitions.reduce((sum, each) => sum + shownRange(each).size, 0)
        : queue.cursors.reduce((sum, { log }) => sum + store.sizeOf(log), 0)
    }),
  ]
}

type AnyExchange = Exchange<Destination>

function* eachExchange(
  vhosts: ObjectsShown['vhosts'],
): Generator<readonly [labels: string, exchange: AnyExchange]> {
  for (const vhost of vhosts) {
    for (const exchange of vhost.exchanges()) {
      yield [labelsOf({ vhost: vhost.name, exchange: exchange.name }), exchange]
    }
  }
}

function exchangeMessages({ vhosts, prefix }: ObjectsShown): Family[] {
  const family = (
    name: string,
    help: string,
    countOf: (counters: ExchangeCounters) => number,
  ): Family => ({
    name: `${prefix}exchange_messages_${name}_total`,
    type: 'counter',
    help,
    *samples() {
      for (const [labels, { counters }] of eachExchange(vhosts)) {
        yield { labels, value: countOf(counters) }
      }
    },
  })
  return [
    family(
      'published',
      'Total number of messages published into an exchange',
      (of) => of.publishedIn,
    ),
    family(
      'unroutable_returned',
      'Total number of messages published as mandatory into an exchange and returned to the publisher as unroutable',
      (of) => of.returned,
    ),
    family(
      'unroutable_dropped',
      'Total number of messages published as non-mandatory into an exchange and dropped as unroutable',
      (of) => of.dropped,
    ),
  ]
}

function exchangeOwn({ vhosts }: ObjectsShown): Family[] {
  return [
    {
      name: 'pabal_exchange_routed_total',
      type: 'counter',
      help: 'Copies of messages that an exchange has sent to queues',
      *samples() {
        for (const [labels, { counters }] of eachExchange(vhosts)) {
          yield { labels, value: counters.publishedOut }
        }
      },
    },
    {
      name: 'pabal_exchange_delayed_messages',
      type: 'gauge',
      help: 'Messages that an exchange delays',
      *samples() {
        for (const [labels, { delay }] of eachExchange(vhosts)) {
          if (delay !== undefined) yield { labels, value: delay.messageCount }
        }
      },
    },
  ]
}

/**
 * Connections are told apart by their addresses, as RabbitMQ's management names them. Those of HTTP are none to
 * RabbitMQ, and on the local socket they have no addresses.
 */
function* eachClient(
  clients: ObjectsShown['clients'],
): Generator<readonly [labels: string, client: Client]> {
  for (const client of clients) {
    if (client.protocol === 'HTTP') continue
    const { peer, local } = client.transport
    const connection = `${peer.host}:${peer.port} -> ${local.host}:${local.port}`
    yield [labelsOf({ connection, protocol: rabbitProtocols[client.protocol] }), client]
  }
}

function connectionBytes({ clients, prefix }: ObjectsShown): Family[] {
  const family = (name: string, help: string, valueOf: (client: Client) => number): Family => ({
    name: `${prefix}connection_${name}_bytes_total`,
    type: 'counter',
    help,
    *samples(): Generator<Sample> {
      for (const [labels, client] of eachClient(clients)) yield { labels, value: valueOf(client) }
    },
  })
  return [
    family(
      'incoming',
      'Total number of bytes received on a connection',
      ({ receivedSize }) => receivedSize,
    ),
    family('outgoing', 'Total number of bytes sent on a connection', ({ sentSize }) => sentSize),
  ]
}

function connectionChannels({ clients, prefix }: ObjectsShown): Family[] {
  return [
    {
      name: `${prefix}connection_channels`,
      type: 'gauge',
      help: 'Channels on a connection',
      *samples() {
        for (const [labels, { channelCount }] of eachClient(clients)) {
          yield { labels, value: channelCount }
        }
      },
    },
  ]
}

function vhostStatus({ vhosts }: ObjectsShown): Family[] {
  return [
    {
      name: 'rabbitmq_cluster_vhost_status',
      type: 'gauge',
      help: 'Whether a given vhost is running',
      *samples() {
        for (const { name } of vhosts) yield { labels: labelsOf({ vhost: name }), value: 1 }
      },
    },
  ]
}

/** As in RabbitMQ not the default exchange, and none that only others publish to. */
function exchangesOf(
  vhosts: ObjectsShown['vhosts'],
  named: Pick<Family, 'help' | 'name'>,
  valueOf: (exchange: AnyExchange) => number,
): Family {
  return {
    ...named,
    type: 'gauge',
    *samples() {
      for (const [labels, exchange] of eachExchange(vhosts)) {
        if (exchange.name === '' || exchange.isInternal) continue
        const type = escapeLabel(exchange.type)
        yield { labels: `${labels},type="${type}"`, value: valueOf(exchange) }
      }
    },
  }
}

function exchangeBindings({ vhosts }: ObjectsShown): Family[] {
  const named = {
    name: 'rabbitmq_cluster_exchange_bindings',
    help: 'Number of bindings for an exchange',
  }
  return [exchangesOf(vhosts, named, ({ bindingCount }) => bindingCount)]
}

function exchangeNames({ vhosts }: ObjectsShown): Family[] {
  const named = {
    name: 'rabbitmq_cluster_exchange_name',
    help: 'Enumerates exchanges without any additional info',
  }
  return [exchangesOf(vhosts, named, () => 1)]
}
