// Makes an assignment for the epoch that a consumer group is in. A large one is made in slices, for the group as it
// was when that began: what changes meanwhile raises the epoch, so that another one follows.
import type { Clock } from '../../../lib/clock.ts'
import { finishAtOnce, type Steps } from '../../../lib/slices.ts'
import { groupLimits } from '../../../limits/group.ts'
import { areEqual, type Assignment, countOf } from './assignment.ts'
import type { Subscriber } from './assignor.ts'
import { assignors } from './assignors.ts'
import type { ConsumerGroup } from './consumer-group.ts'
import type { ConsumerMember } from './consumer-member.ts'
import type { GroupTopic } from './group-topics.ts'
import { subscribedTopicsOf, topicIdsOf } from './subscribed-topics-of.ts'

/** What an assignment is made for. */
interface Asked {
  readonly epoch: number
  readonly members: readonly ConsumerMember[]
  /** By name. */
  readonly subscribed: ReadonlyMap<string, GroupTopic>
  readonly partitionCounts: ReadonlyMap<string, number>
  readonly partitionCount: number
}

/** When it may be made again: at once in most cases. */
export function mayAssign(group: ConsumerGroup): boolean {
  const { assigned, context, isAssigning } = group
  if (isAssigning) return false
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
 * Gives each member a target, for the group's epoch: now, or when that is made in slices. Without memory for it,
 * targets stay as they are and the group goes on as it is.
 */
export function assignTargets(group: ConsumerGroup): void {
  const { slices, clock, answers } = group.context
  const asked = askedOf(group)
  if (!hasRoomFor(group, asked)) return
  const took = { ms: 0 }
  const steps = timed(targetsInSteps(group, asked), clock, took)
  if (slices === undefined || isShort(asked)) {
    apply(group, asked, { targets: finishAtOnce(steps), tookMs: took.ms })
    return
  }
  group.isAssigning = true
  void slices.run(steps).then((targets) => {
    group.isAssigning = false
    // It may have been deleted, or gone over to the other protocol.
    if (group.isRetired) return
    answers.run(() => apply(group, asked, { targets, tookMs: took.ms }))
  })
}

function askedOf(group: ConsumerGroup): Asked {
  const subscribed = subscribedTopicsOf(group)
  const partitionCounts = new Map<string, number>()
  let partitionCount = 0
  for (const { topicId, partitionCount: count } of subscribed.values()) {
    partitionCounts.set(topicId, count)
    partitionCount += count
  }
  const members = [...group.members()]
  return { epoch: group.epoch, members, subscribed, partitionCounts, partitionCount }
}

function hasRoomFor({ context }: ConsumerGroup, { members, partitionCount }: Asked): boolean {
  const before = members.reduce((sum, { target }) => sum + countOf(target), 0)
  const growth = Math.max(0, partitionCount - before) * groupLimits.assignedPartitionSize
  return context.budget.hasRoomFor(growth)
}

function isShort({ members, subscribed, partitionCount }: Asked): boolean {
  return members.length * subscribed.size + partitionCount <= groupLimits.assignedAtOnceMax
}

/** For each member, in order. */
function* targetsInSteps(
  group: ConsumerGroup,
  { members, subscribed, partitionCounts }: Asked,
): Steps<readonly Assignment[]> {
  const assign = assignors.get(assignorOf(group))!
  const subscribers: Subscriber[] = []
  for (const member of members) {
    yield
    const { id: memberId, instanceId, target } = member
    const topicIds = topicIdsOf(group, member, subscribed)
    subscribers.push({ memberId, instanceId, target, topicIds })
  }
  return yield* assign({ subscribers, partitionCounts })
}

/** Adds up what the steps take themselves: others have their time in between. */
function* timed<T>(steps: Steps<T>, clock: Clock, took: { ms: number }): Steps<T> {
  for (;;) {
    const startedAt = clock.monotonic()
    const state = steps.next()
    took.ms += clock.monotonic() - startedAt
    if (state.done === true) return state.value
    yield state.value
  }
}

interface Made {
  readonly targets: readonly Assignment[]
  readonly tookMs: number
}

function apply(group: ConsumerGroup, asked: Asked, { targets, tookMs }: Made): void {
  const { members, partitionCount, epoch } = asked
  for (const [index, target] of targets.entries()) {
    const member = inGroup(group, members[index]!)
    if (member !== undefined && !areEqual(member.target, target)) group.setTarget(member, target)
  }
  // A small one takes next to nothing, whatever else the machine did meanwhile.
  const isLarge = members.length + partitionCount >= groupLimits.assignmentRestFrom
  group.onAssigned(epoch, isLarge ? tookMs : 0)
}

/** The same member, or who has taken its place as a static one meanwhile. */
function inGroup(group: ConsumerGroup, member: ConsumerMember): ConsumerMember | undefined {
  const known = group.find(member.id)
  if (known !== undefined || member.instanceId === undefined) return known
  return group.findStatic(member.instanceId)
}
