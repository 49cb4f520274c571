import { deadLetterSetting } from '../../broker/set-aside.ts'
import { type ConfigResource, resourceType } from './config-kind.ts'
import { KafkaRefusal } from './error-code.ts'
import type { KafkaAccess } from './kafka-access.ts'

/**
 * Throws for settings that the client may not change, or see: those of topics and groups go with what may be
 * done with these, all others with what may be done with the cluster.
 */
export function permitConfig(
  access: KafkaAccess,
  operation: 'alter-configs' | 'describe-configs',
  { resourceType: type, resourceName: name }: ConfigResource,
): void {
  switch (type) {
    case resourceType.topic:
      access.permitTopic(operation, name)
      return
    case resourceType.group:
      if (!access.needsGroup(operation, name)) throw new KafkaRefusal('GROUP_AUTHORIZATION_FAILED')
      return
    case resourceType.broker:
    case resourceType.brokerLogger:
    case resourceType.clientMetrics:
      access.permitCluster(operation)
      return
    default:
    // There are no others: whoever is asked for one says so.
  }
}

/** What settings of a group name is written to for whoever sets them: a queue or topic, or an exchange. */
const writtenTo: ReadonlySet<string> = new Set([
  deadLetterSetting,
  'pabal.share.dead.letter.exchange',
])

/** Throws for a setting of a group that has records go where the client may not write. */
export function permitTargets(
  access: KafkaAccess,
  { resourceType: type }: ConfigResource,
  configs: readonly { readonly name: string; readonly value: string | null }[],
): void {
  if (type !== resourceType.group) return
  for (const { name, value } of configs) {
    if (writtenTo.has(name) && (value ?? '') !== '') access.permitTopic('write', value as string)
  }
}
