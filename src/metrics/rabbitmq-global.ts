// RabbitMQ's global counters: messages by protocol, and by type of queue. Its stream protocol is not spoken here:
// the families that its stream dashboard asks for are there, and zero.
import { messageProtocols } from '../auth/principal.ts'
import {
  type DeathStrategy,
  deathStrategies,
  queueTypes,
} from '../broker/counters/broker-counters.ts'
import type { ClientCounters } from '../broker/counters/client-counters.ts'
import type { ConsumedCounts } from '../broker/counters/consumed-counts.ts'
import type { QueueCounters } from '../broker/counters/queue-counters.ts'
import type { DeathReason } from '../record/message/encode-death.ts'
import { type Family, histogram, type Sample } from './family.ts'
import { labelsOf } from './labels.ts'
import type { MetricsSource } from './metrics-source.ts'
import {
  qos0QueueType,
  rabbitMqttVersions,
  rabbitProtocols,
  rabbitQueueTypes,
  volatileQueueType,
} from './rabbitmq-names.ts'
import type { ClientSums, Snapshot } from './snapshot.ts'

type MessageProtocol = (typeof messageProtocols)[number]

const streamLabels = labelsOf({ protocol: 'stream' })

export function globalFamilies(source: MetricsSource, snapshot: Snapshot): Family[] {
  return [
    ...receivedFamilies(snapshot),
    clientGauge(
      'publishers',
      'Current number of publishers',
      snapshot,
      ({ sums }) => sums.publishers,
    ),
    clientGauge('consumers', 'Current number of consumers', snapshot, (speakers) =>
      countConsumers(speakers, source, snapshot),
    ),
    ...deliveredFamilies(source, snapshot),
    ...deathFamilies(source),
    histogram('rabbitmq_message_size_bytes', 'Size of messages received from publishers', {
      of: source.broker.counters.messageSizes,
      labels: { protocol: rabbitProtocols['AMQP 0-9-1'] },
    }),
    ...streamErrors.map((error) => streamErrorFamily(error)),
  ]
}

type CountOf<C> = (counters: C) => number

/** The clients that one label is for. */
interface Speakers {
  readonly label: string
  readonly protocol: MessageProtocol
  readonly sums: ClientSums
}

/** RabbitMQ tells versions of MQTT apart. */
function* speakersOf({ clientSums, mqttSums }: Snapshot): Generator<Speakers> {
  for (const protocol of messageProtocols) {
    if (protocol !== 'MQTT') {
      yield { label: rabbitProtocols[protocol], protocol, sums: clientSums[protocol] }
      continue
    }
    for (const [version, label] of Object.entries(rabbitMqttVersions)) {
      yield { label, protocol, sums: mqttSums[version] as ClientSums }
    }
  }
}

function receivedFamilies(snapshot: Snapshot): Family[] {
  const family = (name: string, help: string, countOf: CountOf<ClientCounters>): Family => ({
    name: `rabbitmq_global_messages_${name}_total`,
    type: 'counter',
    help,
    *samples() {
      for (const { label: protocol, sums } of speakersOf(snapshot)) {
        yield { labels: labelsOf({ protocol }), value: countOf(sums.counters) }
      }
      yield { labels: streamLabels, value: 0 }
    },
  })
  return [
    family('received', 'Total number of messages received from publishers', (of) => of.published),
    family(
      'received_confirm',
      'Total number of messages received from publishers expecting confirmations',
      (of) => of.confirmable,
    ),
    family('routed', 'Total number of messages routed to queues or streams', (of) => of.routed),
    family(
      'unroutable_dropped',
      'Total number of messages published as non-mandatory into an exchange and dropped as unroutable',
      (of) => of.dropped,
    ),
    family(
      'unroutable_returned',
      'Total number of messages published as mandatory into an exchange and returned to the publisher as unroutable',
      (of) => of.returned,
    ),
    family('confirmed', 'Total number of messages confirmed to publishers', (of) => of.confirmed),
  ]
}

function clientGauge(
  name: string,
  help: string,
  snapshot: Snapshot,
  valueOf: (speakers: Speakers) => number,
): Family {
  return {
    name: `rabbitmq_global_${name}`,
    type: 'gauge',
    help,
    *samples() {
      for (const speakers of speakersOf(snapshot)) {
        yield { labels: labelsOf({ protocol: speakers.label }), value: valueOf(speakers) }
      }
      yield { labels: streamLabels, value: 0 }
    },
  }
}

