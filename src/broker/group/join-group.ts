// JoinGroup: new members, members that come back, static members that take their place again.
import { groupLimits } from '../../limits/group.ts'
import {
  GroupMember,
  type MemberProtocol,
  type MemberTerms,
  ownProtocols,
  sizeOfProtocols,
} from './group-member.ts'
import type { Group } from './group.ts'
import { type JoinCallback, refusedJoin } from './join-answer.ts'
import { createMemberId } from './member-id.ts'
import {
  afterRemoval,
  createSession,
  endJoinPhaseIfComplete,
  prepareRebalance,
  rebalance,
} from './rebalance.ts'
import { saveGroup } from './save-group.ts'

/** A request to join. Its bytes may be views: what is kept is copied. */
export interface JoinRequest {
  readonly groupId: string
  /** Empty when the asker has none. */
  readonly memberId: string
  readonly instanceId: string | undefined
  readonly clientId: string
  readonly clientHost: string
  readonly sessionTimeoutMs: number
  /** Negative (JoinGroup v0): the session timeout counts. */
  readonly rebalanceTimeoutMs: number
  readonly protocolType: string
  /** Most wanted first. */
  readonly protocols: readonly MemberProtocol[]
  /** JoinGroup v4 and later: a new member is given an id and joins again with it. */
  readonly needsKnownMemberId: boolean
  /** JoinGroup v9 and later (KIP-814). */
  readonly canSkipAssignment: boolean
}

/** Joins `request` to a group that exists. */
export function joinGroup(group: Group, request: JoinRequest, callback: JoinCallback): void {
  if (group.state === 'Dead') {
    callback(refusedJoin(request.memberId, 'coordinator_not_available'))
  } else if (isNew(group, request) && !group.context.admission.mayEnter) {
    callback(refusedJoin(request.memberId, 'coordinator_not_available'))
  } else if (!hasRoomFor(group, request)) {
    turnAway(group, request, callback)
  } else if (!group.supports(request.protocolType, request.protocols)) {
    callback(refusedJoin(request.memberId, 'inconsistent_group_protocol'))
  } else if (request.memberId === '') {
    joinNewMember(group, request, callback)
  } else {
    joinKnownMember(group, request, callback)
  }
}

function isNew({ members }: Group, { memberId }: JoinRequest): boolean {
  return members.find(memberId) === undefined
}

/**
 * While a rebalance gathers members, those who come first are in: what counts is who waits. That way
 * a group that is over a lowered limit shrinks.
 */
function hasRoomFor(group: Group, request: JoinRequest): boolean {
  const { members, context } = group
  const known = members.find(request.memberId)
  const growth = sizeOfProtocols(request.protocols) - sizeOfProtocols(known?.terms.protocols ?? [])
  if (members.size + growth > groupLimits.groupStateSizeMax || !context.budget.hasRoomFor(growth)) {
    return false
  }
  const { membersMax } = context.config
  if (group.state === 'Empty') return true
  if (group.state === 'PreparingRebalance') {
    return known?.isAwaitingJoin || members.awaitingJoinCount < membersMax
  }
  return known !== undefined || members.count < membersMax
}

function turnAway(group: Group, request: JoinRequest, callback: JoinCallback): void {
  callback(refusedJoin('', 'group_max_size_reached'))
  group.forgetPendingJoin(request.memberId)
  const member = group.members.find(request.memberId)
  if (member === undefined) return
  group.removeMember(member, 'group_max_size_reached')
  afterRemoval(group)
}

function joinNewMember(group: Group, request: JoinRequest, callback: JoinCallback): void {
  const { context } = group
  const memberId = createMemberId(request.instanceId ?? request.clientId, context.random)
  if (request.instanceId !== undefined) {
    const holder = group.members.findIdOfInstance(request.instanceId)
    if (holder === undefined) addMember(group, memberId, request, callback)
    else takePlaceOf(group.members.find(holder)!, { group, memberId, request, callback })
  } else if (!request.needsKnownMemberId) {
    addMember(group, memberId, request, callback)
  } else if (group.pendingJoins.size >= groupLimits.groupPendingMembersMax) {
    callback(refusedJoin('', 'group_max_size_reached'))
  } else {
    const pending = createSession(group, memberId)
    pending.set(request.sessionTimeoutMs)
    group.pendingJoins.set(memberId, pending)
    callback(refusedJoin(memberId, 'member_id_required'))
  }
}

