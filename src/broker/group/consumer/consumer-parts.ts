// What groups of the consumer protocol are made of, loaded for the first of them or a while after the start: most
// brokers have none (docs/decisions/0040). Where there is such a group, it has been loaded.
import { Late } from '../../../lib/late.ts'

type ConsumerParts = typeof import('./classic-requests.ts') &
  Pick<typeof import('./fence-members.ts'), 'mayDowngrade'> &
  Pick<typeof import('./to-classic-group.ts'), 'toClassicGroup'> &
  Pick<typeof import('./assign-targets.ts'), 'assignorOf'> &
  Pick<typeof import('./consumer-protocol.ts'), 'encodeAssignedPartitions' | 'namesOf'> &
  Pick<typeof import('./save-consumer-group.ts'), 'keysOfConsumerGroup'> &
  typeof import('./restore-consumer-groups.ts') &
  Pick<typeof import('./consumer-heartbeats.ts'), 'ConsumerHeartbeats'>

export const consumerParts: Late<ConsumerParts> = new Late(async () => ({
  ...(await import('./classic-requests.ts')),
  ...(await import('./fence-members.ts')),
  ...(await import('./to-classic-group.ts')),
  ...(await import('./assign-targets.ts')),
  ...(await import('./consumer-protocol.ts')),
  ...(await import('./save-consumer-group.ts')),
  ...(await import('./restore-consumer-groups.ts')),
  ...(await import('./consumer-heartbeats.ts')),
}))
