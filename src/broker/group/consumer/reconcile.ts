// The way of one member to its target: it gives up first, then it gets what nobody has (Kafka's
// CurrentAssignmentBuilder).
import { areEqual, type Assignment, filtered, holds, joined, noPartitions } from './assignment.ts'
import type { ConsumerGroup } from './consumer-group.ts'
import type { ConsumerMember, MemberProgress } from './consumer-member.ts'

export interface ReconcileAsked {
  /** What the member says it has; undefined when it does not say. */
  readonly owned: Assignment | undefined
  /** It may not keep what it is no longer subscribed to. */
  readonly hasSubscriptionChanged: boolean
}

/** Moves the member on as far as it may go now. */
export function reconcile(
  group: ConsumerGroup,
  member: ConsumerMember,
  asked: ReconcileAsked,
): void {
  const next = nextProgress(group, member, asked)
  if (next === undefined || isSame(next, member.progress)) return
  group.advance(member, next)
}

function nextProgress(
  group: ConsumerGroup,
  member: ConsumerMember,
  asked: ReconcileAsked,
): MemberProgress | undefined {
  const { epoch, state, revoking } = member.progress
  const { assignmentEpoch: target } = group
  const { hasSubscriptionChanged } = asked
  if (state === 'stable' && epoch === target) {
    return hasSubscriptionChanged ? withoutUnsubscribed(group, member, asked) : undefined
  }
  if (state !== 'unrevoked') return towardsTarget(group, member, { ...asked, epoch })
  if (!stillOwns(asked.owned, revoking)) {
    return towardsTarget(group, member, { ...asked, epoch: Math.min(epoch + 1, target) })
  }
  return hasSubscriptionChanged ? withoutUnsubscribed(group, member, asked) : undefined
}

/** A member that does not say what it has may have all of it. */
function stillOwns(owned: Assignment | undefined, revoking: Assignment): boolean {
  if (owned === undefined) return true
  for (const [topicId, partitions] of owned) {
    if (partitions.some((partition) => holds(revoking, topicId, partition))) return true
  }
  return false
}

function towardsTarget(
  group: ConsumerGroup,
  member: ConsumerMember,
  { owned, epoch }: ReconcileAsked & { readonly epoch: number },
): MemberProgress {
  const { progress } = member
  const isSubscribed = subscriptionOf(group, member)
  const target = filtered(member.target, isSubscribed)
  const kept = filtered(progress.assigned, (...place) => holds(target, ...place))
  const revoking = filtered(progress.assigned, (...place) => !holds(target, ...place))
  if (revoking.size > 0 && stillOwns(owned, revoking)) {
    return { ...atEpoch(progress, epoch), state: 'unrevoked', assigned: kept, revoking }
  }
  let hasUnreleased = false
  const assigned = filtered(target, (topicId, partition) => {
    const owner = group.owners.find(topicId, partition)
    const isFree = owner === undefined || owner === member.id
    hasUnreleased ||= !isFree
    return isFree
  })
  return {
    ...atEpoch(progress, group.assignmentEpoch),
    state: hasUnreleased ? 'unreleased' : 'stable',
    assigned: areEqual(assigned, member.target) ? member.target : assigned,
    revoking: noPartitions,
  }
}

/** What it is no longer subscribed to goes at once, before there is an assignment without it. */
function withoutUnsubscribed(
  group: ConsumerGroup,
  member: ConsumerMember,
  { owned }: ReconcileAsked,
): MemberProgress | undefined {
  const { progress } = member
  const isSubscribed = subscriptionOf(group, member)
  const assigned = filtered(progress.assigned, isSubscribed)
  if (areEqual(assigned, progress.assigned)) return undefined
  const gone = filtered(progress.assigned, (...place) => !isSubscribed(...place))
  const revoking = joined(progress.revoking, gone)
  if (stillOwns(owned, revoking)) return { ...progress, state: 'unrevoked', assigned, revoking }
  // It has none of them any more, not even those that it was to give up before.
  return { ...progress, assigned, revoking: noPartitions }
}

function atEpoch(
  { epoch: before, previousEpoch }: MemberProgress,
  epoch: number,
): Pick<MemberProgress, 'epoch' | 'previousEpoch'> {
  return before === epoch ? { epoch, previousEpoch } : { epoch, previousEpoch: before }
}

type IsSubscribed = (topicId: string, partition: number) => boolean

function subscriptionOf(
  { context, patterns }: ConsumerGroup,
  { wishes }: ConsumerMember,
): IsSubscribed {
  const names = new Set(wishes.topicNames)
  const matched = patterns.topicsOf(wishes.topicPattern)
  const known = new Map<string, boolean>()
  return (topicId) => {
    let isSubscribed = known.get(topicId)
    if (isSubscribed === undefined) {
      const name = context.topics.findById(topicId)?.name
      isSubscribed = name !== undefined && (names.has(name) || matched.has(name))
      known.set(topicId, isSubscribed)
    }
    return isSubscribed
  }
}

function isSame(one: MemberProgress, other: MemberProgress): boolean {
  return (
    one.epoch === other.epoch &&
    one.previousEpoch === other.previousEpoch &&
    one.state === other.state &&
    areEqual(one.assigned, other.assigned) &&
    areEqual(one.revoking, other.revoking)
  )
}
