// Kafka's protocol on a node, with the addresses that clients are told.
import { defaultVHost } from '../broker/broker.ts'
import type { ShareGroups } from '../broker/share/share-groups.ts'
import type { Cell } from '../cell/cell.ts'
import type { Directory, KnownNode } from '../cluster/directory.ts'
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
import type { KafkaSpread } from './spread/kafka-spread.ts'
import { lateNodes } from './spread/late-nodes.ts'

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
    | 'branch'
    | 'restoredEnds'
    | 'clusterId'
  >
}

/** What a listener has for a host that listens on all addresses of the machine. */
const allAddresses: ReadonlySet<string> = new Set(['0.0.0.0', '::'])

/** What takes over connections of Kafka, by itself or from other nodes. */
export interface OpenedKafka extends ProtocolServer {
  adopt(incoming: Incoming, passed: PassedKafka): void
  /** Ends all connections, which come back at once. */
  sendAway(): void
  /** Whether clients have come to this node that end with it. */
  readonly hasClients: boolean
}

/** In a cluster `spread` has the other brokers. Throws `ExitError` for an advertised address that is none. */
export function openKafka(parts: KafkaParts, spread?: KafkaSpread): OpenedKafka {
  const directory = spread?.directory
  const isClosing = new AbortController()
  const listeners = directory ? listenersIn(directory, parts) : listenersOf(parts)
  const openListeners = (): KafkaListener[] =>
    Object.entries(listeners).flatMap(([name, each]) => (parts.addresses[name] ? [each] : []))
  const server = createServer(parts, { openListeners, spread })
  return {
    acceptorOf: ({ isTls }) => {
      const accept = takingOver(server.acceptOn(listeners[isTls ? 'kafka-tls' : 'kafka']))
      return (accepted) => server.admit(accepted, () => accept(accepted))
    },
    adopt: (incoming, passed) => {
      server.adopt(incoming, listeners[passed.isSecure ? 'kafka-tls' : 'kafka'], passed)
    },
    endClients: () => server.endClients(),
    sendAway: () => server.sendAway(),
    get hasClients() {
      return server.hasClients
    },
    prepare: () => loadUsualApis(parts.cell.broker.clock, isClosing.signal),
    async [Symbol.asyncDispose]() {
      isClosing.abort()
      await server.close()
    },
  }
}

interface KafkaPlace {
  readonly openListeners: () => readonly KafkaListener[]
  readonly spread: KafkaSpread | undefined
}

function createServer(parts: KafkaParts, { openListeners, spread }: KafkaPlace): KafkaServer {
  const { cell, options, logger } = parts
  const { broker } = cell
  const directory = spread?.directory
  return new KafkaServer({
    broker,
    ...(spread && { led: spread.led, home: spread.home, whenFollowed: spread.whenFollowed }),
    topics: broker.topicsOf(broker.getVHost(defaultVHost)),
    groups: cell.groups,
    setAside: cell.setAside,
    shareGroups: cell.shareGroups,
    producerIds: cell.producerIds,
    transactions: cell.transactions,
    branch: cell.branch,
    restoredEnds: cell.restoredEnds,
    shareSessions: new ShareSessions(() => shareGroupsIn(cell, spread)),
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
      otherBrokers: () => brokersOf(directory?.nodes.filter(({ isAlive }) => isAlive)),
      lateBrokers: () => brokersOf(directory && lateNodes(directory, broker.clock)),
      ownerOf: spread?.ownerOf ?? (() => undefined),
      spread: spread?.spread ?? (() => 0),
      isAutoCreating: options.kafkaAutoCreateTopicsEnable,
      partitionCount: options.kafkaNumPartitions,
      groups: cell.groups.config,
      certificateName: options.tlsClientName,
      sessionMsMax: options.kafkaConnectionsMaxReauthMs,
    },
  })
}

function shareGroupsIn(cell: KafkaParts['cell'], spread: KafkaSpread | undefined): ShareGroups[] {
  if (spread === undefined) return [cell.shareGroups]
  return Array.from(spread.led.cells(), ({ shareGroups }) => shareGroups)
}

/** Those that clients may come to as well; all of them lead here. */
function brokersOf(nodes: readonly KnownNode[] = []): OtherBroker[] {
  return nodes.flatMap(({ node: nodeId, isSelf, addresses: { kafka, kafkaTls } }) =>
    isSelf || (kafka ?? kafkaTls) === undefined ? [] : [{ nodeId, plain: kafka, secure: kafkaTls }],
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
