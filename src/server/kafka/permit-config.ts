import { type ConfigResource, resourceType } from './config-kind.ts'
import { KafkaRefusal } from './error-code.ts'
import type { KafkaAccess } from './kafka-access.ts'

/**
 * Throws for settings that the client may not change, or see with `describe`: those of topics and groups go
 * with rights, all others are the administrators'.
 */
export function permitConfig(
  access: KafkaAccess,
  right: 'configure' | 'describe',
  { resourceType: type, resourceName: name }: ConfigResource,
): void {
  switch (type) {
    case resourceType.topic:
      access.permitTopic(right, name)
      return
    case resourceType.group:
      if (!access.needsGroup(right, name)) throw new KafkaRefusal('GROUP_AUTHORIZATION_FAILED')
      return
    case resourceType.broker:
    case resourceType.brokerLogger:
    case resourceType.clientMetrics:
      access.permitAdministrator()
      return
    default:
    // There are no others: whoever is asked for one says so.
  }
}
