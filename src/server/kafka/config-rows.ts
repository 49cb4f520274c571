// Settings as DescribeConfigs shows them: those of topics are real; those of the broker and of groups
// are Kafka's with its defaults, and with what is true of this broker, because tools read them.
import { topicConfigs, type TopicConfig } from '../../broker/topic/topic-config.ts'
import type {
  DescribeConfigsResourceResult,
  DescribeConfigsSynonym,
} from '../../codec/kafka/messages/describe-configs.gen.ts'
import { formatAddress } from '../../lib/listen.ts'
import { kafkaLimits } from '../../limits/kafka.ts'
import { topicLimits } from '../../limits/topic.ts'
import { type BrokerConfigType, brokerConfigTable } from './broker-config-table.ts'
import type { KafkaSettings } from './kafka-context.ts'
import { saslMechanism } from './sasl-state.ts'

/** ConfigSource of DescribeConfigs. */
const source = { topic: 1, staticBroker: 4, default: 5 } as const

const typeCodes: Readonly<Record<BrokerConfigType, number>> = {
  boolean: 1,
  string: 2,
  int: 3,
  short: 4,
  long: 5,
  double: 6,
  list: 7,
  class: 8,
  password: 9,
}

/** Settings of the broker that topics take their defaults from, where the name differs. */
const brokerNames: Readonly<Record<string, string>> = {
  'cleanup.policy': 'log.cleanup.policy',
  'delete.retention.ms': 'log.cleaner.delete.retention.ms',
  'file.delete.delay.ms': 'log.segment.delete.delay.ms',
  'flush.messages': 'log.flush.interval.messages',
  'index.interval.bytes': 'log.index.interval.bytes',
  'local.retention.bytes': 'log.local.retention.bytes',
  'local.retention.ms': 'log.local.retention.ms',
  'max.compaction.lag.ms': 'log.cleaner.max.compaction.lag.ms',
  'max.message.bytes': 'message.max.bytes',
  'message.timestamp.after.max.ms': 'log.message.timestamp.after.max.ms',
  'message.timestamp.before.max.ms': 'log.message.timestamp.before.max.ms',
  'message.timestamp.type': 'log.message.timestamp.type',
  'min.cleanable.dirty.ratio': 'log.cleaner.min.cleanable.ratio',
  'min.compaction.lag.ms': 'log.cleaner.min.compaction.lag.ms',
  preallocate: 'log.preallocate',
  'retention.bytes': 'log.retention.bytes',
  'segment.bytes': 'log.segment.bytes',
  'segment.index.bytes': 'log.index.size.max.bytes',
}
/** Topics' own, of which the broker's settings know nothing (or express it in another unit). */
const withoutSynonym: ReadonlySet<string> = new Set([
  'flush.ms',
  'follower.replication.throttled.replicas',
  'leader.replication.throttled.replicas',
  'remote.log.copy.disable',
  'remote.log.delete.on.disable',
  'remote.storage.enable',
  'retention.ms',
  'segment.jitter.ms',
  'segment.ms',
])

/** All settings of a topic. */
export function describeTopicConfigs(config: TopicConfig): DescribeConfigsResourceResult[] {
  return Object.entries(topicConfigs).map(([name, definition]) => {
    const isSet = config.isOverridden(name)
    const value = config.get(name)
    const synonyms: DescribeConfigsSynonym[] = []
    if (isSet) synonyms.push({ name, value, source: source.topic })
    if (!withoutSynonym.has(name)) {
      const { default: fallback } = definition
      synonyms.push({ name: brokerNames[name] ?? name, value: fallback, source: source.default })
    }
    const configSource = isSet ? source.topic : source.default
    return row(name, definition.type, { value, configSource, synonyms, readOnly: false })
  })
}

