// Every setting of the broker, in one table: name, kind of value, default and description. Flags,
// environment variables, pabal.yaml, --help and docs/configuration.md all come from it.
import { groupLimits } from '../limits/group.ts'
import { logLimits } from '../limits/log.ts'
import { programLimits } from '../limits/program.ts'
import { topicLimits } from '../limits/topic.ts'
import { type ClusterSettings, clusterSettings } from './cluster-settings.ts'
import { type ConsumerGroupSettings, consumerGroupSettings } from './consumer-group-settings.ts'
import { type MqttSettings, mqttSettings } from './mqtt-settings.ts'
import {
  assignments,
  flag,
  httpUrl,
  httpUrlOrFile,
  list,
  listOf,
  oneOf,
  port,
  shareOrSize,
  size,
  text,
  wholeNumber,
} from './setting-kinds.ts'
import type { Port } from './setting-kinds.ts'
import type { SettingRow } from './setting-row.ts'
import { type StompSettings, stompSettings } from './stomp-settings.ts'
import { type WebSocketSettings, webSocketSettings } from './web-socket-settings.ts'

/** What a person can set. A setting `amqpPort` is `--amqp-port`, `PABAL_AMQP_PORT`, `amqp-port:`. */
export interface Settings
  extends ClusterSettings, ConsumerGroupSettings, MqttSettings, StompSettings, WebSocketSettings {
  readonly data: string
  readonly host: string
  readonly proxyProtocol: readonly string[] | undefined
  readonly amqpPort: Port
  readonly httpPort: Port
  readonly kafkaPort: Port
  readonly metricsPort: Port
  readonly kafkaAdvertised: string | undefined
  readonly kafkaNodeId: number
  readonly kafkaNumPartitions: number
  readonly kafkaAutoCreateTopicsEnable: boolean
  readonly kafkaConnectionsMaxReauthMs: number
  readonly kafkaGroupInitialRebalanceDelayMs: number
  readonly kafkaGroupMinSessionTimeoutMs: number
  readonly kafkaGroupMaxSessionTimeoutMs: number
  readonly kafkaGroupMaxSize: number
  readonly tlsCert: string | undefined
  readonly tlsKey: string | undefined
  readonly tlsClientCa: string | undefined
  readonly tlsClientName: 'distinguished-name' | 'common-name'
  readonly amqpTlsPort: Port
  readonly kafkaTlsPort: Port
  readonly httpTlsPort: Port
  readonly kafkaTlsAdvertised: string | undefined
  readonly durability: 'fsync' | 'os'
  readonly profile: 'latency' | 'throughput'
  readonly user: string | undefined
  readonly passwordFile: string | undefined
  readonly loopbackUsers: readonly string[]
  readonly oauthIssuer: string | undefined
  readonly oauthJwks: string | undefined
  readonly oauthResourceServerId: string
  readonly oauthScopePrefix: string | undefined
  readonly oauthAdditionalScopesKey: readonly string[]
  readonly oauthScopeAliases: readonly string[]
  readonly oauthPreferredUsernameClaims: readonly string[]
  readonly vhosts: readonly string[]
  readonly definitions: string | undefined
  readonly maxMessageSize: number
  readonly heartbeat: number
  readonly frameMax: number
  readonly channelMax: number
  readonly amqpStrict: boolean
  readonly connectionMaxPublishRate: number | undefined
  readonly connectionMaxPublishBytesRate: number | undefined
  readonly diskFreeLimit: number
  readonly memoryWatermark: number
  readonly productName: string
  readonly productVersion: string
  readonly shutdownDelay: number
  readonly readyFile: string | undefined
  readonly logLevel: LogLevel
  readonly logFormat: LogFormat
  readonly parentPid: number | undefined
}

/** What a broker is started with. */
export interface BrokerOptions extends Settings {
  /** Password of `user`; the program reads it from `passwordFile`, never from a flag or variable. */
  readonly password: string | undefined
}

/** Least important message that is logged. */
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent'

/** `auto` is `human` on a terminal and `json` otherwise. */
export type LogFormat = 'auto' | 'human' | 'json'

const int32Max = 2 ** 31 - 1

