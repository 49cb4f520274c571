// ConsumerGroupHeartbeat (KIP-848): the one request of members of the consumer protocol. They join with it, say what
// they want and have, are told what they may have, and leave. Texts of refusals are Kafka's.
import { groupLimits } from '../../../limits/group.ts'
import type { GroupTable } from '../group-table.ts'
import { createUuid } from '../member-id.ts'
import { type Refusal, refusal } from '../refusal.ts'
import { areEqual } from './assignment.ts'
import { changeMember, hasRoomForWishes } from './change-member.ts'
import type { ConsumerGroup } from './consumer-group.ts'
import type { MemberWishes } from './consumer-member.ts'
import type {
  ConsumerHeartbeat,
  ConsumerHeartbeatAnswer,
  ConsumerHeartbeatCallback,
} from './consumer-messages.ts'
import { discardIfUnused, groupToJoin } from './find-consumer-group.ts'
import { findMember } from './find-consumer-member.ts'
import type { ResolvedPattern } from './group-patterns.ts'
import { leaveConsumerGroup } from './leave-consumer-group.ts'
import { moveOn } from './move-on.ts'
import { notSaved, saveConsumerGroup } from './save-consumer-group.ts'

/** Answers a heartbeat that is sound. `resolved` has patterns whose topics were looked up for it. */
export function heartbeat(
  table: GroupTable,
  request: ConsumerHeartbeat,
  resolved: readonly ResolvedPattern[],
  callback: ConsumerHeartbeatCallback,
): void {
  if (request.memberEpoch < 0) {
    leaveConsumerGroup(table, request, callback)
    return
  }
  const group = groupToJoin(table, request)
  if ('error' in group) {
    callback(group)
    return
  }
  const answer = heartbeatIn(group, request, resolved)
  discardIfUnused(table, group)
  if ('error' in answer) callback(answer)
  else saveConsumerGroup(group, (isDurable) => callback(isDurable ? answer : notSaved()))
}

function heartbeatIn(
  group: ConsumerGroup,
  request: ConsumerHeartbeat,
  resolved: readonly ResolvedPattern[],
): ConsumerHeartbeatAnswer | Refusal {
  const isJoining = request.memberEpoch === 0
  const memberId = request.memberId === '' ? createUuid(group.context.random) : request.memberId
  const refused = refusalOfRoom(group, memberId, request)
  if (refused !== undefined) return refused
  const found = findMember(group, { ...request, memberId, isJoining, isClassic: false })
  if ('error' in found) return found
  const member = found
  const before = member.progress
  const changed = changeMember(group, member, {
    clientId: request.clientId,
    clientHost: request.clientHost,
    wishes: wishesOf(member.wishes, request),
  })
  resolve(group, resolved)
  const isPatternResolved =
    changed.hasPattern && group.patterns.isResolved(member.wishes.topicPattern)
  moveOn(group, member, {
    hasChanged: group.epoch === 0 || changed.hasNames || isPatternResolved,
    hasSubscriptionChanged: changed.hasNames || changed.hasPattern,
    owned: request.owned,
  })
  const { sessionTimeoutMs, heartbeatIntervalMs } = group.context.consumerConfigOf(group.id)
  member.deadlines.session.set(sessionTimeoutMs)
  const isTold =
    isJoining || isComplete(request) || !areEqual(before.assigned, member.progress.assigned)
  return {
    memberId: member.id,
    memberEpoch: member.epoch,
    heartbeatIntervalMs,
    assignment: isTold ? member.progress.assigned : undefined,
  }
}

/** What was found goes to the patterns that somebody is still subscribed to. */
function resolve(group: ConsumerGroup, resolved: readonly ResolvedPattern[]): void {
  if (resolved.length === 0) return
  const { patterns, unsaved, context } = group
  for (const each of resolved) {
    if (!patterns.resolve(each)) continue
    unsaved.changePattern(each.pattern)
    // The group looks whether that makes another assignment.
    group.topicsLook = undefined
  }
  patterns.lookedUp = { atMs: context.clock.monotonic(), version: context.topics.version }
}

/** A request that leaves nothing out, as members send after errors: its sender may have missed an answer. */
function isComplete(request: ConsumerHeartbeat): boolean {
  const { rebalanceTimeoutMs, topicNames, topicPattern, owned } = request
  const hasSubscription = topicNames !== undefined || topicPattern !== undefined
  return rebalanceTimeoutMs !== undefined && hasSubscription && owned !== undefined
}

function wishesOf(before: MemberWishes, request: ConsumerHeartbeat): MemberWishes {
  const { topicNames } = request
  return {
    rackId: request.rackId ?? before.rackId,
    rebalanceTimeoutMs: request.rebalanceTimeoutMs ?? before.rebalanceTimeoutMs,
    topicNames: topicNames === undefined ? before.topicNames : [...new Set(topicNames)].sort(),
    topicPattern: request.topicPattern ?? before.topicPattern,
    assignor: request.assignor ?? before.assignor,
    classic: undefined,
  }
}

function refusalOfRoom(
  group: ConsumerGroup,
  memberId: string,
  request: ConsumerHeartbeat,
): Refusal | undefined {
  const { context, memberCount, patterns } = group
  const known = group.find(memberId)
  const { membersMax } = context.config.consumer
  if (known === undefined && memberCount >= membersMax) {
    return refusal(
      'group_max_size_reached',
      `The consumer group has reached its maximum capacity of ${membersMax} members.`,
    )
  }
  if (known === undefined && request.memberEpoch === 0 && !context.admission.mayEnter) {
    return refusal('coordinator_not_available', 'The memory of the broker is nearly used up.')
  }
  const { topicPattern: pattern = '', topicNames = [] } = request
  const isNewPattern = pattern !== '' && !patterns.has(pattern)
  if (isNewPattern && patterns.count >= groupLimits.patternsPerGroupMax) {
    return refusal(
      'invalid_regular_expression',
      `A group may have at most ${groupLimits.patternsPerGroupMax} regular expressions.`,
    )
  }
  return hasRoomForWishes(group, known, { topicNames, topicPattern: pattern })
    ? undefined
    : refusal('group_max_size_reached', 'Consumer groups take as much memory as they may.')
}