/** What this broker has set, or does differently. Values that equal Kafka's defaults count as such. */
function ownSettings(settings: KafkaSettings): ReadonlyMap<string, string> {
  const { groups, nodeId } = settings
  const listeners = settings
    .listeners()
    .map(({ name, advertised }) => `${name}://${formatAddress(advertised())}`)
    .join(',')
  return new Map([
    ['advertised.listeners', listeners],
    ['auto.create.topics.enable', String(settings.isAutoCreating)],
    ['broker.id', String(nodeId)],
    ['fetch.max.bytes', String(kafkaLimits.fetchAnswerSizeMax)],
    ['group.initial.rebalance.delay.ms', String(groups.initialRebalanceDelayMs)],
    ['group.max.session.timeout.ms', String(groups.sessionTimeoutMsMax)],
    ['group.max.size', String(groups.membersMax)],
    ['group.min.session.timeout.ms', String(groups.sessionTimeoutMsMin)],
    ['listeners', listeners],
    ['log.dirs', 'data'],
    ['max.incremental.fetch.session.cache.slots', String(kafkaLimits.fetchSessionsMax)],
    ['node.id', String(nodeId)],
    ['num.partitions', String(settings.partitionCount)],
    ['offset.metadata.max.bytes', String(groups.offsetMetadataSizeMax)],
    ['offsets.topic.replication.factor', '1'],
    ['process.roles', 'broker,controller'],
    ['producer.id.expiration.ms', String(topicLimits.producerIdExpirationMs)],
    ['sasl.enabled.mechanisms', saslMechanism],
    ['sasl.server.max.receive.size', String(kafkaLimits.kafkaLoginSizeMax)],
    ['share.coordinator.state.topic.min.isr', '1'],
    ['share.coordinator.state.topic.replication.factor', '1'],
    ['socket.request.max.bytes', String(kafkaLimits.kafkaRequestSizeMax)],
    ['transaction.state.log.min.isr', '1'],
    ['transaction.state.log.replication.factor', '1'],
  ])
}

/** All settings of the broker. None can be changed while it runs. */
export function describeBrokerConfigs(settings: KafkaSettings): DescribeConfigsResourceResult[] {
  const own = ownSettings(settings)
  return brokerConfigTable.map(([name, type, fallback]) => {
    const value = own.get(name) ?? fallback
    const isSet = value !== fallback
    const synonyms: DescribeConfigsSynonym[] = []
    if (isSet) synonyms.push({ name, value, source: source.staticBroker })
    if (fallback !== null) synonyms.push({ name, value: fallback, source: source.default })
    const configSource = isSet ? source.staticBroker : source.default
    return row(name, type, { value, configSource, synonyms, readOnly: true })
  })
}

type GroupRow = readonly [name: string, type: BrokerConfigType, value: string]

/** Settings of groups (KIP-848, KIP-932, KIP-1071) with Kafka's defaults. */
const groupRows: readonly GroupRow[] = [
  ['consumer.assignment.interval.ms', 'int', '1000'],
  ['consumer.heartbeat.interval.ms', 'int', '5000'],
  ['consumer.session.timeout.ms', 'int', '45000'],
  ['share.assignment.interval.ms', 'int', '1000'],
  ['share.auto.offset.reset', 'string', 'latest'],
  ['share.delivery.count.limit', 'int', '5'],
  ['share.heartbeat.interval.ms', 'int', '5000'],
  ['share.isolation.level', 'string', 'read_uncommitted'],
  ['share.partition.max.record.locks', 'int', '2000'],
  ['share.record.lock.duration.ms', 'int', '30000'],
  ['share.renew.acknowledge.enable', 'boolean', 'true'],
  ['share.session.timeout.ms', 'int', '45000'],
  ['streams.assignment.interval.ms', 'int', '1000'],
  ['streams.heartbeat.interval.ms', 'int', '5000'],
  ['streams.initial.rebalance.delay.ms', 'int', '3000'],
  ['streams.num.standby.replicas', 'int', '0'],
  ['streams.session.timeout.ms', 'int', '45000'],
]
const inGroupOnly: ReadonlySet<string> = new Set([
  'share.auto.offset.reset',
  'share.isolation.level',
  'share.renew.acknowledge.enable',
])

export const groupConfigNames: ReadonlySet<string> = new Set(groupRows.map(([name]) => name))

/** All settings of a group, whether there is such a group or not. */
export function describeGroupConfigs(): DescribeConfigsResourceResult[] {
  return groupRows.map(([name, type, value]) => {
    const synonym = inGroupOnly.has(name) ? name : `group.${name}`
    const synonyms = [{ name: synonym, value, source: source.default }]
    return row(name, type, { value, configSource: source.default, synonyms, readOnly: true })
  })
}

function row(
  name: string,
  type: BrokerConfigType,
  {
    value,
    ...rest
  }: Pick<DescribeConfigsResourceResult, 'value' | 'configSource' | 'synonyms' | 'readOnly'>,
): DescribeConfigsResourceResult {
  const isSensitive = type === 'password'
  return {
    name,
    value: isSensitive ? null : value,
    ...rest,
    isSensitive,
    configType: typeCodes[type],
    documentation: null,
  }
}
