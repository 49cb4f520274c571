// Makes an assignment for the present epoch of a consumer group.
import { groupLimits } from '../../../limits/group.ts'
import { areEqual, countOf } from './assignment.ts'
import type { Subscriber } from './assignor.ts'
import { assignors } from './assignors.ts'
import type { ConsumerGroup } from './consumer-group.ts'
import { subscribedTopicsOf, topicIdsOf } from './subscribed-topics-of.ts'

/** When it may be made again: at once in most cases. */
export function mayAssign(group: ConsumerGroup): boolean {
  const { assigned, context } = group
  if (assigned === undefined) return true
  const { assignmentIntervalMs } = context.consumerConfigOf(group.id)
  // With thousands of members that come one by one, most of the time is for others.
  const restMs = assigned.tookMs * groupLimits.assignmentRestFactor
  return context.clock.monotonic() - assigned.atMs >= Math.max(assignmentIntervalMs, restMs)
}

/** The name of the assignor that most members want that want one. */
export function assignorOf(group: ConsumerGroup): string {
  const votes = new Map<string, number>()
  let [winner, most] = [group.context.config.consumer.assignors[0] ?? 'uniform', 0]
  for (const { wishes } of group.members()) {
    if (wishes.assignor === undefined) continue
    const count = (votes.get(wishes.assignor) ?? 0) + 1
    votes.set(wishes.assignor, count)
    if (count > most) [winner, most] = [wishes.assignor, count]
  }
  return winner
}

/**
 * Gives each member a target, for the group's epoch. Without memory for it, targets stay as they are and the group
 * goes on as it is; false then.
 */
export function assignTargets(group: ConsumerGroup): boolean {
  const { clock } = group.context
  const startedAt = clock.monotonic()
  const subscribed = subscribedTopicsOf(group)
  const partitionCounts = new Map<string, number>()
  let partitionCount = 0
  for (const { topicId, partitionCount: count } of subscribed.values()) {
    partitionCounts.set(topicId, count)
    partitionCount += count
  }
  const members = [...group.members()]
  const before = members.reduce((sum, { target }) => sum + countOf(target), 0)
  const growth = Math.max(0, partitionCount - before) * groupLimits.assignedPartitionSize
  if (!group.context.budget.hasRoomFor(growth)) return false
  const subscribers = members.map((member): Subscriber => {
    const { id: memberId, instanceId, target } = member
    return { memberId, instanceId, target, topicIds: topicIdsOf(group, member, subscribed) }
  })
  const assign = assignors.get(assignorOf(group))!
  for (const [index, target] of assign({ subscribers, partitionCounts }).entries()) {
    const member = members[index]!
    if (!areEqual(member.target, target)) group.setTarget(member, target)
  }
  // A small one takes next to nothing, whatever else the machine did meanwhile.
  const isLarge = members.length + partitionCount >= groupLimits.assignmentRestFrom
  group.onAssigned(isLarge ? clock.monotonic() - startedAt : 0)
  return true
}
