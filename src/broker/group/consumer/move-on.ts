// What every request of a member of a consumer group ends with: the group's epoch and its assignment are brought up
// to date, and the member goes on its way as far as it may.
import { groupLimits } from '../../../limits/group.ts'
import { assignTargets, mayAssign } from './assign-targets.ts'
import type { Assignment } from './assignment.ts'
import type { ConsumerGroup } from './consumer-group.ts'
import type { ConsumerMember } from './consumer-member.ts'
import { reconcile } from './reconcile.ts'
import { lookAtTopics } from './subscribed-topics-of.ts'

export interface Move {
  /** An assignment has to take account of it. */
  readonly hasChanged: boolean
  readonly hasSubscriptionChanged: boolean
  readonly owned: Assignment | undefined
}

/** The group's epoch, its assignment, and the member's way to it. */
export function moveOn(
  group: ConsumerGroup,
  member: ConsumerMember,
  { hasChanged, hasSubscriptionChanged, owned }: Move,
): void {
  if (hasChanged || hasTopicsToLookAt(group)) lookAtTopics(group, hasChanged)
  if (group.epoch > group.assignmentEpoch && mayAssign(group)) assignTargets(group)
  const before = member.progress
  reconcile(group, member, { owned, hasSubscriptionChanged })
  const { progress, wishes, deadlines, isClassic } = member
  if (isClassic || progress === before) return
  if (progress.state === 'unrevoked') deadlines.rebalance.set(wishes.rebalanceTimeoutMs)
  else deadlines.rebalance.clear()
}

function hasTopicsToLookAt({ context, topicsLook }: ConsumerGroup): boolean {
  if (topicsLook?.version !== context.topics.version) return true
  return context.clock.monotonic() - topicsLook.atMs >= groupLimits.topicsLookMs
}
