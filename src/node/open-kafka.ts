// Puts the Kafka side of a broker together: groups, producer ids and sessions from what the log
// kept, and the address that clients are told.
import type { Users } from '../auth/users.ts'
import { type Broker, defaultVHost } from '../broker/broker.ts'
import { GroupCoordinator } from '../broker/group/group-coordinator.ts'
import { groupRowsOf, LogGroupStore } from '../broker/group/log-group-store.ts'
import { ProducerIds } from '../broker/topic/producer-ids.ts'
import { decodeSubscription } from '../codec/kafka/consumer-protocol.ts'
import { exitCodes } from '../lib/exit-codes.ts'
import { ExitError } from '../lib/exit-error.ts'
import type { Address } from '../lib/listen.ts'
import type { Logger } from '../lib/logger.ts'
import { unmapped } from '../lib/loopback.ts'
import { Slices } from '../lib/slices.ts'
import { kafkaLimits } from '../limits/kafka.ts'
import type { BatchWorker } from '../server/crossing/batch-worker.ts'
import type { Crossing } from '../server/crossing/crossing.ts'
import { AdvertisedWatch } from '../server/kafka/advertised-watch.ts'
import { FetchSessions } from '../server/kafka/fetch-sessions.ts'
import type { KafkaListener } from '../server/kafka/kafka-context.ts'
import { KafkaServer } from '../server/kafka/kafka-server.ts'
import type { BrokerOptions } from '../settings/settings.ts'

export interface KafkaOptions {
  readonly broker: Broker
  readonly users: Users
  readonly crossing: Crossing
  readonly batchWorker: BatchWorker
  readonly options: BrokerOptions
  readonly logger: Logger
  /** The log's keyed state at the start. */
  readonly state: ReadonlyMap<string, Buffer>
  /** Where the listeners are that are open by now. */
  readonly addresses: Readonly<Partial<Record<KafkaService, Address>>>
}

/** The listeners of Kafka's protocol, as their settings name them. */
export type KafkaService = (typeof kafkaServices)[number]

const kafkaServices = ['kafka', 'kafka-tls'] as const

/** The parts that live as long as the broker. */
export interface OpenedKafka {
  readonly server: KafkaServer
  readonly listeners: Readonly<Record<KafkaService, KafkaListener>>
  readonly groups: GroupCoordinator
}

const clusterIdKey = 'cluster-id'
const clusterIdBytes = 16
/** What a listener has for a host that listens on all addresses of the machine. */
const allAddresses: ReadonlySet<string> = new Set(['0.0.0.0', '::'])

/** Throws `ExitError` for an advertised address that is none. */
export function openKafka(parts: KafkaOptions): OpenedKafka {
  const { broker, options, state } = parts
  const vhost = broker.getVHost(defaultVHost)
  const topics = broker.topicsOf(vhost)
  const groups = new GroupCoordinator({
    clock: broker.clock,
    random: broker.random,
    store: new LogGroupStore(broker.store),
    readSubscription,
    hasPartition: (topic, partition) => topics.find(topic)?.partitions[partition] !== undefined,
  })
  groups.restore(groupRowsOf(state))
  groups.start()
  // Whoever deletes a topic, through whatever protocol: its offsets go first.
  broker.deletionListeners.push((queue) => {
    if (queue.vhost === vhost.name) groups.deleteTopic(queue.name)
  })
  const listeners = listenersOf(parts)
  const server = new KafkaServer({
    broker,
    vhost,
    topics,
    groups,
    producerIds: new ProducerIds(broker.store, state),
    fetchSessions: new FetchSessions(broker.random),
    crossing: parts.crossing,
    batchWorker: parts.batchWorker,
    advertisedWatch: new AdvertisedWatch(parts.logger),
    users: parts.users,
    clock: broker.clock,
    random: broker.random,
    logger: parts.logger,
    slices: new Slices(broker.clock, kafkaLimits.kafkaSliceMs),
    settings: {
      listeners: () =>
        kafkaServices.filter((service) => parts.addresses[service]).map((each) => listeners[each]),
      requestSizeMax: kafkaLimits.kafkaRequestSizeMax,
      needsLogin: options.user !== undefined,
      clusterId: clusterIdOf(broker, state),
      isAutoCreating: true,
    },
  })
  return { server, listeners, groups }
}

function listenersOf({ options, addresses }: KafkaOptions): OpenedKafka['listeners'] {
  const plain = parseAdvertised(options.kafkaAdvertised, 'kafka-advertised')
  const secure = parseAdvertised(options.kafkaTlsAdvertised, 'kafka-tls-advertised')
  const hasLogin = options.user !== undefined
  return {
    kafka: {
      name: hasLogin ? 'SASL_PLAINTEXT' : 'PLAINTEXT',
      advertised: (reachedHost) => plain ?? reachableAt(addresses.kafka as Address, reachedHost),
      setting: 'kafka-advertised',
    },
    'kafka-tls': {
      name: hasLogin ? 'SASL_SSL' : 'SSL',
      advertised: (reachedHost) =>
        secure ?? {
          ...reachableAt(addresses['kafka-tls'] as Address, reachedHost),
          ...(plain && { host: plain.host }),
        },
      setting: 'kafka-tls-advertised',
    },
  }
}

/** A client that came to one of this machine's addresses finds the broker there again. */
function reachableAt({ host, port }: Address, reachedHost = host): Address {
  return { host: allAddresses.has(host) ? unmapped(reachedHost) : host, port }
}

function readSubscription(metadata: Buffer): readonly string[] | undefined {
  try {
    return decodeSubscription(metadata).topics
  } catch {
    // Kafka Streams and others have formats of their own.
    return undefined
  }
}

/** The id is made once and kept. */
function clusterIdOf(broker: Broker, state: ReadonlyMap<string, Buffer>): string {
  const stored = state.get(clusterIdKey)
  if (stored !== undefined) return stored.toString()
  const clusterId = broker.random.bytes(clusterIdBytes).toString('base64url')
  broker.store.beginAtom()
  broker.store.putState(clusterIdKey, Buffer.from(clusterId))
  broker.store.endAtom()
  return clusterId
}

function parseAdvertised(text: string | undefined, setting: string): Address | undefined {
  if (text === undefined) return undefined
  const parts = /^\[?(.+?)\]?:(\d{1,5})$/.exec(text)
  const port = Number(parts?.[2])
  if (!parts?.[1] || port < 1 || port > 65_535) {
    throw new ExitError(
      exitCodes.config,
      `${setting}: '${text}' is no address: write HOST:PORT, such as broker.example.com:9092`,
    )
  }
  return { host: parts[1], port }
}