/** The settings, in the order in which people read about them. */
export const settings: { readonly [Key in keyof Settings]: SettingRow<Settings[Key]> } = {
  data: {
    kind: text(),
    default: './data',
    placeholder: 'FOLDER',
    description: 'Folder of everything the broker keeps; created when missing',
  },
  host: {
    kind: text(),
    default: 'localhost',
    placeholder: 'ADDRESS',
    description:
      'Address to listen on; localhost is 127.0.0.1 and ::1, and beyond loopback a --user is needed',
  },
  proxyProtocol: {
    kind: listOf(['amqp', 'kafka', 'mqtt', 'stomp']),
    default: undefined,
    placeholder: 'PROTOCOLS',
    description:
      "Protocols whose clients come through a proxy that says who they are (PROXY protocol 1 or 2), at all of their ports: amqp, kafka, mqtt, stomp, separated as vhosts (RabbitMQ's proxy_protocol and the like). Whoever connects without is refused; see docs/proxies.md",
  },
  amqpPort: {
    kind: port(),
    default: 5672,
    placeholder: 'PORT',
    description: 'Port of AMQP 0-9-1; 0 picks a free one, off disables it',
  },
  httpPort: {
    kind: port(),
    default: 15_672,
    placeholder: 'PORT',
    description: 'Port of the web pages, the HTTP API and the health checks; 0 or off as above',
  },
  kafkaPort: {
    kind: port(),
    default: 9092,
    placeholder: 'PORT',
    description: 'Port of the Kafka protocol; 0 or off as above',
  },
  metricsPort: {
    kind: port(),
    default: 15_692,
    placeholder: 'PORT',
    mayBeTaken: true,
    description:
      'Port of metrics for Prometheus, without a login; 0 or off as above; see docs/metrics.md',
  },
  ...clusterSettings,
  kafkaAdvertised: {
    kind: text(),
    default: undefined,
    placeholder: 'HOST:PORT',
    description:
      'Address that Kafka clients are told to connect to; by default the one they came to',
  },
  kafkaNodeId: {
    kind: wholeNumber(0, int32Max),
    default: 1,
    placeholder: 'ID',
    description: "Id that Kafka clients know the broker by (Kafka's node.id)",
  },
  kafkaNumPartitions: {
    kind: wholeNumber(1, topicLimits.partitionsPerTopicMax),
    default: 1,
    placeholder: 'COUNT',
    description:
      "Partitions of Kafka topics that are made by asking for them, or created without a number (Kafka's num.partitions)",
  },
  kafkaAutoCreateTopicsEnable: {
    kind: flag(),
    default: true,
    placeholder: 'BOOLEAN',
    description:
      "Whether a Kafka client that asks for a missing topic makes it: true or false (Kafka's auto.create.topics.enable)",
  },
  kafkaConnectionsMaxReauthMs: {
    kind: wholeNumber(0, int32Max),
    default: 0,
    placeholder: 'MILLISECONDS',
    description:
      "How long a Kafka client's login by SASL holds before it has to log in again; 0 for ever (Kafka's connections.max.reauth.ms)",
  },
  kafkaGroupInitialRebalanceDelayMs: {
    kind: wholeNumber(0, int32Max),
    default: groupLimits.initialRebalanceDelayMs,
    placeholder: 'MILLISECONDS',
    description:
      "How long the first rebalance of an empty consumer group waits for more members (Kafka's group.initial.rebalance.delay.ms, there 3000)",
  },
  kafkaGroupMinSessionTimeoutMs: {
    kind: wholeNumber(1, int32Max),
    default: groupLimits.sessionTimeoutMsMin,
    placeholder: 'MILLISECONDS',
    description:
      "Shortest session timeout that a member of a consumer group may ask for (Kafka's group.min.session.timeout.ms)",
  },
  kafkaGroupMaxSessionTimeoutMs: {
    kind: wholeNumber(1, int32Max),
    default: groupLimits.sessionTimeoutMsMax,
    placeholder: 'MILLISECONDS',
    description: "Longest one (Kafka's group.max.session.timeout.ms)",
  },
  kafkaGroupMaxSize: {
    kind: wholeNumber(1, int32Max),
    default: groupLimits.groupMembersMax,
    placeholder: 'COUNT',
    description: "Most members of one consumer group (Kafka's group.max.size)",
  },
  ...consumerGroupSettings,
  tlsCert: {
    kind: text(),
    default: undefined,
    placeholder: 'FILE',
    description:
      'Certificate of the broker, then those up to its root (PEM); with --tls-key it opens the TLS ports',
  },
  tlsKey: {
    kind: text(),
    default: undefined,
    placeholder: 'FILE',
    description: 'Private key of --tls-cert (PEM, without a passphrase)',
  },
  tlsClientCa: {
    kind: text(),
    default: undefined,
    placeholder: 'FILE',
    description:
      'Clients on TLS ports must show a certificate that one of these authorities signed',
    needs: 'tlsCert',
  },
  tlsClientName: {
    kind: oneOf(['distinguished-name', 'common-name']),
    default: 'distinguished-name',
    placeholder: 'PART',
    description:
      "What of a client's certificate is the user who logs in with it (SASL EXTERNAL): distinguished-name or common-name; see docs/tls.md",
  },
  amqpTlsPort: {
    kind: port(),
    default: 5671,
    placeholder: 'PORT',
    description: 'Port of AMQP 0-9-1 over TLS; 0 or off as above, and off without --tls-cert',
    needs: 'tlsCert',
  },
  kafkaTlsPort: {
    kind: port(),
    default: 9093,
    placeholder: 'PORT',
    description: 'Port of the Kafka protocol over TLS; the same',
    needs: 'tlsCert',
  },
  httpTlsPort: {
    kind: port(),
    default: 15_671,
    placeholder: 'PORT',
    description: 'The same over TLS; 0 or off as above',
    needs: 'tlsCert',
  },
  kafkaTlsAdvertised: {
    kind: text(),
    default: undefined,
    placeholder: 'HOST:PORT',
    description:
      'Address that Kafka clients over TLS are told to connect to; by default the host of --kafka-advertised and the port where the broker listens',
    needs: 'tlsCert',
  },
  ...mqttSettings,
  ...stompSettings,
  ...webSocketSettings,
  durability: {
    kind: oneOf(['fsync', 'os']),
    default: 'fsync',
    placeholder: 'LEVEL',
    description:
      'When a message is confirmed: fsync = it is on disk and survives a power cut; os = the operating system has it and it survives a crash of the broker only',
  },
  profile: {
    kind: oneOf(['latency', 'throughput']),
    default: 'latency',
    placeholder: 'PROFILE',
    description:
      'What writing is built for: latency = a message is written as soon as the disk is free; throughput = it may wait a little for others, which a slow disk confirms more of in the same time; see docs/profiles.md',
  },
  user: {
    kind: text(),
    default: undefined,
    placeholder: 'NAME',
    description: 'Administrator of this broker, instead of guest (who may only come from loopback)',
  },
  passwordFile: {
    kind: text(),
    default: undefined,
    placeholder: 'FILE',
    description: 'File whose first line is the password of --user',
  },
  loopbackUsers: {
    kind: list(),
    default: [],
    placeholder: 'NAMES',
    description:
      'Users who may only come from this machine, as a guest may who is not the --user; separated as vhosts',
  },
  oauthIssuer: {
    kind: httpUrl(),
    default: undefined,
    placeholder: 'URL',
    description: 'Clients may log in with tokens of this OpenID Connect issuer; see docs/oauth.md',
  },
  oauthJwks: {
    kind: httpUrlOrFile(),
    default: undefined,
    placeholder: 'URL-OR-FILE',
    description: 'Where the keys of tokens are, instead of where the issuer says (RFC 7517)',
  },
  oauthResourceServerId: {
    kind: text(),
    default: 'rabbitmq',
    placeholder: 'NAME',
    description: 'What tokens call this broker: their audience has to name it',
  },
  oauthScopePrefix: {
    kind: text(),
    default: undefined,
    placeholder: 'TEXT',
    description: 'What scopes for this broker begin with; by default that name and a dot',
  },
  oauthAdditionalScopesKey: {
    kind: list(),
    default: [],
    placeholder: 'CLAIMS',
    description: 'Claims with scopes beside scope, such as realm_access.roles; separated as vhosts',
  },
  oauthScopeAliases: {
    kind: assignments(),
    default: [],
    placeholder: 'ALIASES',
    description:
      'Scopes or roles that stand for others: NAME=SCOPE or NAME=SCOPE SCOPE; separated as vhosts',
  },
  oauthPreferredUsernameClaims: {
    kind: list(),
    default: ['sub', 'client_id'],
    placeholder: 'CLAIMS',
    description: 'Claims of a token that name its user; the first that is there counts',
  },
  vhosts: {
    kind: list(),
    default: [],
    placeholder: 'NAMES',
    description: 'Virtual hosts besides /; separated by commas in a flag or variable',
  },
  definitions: {
    kind: text(),
    default: undefined,
    placeholder: 'FILE',
    description:
      "RabbitMQ's definitions (JSON) to import at each start: queues and exchanges that are there stay, users and permissions become what the file says; see docs/definitions.md",
  },
  maxMessageSize: {
    kind: size(1, programLimits.messageSizeCeiling),
    default: 16 * 1024 ** 2,
    placeholder: 'SIZE',
    description: 'Largest message body that is accepted; a larger one closes the channel (406)',
  },
  heartbeat: {
    kind: wholeNumber(0, 65_535),
    default: 60,
    placeholder: 'SECONDS',
    description: 'Heartbeat interval offered to AMQP clients; 0 offers none',
  },
  frameMax: {
    kind: size(4096, 16 * 1024 ** 2),
    default: 131_072,
    placeholder: 'SIZE',
    description: 'Largest AMQP frame offered to clients',
  },
  channelMax: {
    kind: wholeNumber(1, 65_535),
    default: 2047,
    placeholder: 'COUNT',
    description: 'Most channels per AMQP connection offered to clients',
  },
  amqpStrict: {
    kind: flag(),
    default: false,
    placeholder: 'BOOLEAN',
    description:
      'Whether AMQP clients are refused what RabbitMQ 4.2 refuses and 3.x took, to find programs that an upgrade would break: true or false; see docs/compatibility.md',
  },
  connectionMaxPublishRate: {
    kind: wholeNumber(1, int32Max),
    default: undefined,
    placeholder: 'COUNT',
    description:
      'Messages per second that each connection may publish; a faster one is read more slowly, see docs/rate-limits.md',
  },
  connectionMaxPublishBytesRate: {
    kind: size(1, 2 ** 50),
    default: undefined,
    placeholder: 'SIZE',
    description: 'The same in bytes of message bodies per second',
  },
  diskFreeLimit: {
    kind: size(0, 2 ** 50),
    default: logLimits.diskFreeMin,
    placeholder: 'SIZE',
    description: 'Publishers are blocked while the data folder has less free space than this',
  },
  memoryWatermark: {
    kind: shareOrSize(),
    default: 0.6,
    placeholder: 'SHARE-OR-SIZE',
    description:
      'Publishers are blocked while the broker uses more memory than this: a share of what the machine or its control group has (0.6), or a size (2GiB)',
  },
  productName: {
    kind: text(),
    default: 'RabbitMQ',
    placeholder: 'NAME',
    description: 'product in AMQP server-properties; clients branch on it, so it names RabbitMQ',
  },
  productVersion: {
    kind: text(),
    default: '4.2.0',
    placeholder: 'VERSION',
    description: 'version in AMQP server-properties: the RabbitMQ that clients may expect',
  },
  shutdownDelay: {
    kind: wholeNumber(0, programLimits.shutdownDelaySecondsMax),
    default: 0,
    placeholder: 'SECONDS',
    description:
      'How long a broker that is to stop goes on serving while /health/ready says that it stops: load balancers send new clients elsewhere meanwhile',
  },
  readyFile: {
    kind: text(),
    default: undefined,
    placeholder: 'FILE',
    description: 'Written with the process id and the addresses (JSON) once the broker is ready',
  },
  logLevel: {
    kind: oneOf(['trace', 'debug', 'info', 'warn', 'error', 'silent']),
    default: 'info',
    placeholder: 'LEVEL',
    description: 'Least important message that is logged: trace, debug, info, warn, error, silent',
  },
  logFormat: {
    kind: oneOf(['auto', 'human', 'json']),
    default: 'auto',
    placeholder: 'FORMAT',
    description: 'human, json, or auto: human on a terminal and json otherwise',
  },
  parentPid: {
    kind: wholeNumber(1, int32Max),
    default: undefined,
    placeholder: 'PID',
    description: 'Stop when this is no longer the parent process; npm start uses it',
  },
}

/** A setting's key in code, such as `amqpPort`. */
export type SettingKey = keyof Settings

/** A setting that is a port. */
export type PortKey = {
  [Key in SettingKey]: Settings[Key] extends Port
    ? Port extends Settings[Key]
      ? Key
      : never
    : never
}[SettingKey]

/** All keys, in the table's order. */
export const settingKeys: readonly SettingKey[] = Object.keys(settings) as SettingKey[]

/** Those that are ports. */
export const portKeys: readonly PortKey[] = settingKeys.filter(
  (key): key is PortKey => settings[key].placeholder === 'PORT',
)

/** `amqpPort` → `amqp-port`, the name in flags and in pabal.yaml. */
export function settingName(key: SettingKey): string {
  return key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}

/** `amqpPort` → `PABAL_AMQP_PORT`. */
export function variableName(key: SettingKey): string {
  return `PABAL_${settingName(key).toUpperCase().replaceAll('-', '_')}`
}
