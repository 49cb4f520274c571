import { brokerConfigKind } from './broker-configs.ts'
import { BrokerLayers } from './broker-layers.ts'
import { clientMetricsConfigKind } from './client-metrics-configs.ts'
import { type ConfigKind, resourceType } from './config-kind.ts'
import { groupConfigKind } from './group-configs.ts'
import type { KafkaContext } from './kafka-context.ts'
import { topicConfigKind } from './topic-configs.ts'

/** What has settings that are kept, by the number that requests have for it. For one request. */
export function configKinds(context: KafkaContext): ReadonlyMap<number, ConfigKind> {
  const layers = new BrokerLayers(context)
  return new Map([
    [resourceType.topic, topicConfigKind(context, layers)],
    [resourceType.broker, brokerConfigKind(context, layers)],
    [resourceType.clientMetrics, clientMetricsConfigKind(context)],
    [resourceType.group, groupConfigKind(context, layers)],
  ])
}
