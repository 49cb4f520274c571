// What is seen and managed of MQTT: sessions, subscriptions, groups that share, retained messages.
import type { Operation } from '../../api/operation.ts'
import { mqttFilterTestOperation } from './filter-test-operation.ts'
import { mqttRetainedChanges, type RetainedChangeParts } from './retained-changes.ts'
import { mqttRetainedOperations } from './retained-operations.ts'
import { mqttSessionOperations } from './session-operations.ts'
import { mqttSubscriptionOperations } from './subscription-operations.ts'

export function mqttOperations(parts: RetainedChangeParts): Operation[] {
  return [
    ...mqttSessionOperations(parts),
    ...mqttSubscriptionOperations(parts),
    ...mqttRetainedOperations(parts),
    ...mqttRetainedChanges(parts),
    mqttFilterTestOperation(parts),
  ]
}
