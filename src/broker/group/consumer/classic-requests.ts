// Members of a consumer group that speak the classic protocol: what they ask for is done as for members of the
// consumer protocol, and told in the words that they know. A rebalance for one of them is no more than a new join
// to fetch what it is to have. There is no leader.
import type { GroupErrorCode } from '../group-error.ts'
import { ownProtocols } from '../group-member.ts'
import type { GroupTable } from '../group-table.ts'
import { type JoinCallback, refusedJoin } from '../join-answer.ts'
import type { JoinRequest } from '../join-group.ts'
import type { LeavingMember } from '../leave-group.ts'
import { createMemberId } from '../member-id.ts'
import type { Refusal } from '../refusal.ts'
import { subscribedTopics } from '../subscribed-topics.ts'
import { refusedSync, type SyncCallback } from '../sync-answer.ts'
import type { SyncRequest } from '../sync-group.ts'
import { holds, partitionsOf } from './assignment.ts'
import { changeMember, hasRoomForWishes } from './change-member.ts'
import type { ConsumerGroup } from './consumer-group.ts'
import type { ClassicTerms, ConsumerMember, MemberWishes } from './consumer-member.ts'
import {
  encodeAssignedPartitions,
  idsOf,
  isSubscription,
  namesOf,
  ownedPartitions,
  protocolVersionOf,
} from './consumer-protocol.ts'
import { fenceMembers } from './fence-members.ts'
import { findMember, refusalOfInstance, unknownMember } from './find-consumer-member.ts'
import { moveOn } from './move-on.ts'
import { saveConsumerGroup } from './save-consumer-group.ts'

const protocolType = 'consumer'

/** A join to a group that has members. */
export function joinAsClassic(
  group: ConsumerGroup,
  request: JoinRequest,
  callback: JoinCallback,
): void {
  const error = refusalOfJoin(group, request)
  if (error !== undefined) {
    callback(refusedJoin(request.memberId, error))
    return
  }
  const { instanceId, clientId, context } = { ...request, context: group.context }
  const isUnknown = request.memberId === ''
  const memberId = isUnknown
    ? createMemberId(instanceId ?? clientId, context.random)
    : request.memberId
  if (isUnknown && instanceId === undefined && request.needsKnownMemberId) {
    callback(refusedJoin(memberId, 'member_id_required'))
    return
  }
  const member = findMember(group, {
    memberId,
    instanceId,
    clientId,
    clientHost: request.clientHost,
    memberEpoch: -1,
    owned: undefined,
    isJoining: isUnknown || instanceId === undefined,
    isClassic: true,
  })
  if ('error' in member) {
    callback(refusedJoin(memberId, member.error))
    return
  }
  join(group, member, request)
  const answer = joinAnswer(member)
  saveConsumerGroup(group, (isDurable) => {
    callback(isDurable ? answer : refusedJoin(memberId, 'coordinator_not_available'))
  })
}

function join(group: ConsumerGroup, member: ConsumerMember, request: JoinRequest): void {
  const wishes = wishesOf(request)
  const { clientId, clientHost } = request
  const changed = changeMember(group, member, { clientId, clientHost, wishes })
  const hasChanged = changed.hasNames || changed.hasPattern
  const owned = idsOf(ownedPartitions(request.protocols[0]!.metadata), group.context.topics)
  moveOn(group, member, { hasChanged, hasSubscriptionChanged: hasChanged, owned })
  member.deadlines.rebalance.clear()
  member.deadlines.session.set(request.sessionTimeoutMs)
  member.deadlines.sync.set(wishes.rebalanceTimeoutMs)
}

function refusalOfJoin(group: ConsumerGroup, request: JoinRequest): GroupErrorCode | undefined {
  const { context, memberCount } = group
  const known = group.find(request.memberId)
  if (known === undefined && memberCount >= context.config.consumer.membersMax) {
    return 'group_max_size_reached'
  }
  const isSound = isSubscription(request.protocols[0]?.metadata)
  if (request.protocolType !== protocolType || !isSound || !isShared(group, request)) {
    return 'inconsistent_group_protocol'
  }
  if (known === undefined && wasLost(request)) return 'unknown_member_id'
  if (known === undefined && !context.admission.mayEnter) return 'coordinator_not_available'
  return hasRoomForWishes(group, known, wishesOf(request)) ? undefined : 'group_max_size_reached'
}

/** Was it a member, and works on what others may have by now? It has to give that up before it joins. */
function wasLost({ memberId, protocols }: JoinRequest): boolean {
  return memberId !== '' && ownedPartitions(protocols[0]!.metadata).length > 0
}

/** Whether all members of the classic protocol could share one of these, if they were alone. */
function isShared(group: ConsumerGroup, { protocols }: JoinRequest): boolean {
  const counts = new Map<string, number>()
  let classicCount = 0
  for (const { wishes } of group.members()) {
    if (wishes.classic === undefined) continue
    classicCount++
    for (const { name } of wishes.classic.protocols) {
      counts.set(name, (counts.get(name) ?? 0) + 1)
    }
  }
  return protocols.some(({ name }) => (counts.get(name) ?? 0) === classicCount)
}