function joinKnownMember(group: Group, request: JoinRequest, callback: JoinCallback): void {
  const { memberId, instanceId } = request
  if (instanceId === undefined && group.pendingJoins.has(memberId)) {
    addMember(group, memberId, request, callback)
    return
  }
  const error = group.checkMember(memberId, instanceId)
  const member = group.members.find(memberId)
  if (error !== undefined || member === undefined) {
    callback(refusedJoin(memberId, error ?? 'unknown_member_id'))
  } else if (wantsNothingNew(group, member, request)) {
    // Its last answer may have been lost, or it only wants to be sure: the generation stands.
    callback(group.joinAnswerFor(memberId))
  } else {
    group.members.changeTerms(member, termsOf(request))
    group.awaitJoin(member, callback)
    rebalance(group)
  }
}

/** A leader that joins again wants a rebalance, for reasons that its metadata need not show. */
function wantsNothingNew(group: Group, member: GroupMember, request: JoinRequest): boolean {
  if (!member.offersTheSameAs(request.protocols)) return false
  if (group.state === 'CompletingRebalance') return true
  return group.state === 'Stable' && !group.isLeader(member.id)
}

// oxlint-disable-next-line max-params -- a member is made of exactly these
function addMember(
  group: Group,
  memberId: string,
  request: JoinRequest,
  callback: JoinCallback,
): void {
  const member = createMember(group, memberId, request)
  if (group.initialDelay !== undefined) group.initialDelay.hasNewMember = true
  group.addMember(member, request.protocolType)
  group.awaitJoin(member, callback)
  // It does not know its id and cannot heartbeat; but it is not waited for without end.
  member.session.set(groupLimits.groupNewMemberJoinMs)
  rebalance(group)
}

interface StaticReturn {
  readonly group: Group
  readonly memberId: string
  readonly request: JoinRequest
  readonly callback: JoinCallback
}

/** A static member came back without its member id: it gets a new one, and the old one is fenced. */
function takePlaceOf(previous: GroupMember, back: StaticReturn): void {
  const { group, memberId, request, callback } = back
  const leaderBefore = group.leaderId
  const member = createMember(group, memberId, request)
  group.replaceMember(previous, member)
  group.awaitJoin(member, callback)
  member.touch()
  if (group.state === 'CompletingRebalance') {
    // The leader may be making an assignment for the old id.
    prepareRebalance(group)
  } else if (group.state !== 'Stable') {
    endJoinPhaseIfComplete(group)
  } else if (group.members.vote() === group.protocolName) {
    keepGeneration(member, back, leaderBefore)
  } else {
    prepareRebalance(group)
  }
}

/** The assignment stands: the new member id is stored, then the member has the present generation. */
function keepGeneration(
  member: GroupMember,
  { group, request, callback }: StaticReturn,
  leaderBefore: string | undefined,
): void {
  const { generation } = group
  saveGroup(group, (verdict) => {
    // A rebalance that began meanwhile answers the join itself.
    if (member.joinCallback !== callback) return
    if (group.state !== 'Stable' || group.generation !== generation) return
    member.touch()
    if (verdict === 'full') {
      group.answerJoin(member, refusedJoin('', 'policy_violation'))
      return
    }
    const answer = group.joinAnswerFor(member.id)
    group.answerJoin(
      member,
      request.canSkipAssignment
        ? { ...answer, skipsAssignment: group.isLeader(member.id) }
        : // Told that it leads, an older client would make an assignment nobody asked for.
          { ...answer, leaderId: leaderBefore ?? '', members: [] },
    )
  })
}

function createMember(group: Group, memberId: string, request: JoinRequest): GroupMember {
  const { instanceId, clientId, clientHost } = request
  return new GroupMember(
    { memberId, instanceId, clientId, clientHost },
    termsOf(request),
    createSession(group, memberId),
  )
}

function termsOf(request: JoinRequest): MemberTerms {
  const { sessionTimeoutMs, rebalanceTimeoutMs } = request
  return {
    sessionTimeoutMs,
    rebalanceTimeoutMs: rebalanceTimeoutMs < 0 ? sessionTimeoutMs : rebalanceTimeoutMs,
    protocols: ownProtocols(request.protocols),
  }
}
