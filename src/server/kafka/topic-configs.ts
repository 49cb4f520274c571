// Settings of topics, as DescribeConfigs shows them and AlterConfigs changes them.
import {
  parseTopicConfigs,
  type TopicConfig,
  topicConfigs,
} from '../../broker/topic/topic-config.ts'
import { brokerSettingFor } from '../../broker/topic/topic-defaults.ts'
import { checkTopicName } from '../../broker/topic/topic-name.ts'
import type { Topic } from '../../broker/topic/topic.ts'
import type { DescribeConfigsResourceResult } from '../../codec/kafka/messages/describe-configs.gen.ts'
import type { BrokerLayers } from './broker-layers.ts'
import type { ConfigKind } from './config-kind.ts'
import { configRow, configSource } from './config-row.ts'
import { invalidRequest, KafkaRefusal } from './error-code.ts'
import type { KafkaContext } from './kafka-context.ts'

/** All settings of a topic. */
export function describeTopicConfigs(
  config: TopicConfig,
  layers: BrokerLayers,
): DescribeConfigsResourceResult[] {
  return Object.entries(topicConfigs).map(([name, { type }]) => {
    const value = config.get(name)
    const own = config.isOverridden(name) ? [{ name, value, source: configSource.topic }] : []
    const brokerSetting = brokerSettingFor(name)
    const others = brokerSetting === undefined ? [] : layers.of(brokerSetting)
    return configRow(name, { type, value, synonyms: [...own, ...others] })
  })
}

export function topicConfigKind({ topics }: KafkaContext, layers: BrokerLayers): ConfigKind {
  const getTopic = (name: string): Topic => {
    if (name === '') throw invalidRequest('Default topic resources are not allowed.')
    checkTopicName(name)
    const view = topics.find(name)
    if (view === undefined) {
      throw new KafkaRefusal('UNKNOWN_TOPIC_OR_PARTITION', `The topic '${name}' does not exist.`)
    }
    if (view.topic !== undefined) return view.topic
    throw new KafkaRefusal('INVALID_CONFIG', `${name} is a queue: use its arguments.`)
  }
  return {
    describe: (name) => {
      checkTopicName(name)
      const view = topics.find(name)
      return view && describeTopicConfigs(view.config, layers)
    },
    read: (name) => getTopic(name).config.overrides,
    listDefault: (setting) => {
      const definition = Object.hasOwn(topicConfigs, setting) ? topicConfigs[setting] : undefined
      return definition?.type === 'list' ? definition.default : undefined
    },
    check: (_name, values) => parseTopicConfigs(values),
    write: (name, values) => topics.configure(getTopic(name), values),
  }
}