/** Queues have consumers of all protocols, and those of MQTT and STOMP are counted where they are. */
function countConsumers(
  { protocol, sums }: Speakers,
  source: MetricsSource,
  { clientSums, queueSums }: Snapshot,
): number {
  if (protocol === 'Kafka') return countMembers(source)
  const { MQTT, STOMP } = clientSums
  if (protocol !== 'AMQP 0-9-1') return sums.consumers
  const all = Object.values(queueSums).reduce((sum, each) => sum + each.consumers, 0)
  return Math.max(0, all - MQTT.consumers - STOMP.consumers)
}

/** A member of a group is Kafka's consumer. */
function countMembers({ groups }: MetricsSource): number {
  let count = 0
  for (const { groupId } of groups.list({ states: [], types: [] })) {
    count += groups.describe(groupId)?.members.length ?? 0
  }
  return count
}

const allDelivered: CountOf<QueueCounters> = (of) =>
  of.delivered + of.deliveredNoAck + of.got + of.gotNoAck

function deliveredFamilies(source: MetricsSource, snapshot: Snapshot): Family[] {
  const { answered } = snapshot.clientSums['AMQP 0-9-1'].counters
  const family = (name: string, help: string, counts: DeliveryCounts): Family => ({
    name: `rabbitmq_global_messages_${name}_total`,
    type: 'counter',
    help,
    samples: () => deliverySamples(snapshot, source, counts),
  })
  return [
    family('delivered', 'Total number of messages delivered to consumers', {
      countOf: allDelivered,
      ofOthers: {
        counted: (of) => of.deliveredToOthers + of.deliveredNoAckToOthers,
        countOf: (of) => of.delivered + of.deliveredNoAck,
      },
      ofReplies: answered,
      ofKafka: (of) => of.fetched,
      isOfQos0: true,
    }),
    family(
      'delivered_consume_manual_ack',
      'Total number of messages delivered to consumers using basic.consume with manual acknowledgment',
      {
        countOf: (of) => of.delivered,
        ofOthers: { counted: (of) => of.deliveredToOthers, countOf: (of) => of.delivered },
      },
    ),
    family(
      'delivered_consume_auto_ack',
      'Total number of messages delivered to consumers using basic.consume with automatic acknowledgment',
      {
        countOf: (of) => of.deliveredNoAck,
        ofOthers: {
          counted: (of) => of.deliveredNoAckToOthers,
          countOf: (of) => of.deliveredNoAck,
        },
        ofReplies: answered,
        isOfQos0: true,
      },
    ),
    family(
      'delivered_get_manual_ack',
      'Total number of messages delivered to consumers using basic.get with manual acknowledgment',
      { countOf: (of) => of.got },
    ),
    family(
      'delivered_get_auto_ack',
      'Total number of messages delivered to consumers using basic.get with automatic acknowledgment',
      { countOf: (of) => of.gotNoAck },
    ),
    family('get_empty', 'Total number of times basic.get operations fetched no message', {
      countOf: (of) => of.gotEmpty,
    }),
    family('redelivered', 'Total number of messages redelivered to consumers', {
      countOf: (of) => of.redelivered,
      ofOthers: { counted: (of) => of.redeliveredToOthers, countOf: (of) => of.redelivered },
    }),
    family('acknowledged', 'Total number of messages acknowledged by consumers', {
      countOf: (of) => of.acked,
      ofOthers: { counted: (of) => of.ackedByOthers, countOf: (of) => of.acked },
    }),
  ]
}

function* deliverySamples(
  { queueSums, mqttSums }: Snapshot,
  { broker }: MetricsSource,
  { countOf, ofOthers, ofReplies = 0, ofKafka, isOfQos0 = false }: DeliveryCounts,
): Generator<Sample> {
  const labels = (protocol: string, type: string): string =>
    labelsOf({ protocol, queue_type: type })
  for (const type of queueTypes) {
    const rabbitType = rabbitQueueTypes[type]
    const { counters } = queueSums[type]
    const value = countOf(counters) - (ofOthers?.counted(counters) ?? 0)
    yield { labels: labels(rabbitProtocols['AMQP 0-9-1'], rabbitType), value }
    if (ofKafka === undefined) continue
    yield { labels: labels(rabbitProtocols.Kafka, rabbitType), value: ofKafka(counters) }
  }
  if (ofOthers !== undefined) {
    for (const [spoken, protocol] of otherSpeakers) {
      for (const type of queueTypes) {
        const value = ofOthers.countOf(broker.counters.consumedBy(spoken, type))
        yield { labels: labels(protocol, rabbitQueueTypes[type]), value }
      }
    }
  }
  yield { labels: labels(rabbitProtocols['AMQP 0-9-1'], volatileQueueType), value: ofReplies }
  for (const [version, protocol] of isOfQos0 ? Object.entries(rabbitMqttVersions) : []) {
    const value = mqttSums[version]?.counters.deliveredNoAck ?? 0
    yield { labels: labels(protocol, qos0QueueType), value }
  }
  yield { labels: labels('stream', rabbitQueueTypes.stream), value: 0 }
}

