// The rebalance of one group, from the first reason for it to the point where every member waits for
// the leader's assignment. All functions run within a step of the answer queue.
import { Deadline } from '../../lib/deadline.ts'
import type { GroupContext } from './group-context.ts'
import type { GroupErrorCode } from './group-error.ts'
import type { GroupMember } from './group-member.ts'
import type { GroupOffsets } from './group-offsets.ts'
import { Group } from './group.ts'
import { saveGroup } from './save-group.ts'
import { emptyAssignment, refusedSync } from './sync-answer.ts'

/** A group that is Empty. */
export function createGroup(id: string, context: GroupContext, offsets?: GroupOffsets): Group {
  return new Group(id, context, { onJoinDeadline, onSyncDeadline }, offsets)
}

/** The clock that a member's heartbeats set back. */
export function createSession(group: Group, memberId: string): Deadline {
  return new Deadline(group.context.clock, () => {
    group.context.answers.run(() => onSessionPassed(group, memberId))
  })
}

/** A reason to rebalance came up: begins one, or ends the one that waited for just this. */
export function rebalance(group: Group): void {
  if (group.state === 'PreparingRebalance') endJoinPhaseIfComplete(group)
  else prepareRebalance(group)
}

/** Begins a rebalance; the group is not in one. */
export function prepareRebalance(group: Group): void {
  if (group.state === 'CompletingRebalance') refuseWaitingSyncs(group, 'rebalance_in_progress')
  group.pendingSyncs.clear()
  group.syncDeadline.clear()
  const isInitial = group.state === 'Empty'
  group.transitionTo('PreparingRebalance')
  if (isInitial) {
    const { initialRebalanceDelayMs: delayMs } = group.context.config
    const remainingMs = Math.max(group.members.rebalanceTimeoutMs() - delayMs, 0)
    group.initialDelay = { remainingMs, hasNewMember: false }
    group.joinDeadline.set(delayMs)
  } else if (group.hasEveryoneJoined) {
    endJoinPhase(group)
  } else {
    group.joinDeadline.set(group.members.rebalanceTimeoutMs())
  }
}

/** Ends the join phase when nobody is missing and the initial delay is over. */
export function endJoinPhaseIfComplete(group: Group): void {
  if (group.state !== 'PreparingRebalance' || group.initialDelay !== undefined) return
  if (group.hasEveryoneJoined) endJoinPhase(group)
}

/** A member is gone. */
export function afterRemoval(group: Group): void {
  if (group.state === 'Stable' || group.state === 'CompletingRebalance') prepareRebalance(group)
  else endJoinPhaseIfComplete(group)
}

/** All waiting syncs are answered with `error`, and no member has an assignment any more. */
export function refuseWaitingSyncs(group: Group, error: GroupErrorCode): void {
  for (const member of group.members.values()) {
    group.members.assign(member, emptyAssignment)
    if (group.answerSync(member, refusedSync(error))) member.touch()
  }
}

/** Who has joined by now is the next generation; static members keep their place in any case. */
function endJoinPhase(group: Group): void {
  group.joinDeadline.clear()
  group.initialDelay = undefined
  for (const member of group.members.values()) {
    if (!member.isAwaitingJoin && !member.isStatic) loseMember(group, member)
  }
  if (!group.electJoinedLeader() && group.members.count > 0) {
    // Only static members that are away: their sessions end, or one comes back.
    group.joinDeadline.set(group.members.rebalanceTimeoutMs())
    return
  }
  group.startGeneration()
  if (group.state === 'Empty') finishEmpty(group)
  else answerJoins(group)
}

function finishEmpty(group: Group): void {
  // Not waited for: if it is lost, the generation before comes back, and its members time out again.
  saveGroup(group, () => {})
  group.context.events.onEmpty?.(group.id, group.generation)
}

function answerJoins(group: Group): void {
  for (const member of group.members.values()) {
    group.answerJoin(member, group.joinAnswerFor(member.id))
    member.isNew = false
    member.touch()
    group.pendingSyncs.add(member.id)
  }
  group.syncDeadline.set(group.members.rebalanceTimeoutMs())
}

/** The initial delay is over, or the rebalance timeout. */
function onJoinDeadline(group: Group): void {
  if (group.state !== 'PreparingRebalance') return
  const delay = group.initialDelay
  if (delay?.hasNewMember && delay.remainingMs > 0) {
    const nextMs = Math.min(group.context.config.initialRebalanceDelayMs, delay.remainingMs)
    const remainingMs = Math.max(delay.remainingMs - nextMs, 0)
    group.initialDelay = { remainingMs, hasNewMember: false }
    group.joinDeadline.set(nextMs)
    return
  }
  endJoinPhase(group)
}

/** Members of this generation never asked for their assignment. */
function onSyncDeadline(group: Group): void {
  if (group.state !== 'CompletingRebalance' && group.state !== 'Stable') return
  if (group.pendingSyncs.size === 0) return
  for (const memberId of group.pendingSyncs) {
    const member = group.members.find(memberId)
    if (member !== undefined) loseMember(group, member)
  }
  prepareRebalance(group)
}

function onSessionPassed(group: Group, memberId: string): void {
  if (group.forgetPendingJoin(memberId)) {
    endJoinPhaseIfComplete(group)
    return
  }
  const member = group.members.find(memberId)
  if (member === undefined || member.isExcusedFromHeartbeat) return
  loseMember(group, member)
  afterRemoval(group)
}

function loseMember(group: Group, member: GroupMember): void {
  group.removeMember(member, 'unknown_member_id')
  group.context.events.onMemberLost?.(group.id, member.id)
}
