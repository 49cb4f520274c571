// Settings as DescribeConfigs shows them. Topic settings are real; the broker's own are shown with
// what is true of this broker, because tools read them.
import { defaultGroupConfig } from '../../broker/group/group-config.ts'
import { topicConfigs, type ConfigType, type TopicConfig } from '../../broker/topic/topic-config.ts'
import type { DescribeConfigsResourceResult } from '../../codec/kafka/messages/describe-configs.gen.ts'
import { limits } from '../../limits.ts'
import { nodeId } from './kafka-context.ts'

/** ConfigSource of DescribeConfigs. */
const source = { topic: 1, staticBroker: 4, default: 5 } as const

const typeCodes: Readonly<Record<ConfigType, number>> = {
  boolean: 1,
  string: 2,
  int: 3,
  long: 5,
  double: 6,
  list: 7,
}

/** All settings of a topic, by name. */
export function describeTopicConfigs(config: TopicConfig): DescribeConfigsResourceResult[] {
  return Object.entries(topicConfigs).map(([name, definition]) => {
    const isSet = config.isOverridden(name)
    const value = config.get(name)
    const configSource = isSet ? source.topic : source.default
    return {
      name,
      value,
      readOnly: false,
      configSource,
      isSensitive: false,
      synonyms: [
        ...(isSet ? [{ name, value, source: source.topic }] : []),
        { name, value: definition.default, source: source.default },
      ],
      configType: typeCodes[definition.type],
      documentation: null,
    }
  })
}

const groups = defaultGroupConfig

type BrokerRow = readonly [name: string, type: ConfigType, value: string]

/** Settings of the broker that tools look at. Kafka's names, this broker's values. */
function brokerRows(advertised: string): readonly BrokerRow[] {
  return [
    ['advertised.listeners', 'string', `PLAINTEXT://${advertised}`],
    ['auto.create.topics.enable', 'boolean', 'true'],
    ['broker.id', 'int', String(nodeId)],
    ['compression.type', 'string', 'producer'],
    ['default.replication.factor', 'int', '1'],
    ['delete.topic.enable', 'boolean', 'true'],
    ['fetch.max.bytes', 'int', String(limits.fetchSizeMax)],
    ['group.initial.rebalance.delay.ms', 'int', String(groups.initialRebalanceDelayMs)],
    ['group.max.session.timeout.ms', 'int', String(groups.sessionTimeoutMsMax)],
    ['group.min.session.timeout.ms', 'int', String(groups.sessionTimeoutMsMin)],
    ['listeners', 'string', `PLAINTEXT://${advertised}`],
    ['log.cleanup.policy', 'list', 'delete'],
    ['log.message.timestamp.type', 'string', 'CreateTime'],
    ['log.retention.bytes', 'long', '-1'],
    ['log.retention.hours', 'int', '168'],
    ['log.retention.ms', 'long', '604800000'],
    ['log.segment.bytes', 'int', String(limits.walFileSizeMax)],
    ['message.max.bytes', 'int', '1048588'],
    ['min.insync.replicas', 'int', '1'],
    ['node.id', 'int', String(nodeId)],
    ['num.partitions', 'int', '1'],
    ['offsets.retention.minutes', 'int', '10080'],
    ['offsets.topic.replication.factor', 'int', '1'],
    ['process.roles', 'list', 'broker,controller'],
    ['sasl.enabled.mechanisms', 'list', 'PLAIN'],
    ['socket.request.max.bytes', 'int', String(limits.kafkaRequestSizeMax)],
    ['transaction.state.log.replication.factor', 'int', '1'],
  ]
}

/** All settings of the broker, by name. */
export function describeBrokerConfigs(advertised: string): DescribeConfigsResourceResult[] {
  return brokerRows(advertised).map(([name, type, value]) => ({
    name,
    value,
    readOnly: true,
    configSource: source.staticBroker,
    isSensitive: false,
    synonyms: [{ name, value, source: source.staticBroker }],
    configType: typeCodes[type],
    documentation: null,
  }))
}
