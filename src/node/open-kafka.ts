// Kafka's protocol on a node, with the addresses that clients are told.
import { defaultVHost } from '../broker/broker.ts'
import type { Cell } from '../cell/cell.ts'
import type { Directory } from '../cluster/directory.ts'
import type { Address } from '../lib/listen.ts'
import { unmapped } from '../lib/loopback.ts'
import { Slices } from '../lib/slices.ts'
import { kafkaLimits } from '../limits/kafka.ts'
import { type Incoming, takingOver } from '../server/byte-source.ts'
import { AdvertisedWatch } from '../server/kafka/advertised-watch.ts'
import { FetchSessions } from '../server/kafka/fetch-sessions.ts'
import type { KafkaListener, OtherBroker } from '../server/kafka/kafka-context.ts'
import { KafkaServer } from '../server/kafka/kafka-server.ts'
import { loadUsualApis } from '../server/kafka/load-api.ts'
import { LoginWatch } from '../server/kafka/login-watch.ts'
import type { PassedKafka } from '../server/kafka/passed-kafka.ts'
import { ShareSessions } from '../server/kafka/share-sessions.ts'
import { resolveHost } from '../server/resolve-host.ts'
import { parseAdvertised } from './advertised-address.ts'
import type { ProtocolParts, ProtocolServer } from './protocol-server.ts'

/** What Kafka's port needs of a node. */
export interface KafkaParts extends Pick<
  ProtocolParts,
  | 'users'
  | 'clients'
  | 'memory'
  | 'inputBudget'
  | 'batchWorker'
  | 'options'
  | 'logger'
  | 'addresses'
  | 'gate'
> {
  readonly cell: Pick<
    Cell,
    | 'broker'
    | 'crossing'
    | 'groups'
    | 'setAside'
    | 'shareGroups'
    | 'producerIds'
    | 'transactions'
    | 'restoredEnds'
    | 'clusterId'
  >
}

/** What a listener has for a host that listens on all addresses of the machine. */
const allAddresses: ReadonlySet<string> = new Set(['0.0.0.0', '::'])

/** What takes over connections of Kafka, by itself or from other nodes. */
export interface OpenedKafka extends ProtocolServer {
  adopt(incoming: Incoming, passed: PassedKafka): void
}

/** In a cluster `directory` has the other brokers. Throws `ExitError` for an advertised address that is none. */
export function openKafka(parts: KafkaParts, directory?: Directory): OpenedKafka {
  const isClosing = new AbortController()
  const listeners = directory ? listenersIn(directory, parts) : listenersOf(parts)
  const openListeners = (): KafkaListener[] =>
    Object.entries(listeners).flatMap(([name, each]) => (parts.addresses[name] ? [each] : []))
  const server = createServer(parts, { openListeners, directory })
  return {
    acceptorOf: ({ isTls }) => {
      const accept = takingOver(server.acceptOn(listeners[isTls ? 'kafka-tls' : 'kafka']))
      return (accepted) => server.admit(accepted, () => accept(accepted))
    },
    adopt: (incoming, passed) => {
      server.adopt(incoming, listeners[passed.isSecure ? 'kafka-tls' : 'kafka'], passed)
    },
    endClients: () => server.endClients(),
    prepare: () => loadUsualApis(parts.cell.broker.clock, isClosing.signal),
    async [Symbol.asyncDispose]() {
      isClosing.abort()
      await server.close()
    },
  }
}

interface KafkaPlace {
  readonly openListeners: () => readonly KafkaListener[]
  readonly directory: Directory | undefined
}

function createServer(parts: KafkaParts, { openListeners, directory }: KafkaPlace): KafkaServer {
  const { cell, options, logger } = parts
  const { broker } = cell
  return new KafkaServer({
    broker,
    topics: broker.topicsOf(broker.getVHost(defaultVHost)),
    groups: cell.groups,
    setAside: cell.setAside,
    shareGroups: cell.shareGroups,
    producerIds: cell.producerIds,
    transactions: cell.transactions,
    restoredEnds: cell.restoredEnds,
    shareSessions: new ShareSessions(cell.shareGroups),
    fetchSessions: new FetchSessions(broker, parts.memory.watermark),
    crossing: cell.crossing,
    batchWorker: parts.batchWorker,
    advertisedWatch: new AdvertisedWatch({ logger, resolveHost }),
    loginWatch: new LoginWatch(broker.clock, {
      loginMsMax: kafkaLimits.kafkaLoginMsMax,
      strangersMax: kafkaLimits.kafkaStrangersMax,
    }),
    users: parts.users,
    memory: parts.memory,
    clients: parts.clients,
    inputBudget: parts.inputBudget,
    clock: broker.clock,
    gate: parts.gate,
    logger: logger.child({ area: 'kafka' }),
    slices: new Slices(broker.clock, kafkaLimits.kafkaSliceMs),
    settings: {
      listeners: openListeners,
      requestSizeMax: kafkaLimits.kafkaRequestSizeMax,
      clusterId: directory?.clusterId ?? cell.clusterId,
      nodeId: directory?.self.node ?? options.kafkaNodeId,
      otherBrokers: () => (directory === undefined ? [] : otherBrokersOf(directory)),
      isAutoCreating: options.kafkaAutoCreateTopicsEnable,
      partitionCount: options.kafkaNumPartitions,
      groups: cell.groups.config,
      certificateName: options.tlsClientName,
      sessionMsMax: options.kafkaConnectionsMaxReauthMs,
    },
  })
}

/** Those that clients may come to as well; all of them lead here. */
function otherBrokersOf({ nodes }: Directory): OtherBroker[] {
  return nodes.flatMap(({ node: nodeId, isSelf, isAlive, addresses: { kafka, kafkaTls } }) =>
    isSelf || !isAlive || (kafka ?? kafkaTls) === undefined
      ? []
      : [{ nodeId, plain: kafka, secure: kafkaTls }],
  )
}

type KafkaService = 'kafka' | 'kafka-tls'

/** Clients are told what the other nodes tell theirs, whichever way they came. */
function listenersIn(directory: Directory, parts: KafkaParts): Record<KafkaService, KafkaListener> {
  const { kafka, 'kafka-tls': secure } = listenersOf(parts)
  return {
    kafka: {
      ...kafka,
      advertised: (host) => directory.self.addresses.kafka ?? kafka.advertised(host),
    },
    'kafka-tls': {
      ...secure,
      advertised: (host) => directory.self.addresses.kafkaTls ?? secure.advertised(host),
    },
  }
}

function listenersOf({ options, addresses }: KafkaParts): Record<KafkaService, KafkaListener> {
  const plain = parseAdvertised(options.kafkaAdvertised, 'kafka-advertised')
  const secure = parseAdvertised(options.kafkaTlsAdvertised, 'kafka-tls-advertised')
  const hasLogin = options.user !== undefined
  return {
    kafka: {
      name: hasLogin ? 'SASL_PLAINTEXT' : 'PLAINTEXT',
      advertised: (reachedHost) => plain ?? reachableAt(addresses['kafka'] as Address, reachedHost),
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

/** A client that came to one of several addresses finds the broker there again. */
function reachableAt({ host, port, alsoHosts }: Address, reachedHost = host): Address {
  const isOneOfSeveral = allAddresses.has(host) || alsoHosts !== undefined
  return { host: isOneOfSeveral ? unmapped(reachedHost) : host, port }
}