function wishesOf(request: JoinRequest): MemberWishes {
  const { sessionTimeoutMs, rebalanceTimeoutMs, protocols } = request
  const classic: ClassicTerms = { sessionTimeoutMs, protocols: ownProtocols(protocols) }
  const names = subscribedTopics(protocols[0]!.metadata) ?? []
  return {
    rackId: undefined,
    rebalanceTimeoutMs: rebalanceTimeoutMs < 0 ? sessionTimeoutMs : rebalanceTimeoutMs,
    topicNames: [...new Set(names)].sort(),
    topicPattern: '',
    assignor: undefined,
    classic,
  }
}

function joinAnswer({ id, epoch, wishes }: ConsumerMember): Parameters<JoinCallback>[0] {
  return {
    error: undefined,
    memberId: id,
    generation: epoch,
    protocolType,
    protocolName: wishes.classic?.protocols[0]?.name,
    leaderId: '',
    skipsAssignment: false,
    members: [],
  }
}

export function syncAsClassic(
  group: ConsumerGroup,
  request: SyncRequest,
  callback: SyncCallback,
): void {
  const member = classicMemberOf(group, request)
  const error = 'error' in member ? member.error : refusalOfSync(group, member, request)
  if ('error' in member || error !== undefined) {
    callback(refusedSync(error ?? 'unknown_member_id'))
    return
  }
  const { classic } = member.wishes
  member.deadlines.sync.clear()
  member.deadlines.session.set(classic!.sessionTimeoutMs)
  const assigned = namesOf(member.progress.assigned, group.context.topics)
  const version = protocolVersionOf(classic!.protocols[0]?.metadata)
  const assignment = encodeAssignedPartitions(assigned, version)
  const { protocolName } = request
  saveConsumerGroup(group, (isDurable) => {
    if (isDurable) callback({ error: undefined, protocolType, protocolName, assignment })
    else callback(refusedSync('coordinator_not_available'))
  })
}

function refusalOfSync(
  group: ConsumerGroup,
  member: ConsumerMember,
  { generation, protocolType: type, protocolName: name }: SyncRequest,
): GroupErrorCode | undefined {
  if (generation !== member.epoch) return 'illegal_generation'
  const known = member.wishes.classic?.protocols[0]?.name
  if ((type ?? protocolType) !== protocolType || (name ?? known) !== known) {
    return 'inconsistent_group_protocol'
  }
  // One that gives partitions up has joined already: it does that first, and joins again.
  if (group.epoch === member.epoch || member.progress.state === 'unrevoked') return undefined
  awaitJoin(member)
  return 'rebalance_in_progress'
}

export interface ClassicHeartbeat {
  readonly memberId: string
  readonly instanceId: string | undefined
  readonly generation: number
}

export function heartbeatAsClassic(
  group: ConsumerGroup,
  request: ClassicHeartbeat,
): GroupErrorCode | undefined {
  const member = classicMemberOf(group, request)
  if ('error' in member) return member.error
  if (request.generation !== member.epoch) return 'illegal_generation'
  member.deadlines.session.set(member.wishes.classic!.sessionTimeoutMs)
  const { state } = member.progress
  const mayGetMore = state === 'unreleased' && !isWaiting(group, member)
  if (member.epoch === group.epoch && state !== 'unrevoked' && !mayGetMore) return undefined
  awaitJoin(member)
  return 'rebalance_in_progress'
}

/** One error for each, in order. */
export function leaveAsClassic(
  table: GroupTable,
  group: ConsumerGroup,
  leaving: readonly LeavingMember[],
): (GroupErrorCode | undefined)[] {
  const members = new Set<ConsumerMember>()
  const errors = leaving.map(({ memberId, instanceId }) => {
    const member = memberOf(group, { memberId, instanceId })
    if ('error' in member) return member.error
    members.add(member)
    return undefined
  })
  fenceMembers(table, { group, members: [...members] }, () => {})
  return errors
}

/** By its id, or a static one by its instance id alone. */
function memberOf(
  group: ConsumerGroup,
  { memberId, instanceId }: LeavingMember,
): ConsumerMember | Refusal {
  if (instanceId === undefined) return group.find(memberId) ?? unknownMember(group, memberId)
  const holder = group.findStatic(instanceId)
  if (memberId === '' && holder !== undefined) return holder
  return refusalOfInstance(holder, instanceId, memberId) ?? holder!
}

function classicMemberOf(
  group: ConsumerGroup,
  { memberId, instanceId }: LeavingMember,
): ConsumerMember | Refusal {
  const member =
    memberId === '' ? unknownMember(group, memberId) : memberOf(group, { memberId, instanceId })
  return 'error' in member || member.isClassic ? member : unknownMember(group, memberId)
}

/** It has to join again, and is not waited for without end. */
function awaitJoin({ deadlines, wishes }: ConsumerMember): void {
  if (!deadlines.rebalance.isSet) deadlines.rebalance.set(wishes.rebalanceTimeoutMs)
}

/** Whether some partition that it is to get is somebody else's. */
function isWaiting({ owners }: ConsumerGroup, { target, progress }: ConsumerMember): boolean {
  for (const topicId of target.keys()) {
    for (const partition of partitionsOf(target, topicId)) {
      const isMissing = !holds(progress.assigned, topicId, partition)
      if (isMissing && owners.find(topicId, partition) !== undefined) return true
    }
  }
  return false
}