/** What lists say that they speak, and RabbitMQ's label. */
const otherSpeakers: readonly (readonly [spoken: string, protocol: string])[] = [
  ...Object.entries(rabbitMqttVersions),
  ['STOMP', rabbitProtocols.STOMP],
]

interface DeliveryCounts {
  /** Of the queues of a type. Kafka's clients count apart. */
  readonly countOf: CountOf<QueueCounters>
  /** What of that was by clients of MQTT and STOMP; left out where they have no such thing. */
  readonly ofOthers?: {
    readonly counted: CountOf<QueueCounters>
    readonly countOf: CountOf<ConsumedCounts>
  }
  /** Of answers to requests. */
  readonly ofReplies?: number
  /** By Kafka clients; left out where they have no such thing. */
  readonly ofKafka?: CountOf<QueueCounters>
  /** Messages of QoS 0, which go past queues to clients of MQTT, are among them. */
  readonly isOfQos0?: boolean
}

const deathReasons: Readonly<Record<DeathReason, string>> = {
  maxlen: 'due to overflow drop-head or reject-publish-dlx',
  expired: 'due to message TTL exceeded',
  rejected: 'due to basic.reject or basic.nack',
  delivery_limit: 'due to delivery-limit exceeded',
}

function deathFamilies({ broker, mqtt }: MetricsSource): Family[] {
  const { deaths } = broker.counters
  const samples = function* (
    countOf: CountOf<Record<DeathReason, number>>,
    strategies: readonly DeathStrategy[],
  ): Generator<Sample> {
    for (const type of ['classic', 'quorum'] as const) {
      for (const strategy of strategies) {
        const labels = labelsOf({
          queue_type: rabbitQueueTypes[type],
          dead_letter_strategy: strategy,
        })
        yield { labels, value: countOf(deaths[type][strategy]) }
      }
    }
  }
  const families = Object.entries(deathReasons).map(([reason, text]): Family => ({
    name: `rabbitmq_global_messages_dead_lettered_${reason}_total`,
    type: 'counter',
    help: `Total number of messages dead-lettered ${text}`,
    *samples() {
      yield* samples((of) => of[reason as DeathReason], deathStrategies)
      if (reason !== 'maxlen') return
      // As RabbitMQ counts what a connection of MQTT has no room for.
      const labels = labelsOf({ queue_type: qos0QueueType, dead_letter_strategy: 'disabled' })
      yield { labels, value: mqtt.sessions?.counters.droppedQos0 ?? 0 }
    },
  }))
  const sum: CountOf<Record<DeathReason, number>> = (of) =>
    Object.values(of).reduce((total, count) => total + count, 0)
  return [
    ...families,
    {
      name: 'rabbitmq_global_messages_dead_lettered_confirmed_total',
      type: 'counter',
      help: 'Total number of messages dead-lettered and confirmed by target queues',
      samples: () => samples(sum, ['at_least_once']),
    },
  ]
}

/** Of RabbitMQ's stream protocol. */
const streamErrors = [
  'access_refused',
  'authentication_failure',
  'frame_too_large',
  'internal_error',
  'precondition_failed',
  'publisher_does_not_exist',
  'sasl_authentication_failure_loopback',
  'sasl_challenge',
  'sasl_error',
  'sasl_mechanism_not_supported',
  'stream_already_exists',
  'stream_does_not_exist',
  'stream_not_available',
  'subscription_id_already_exists',
  'subscription_id_does_not_exist',
  'unknown_frame',
  'vhost_access_failure',
] as const

function streamErrorFamily(error: (typeof streamErrors)[number]): Family {
  return {
    name: `rabbitmq_global_stream_error_${error}_total`,
    type: 'counter',
    help: `Total number of ${error} errors of the stream protocol, which is not spoken here`,
    samples: () => [{ labels: streamLabels, value: 0 }],
  }
}
