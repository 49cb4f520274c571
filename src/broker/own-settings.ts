// Of the settings that clients have changed, those of this broker.
import type { DynamicSettings } from './dynamic-settings.ts'
import type { BrokerValues } from './topic/topic-defaults.ts'

/** `nodeId` is what Kafka's settings call the broker. */
export function ownSettings(settings: DynamicSettings, nodeId: number): BrokerValues {
  const brokerId = String(nodeId)
  return {
    get hasAny() {
      return settings.count('broker') > 0
    },
    get: (name) => settings.ofBroker(brokerId, name),
  }
}
