// What groups of the consumer protocol are made of, loaded for the first of them or a while after the start
// (docs/decisions/0040). Where there is such a group, it has been loaded.
import { Late } from '../../../lib/late.ts'
import type { assignorOf } from './assign-targets.ts'
import type {
  heartbeatAsClassic,
  joinAsClassic,
  leaveAsClassic,
  syncAsClassic,
} from './classic-requests.ts'
import type { ConsumerHeartbeats } from './consumer-heartbeats.ts'
import type { encodeAssignedPartitions, namesOf } from './consumer-protocol.ts'
import type { mayDowngrade } from './fence-members.ts'
import type { restoreConsumerGroups, startConsumerGroup } from './restore-consumer-groups.ts'
import type { keysOfConsumerGroup } from './save-consumer-group.ts'
import type { toClassicGroup } from './to-classic-group.ts'

interface ConsumerParts {
  readonly assignorOf: typeof assignorOf
  readonly heartbeatAsClassic: typeof heartbeatAsClassic
  readonly joinAsClassic: typeof joinAsClassic
  readonly leaveAsClassic: typeof leaveAsClassic
  readonly syncAsClassic: typeof syncAsClassic
  readonly ConsumerHeartbeats: typeof ConsumerHeartbeats
  readonly encodeAssignedPartitions: typeof encodeAssignedPartitions
  readonly namesOf: typeof namesOf
  readonly mayDowngrade: typeof mayDowngrade
  readonly restoreConsumerGroups: typeof restoreConsumerGroups
  readonly startConsumerGroup: typeof startConsumerGroup
  readonly keysOfConsumerGroup: typeof keysOfConsumerGroup
  readonly toClassicGroup: typeof toClassicGroup
}

/** What others need first comes first: small pieces, between which others get their turn. */
export const consumerParts: Late<ConsumerParts> = new Late(async () => ({
  ...(await import('./consumer-protocol.ts')),
  ...(await import('./save-consumer-group.ts')),
  ...(await import('./assign-targets.ts')),
  ...(await import('./restore-consumer-groups.ts')),
  ...(await import('./to-classic-group.ts')),
  ...(await import('./fence-members.ts')),
  ...(await import('./classic-requests.ts')),
  ...(await import('./consumer-heartbeats.ts')),
}))
