// SyncGroup: the leader brings the assignment, the others fetch theirs. Nobody has it before it is on
// stable storage, so a generation that members have seen is there after a crash.
import { groupLimits } from '../../limits/group.ts'
import type { GroupErrorCode } from './group-error.ts'
import { type GroupMember, ownBytes } from './group-member.ts'
import type { GroupVerdict } from './group-store.ts'
import type { Group } from './group.ts'
import { prepareRebalance, refuseWaitingSyncs } from './rebalance.ts'
import { saveGroup } from './save-group.ts'
import { emptyAssignment, refusedSync, type SyncAnswer, type SyncCallback } from './sync-answer.ts'

/** A request for a member's assignment. Its bytes may be views: what is kept is copied. */
export interface SyncRequest {
  readonly groupId: string
  readonly memberId: string
  readonly instanceId: string | undefined
  readonly generation: number
  /** Undefined before SyncGroup v5, which does not say. */
  readonly protocolType: string | undefined
  readonly protocolName: string | undefined
  /** From the leader: for every member. */
  readonly assignments: readonly { readonly memberId: string; readonly assignment: Buffer }[]
}

/** Syncs a member of a group that exists. */
export function syncGroup(group: Group, request: SyncRequest, callback: SyncCallback): void {
  const error = refusalOf(group, request)
  const member = group.members.find(request.memberId)
  if (error !== undefined || member === undefined) {
    callback(refusedSync(error ?? 'unknown_member_id'))
    return
  }
  noteSynced(group, member)
  if (group.state === 'Stable') {
    callback(acceptedSync(group, member))
    return
  }
  group.awaitSync(member, callback)
  // A leader that asks again waits for what it brought first: two assignments of one generation, one
  // given out and the other on the disk, would part ways in a crash.
  if (group.isLeader(member.id) && group.storingGeneration !== group.generation) {
    storeAssignment(group, request)
  }
}

function refusalOf(group: Group, request: SyncRequest): GroupErrorCode | undefined {
  if (group.state === 'Dead') return 'coordinator_not_available'
  const error = group.checkMember(request.memberId, request.instanceId)
  if (error !== undefined) return error
  if (request.generation !== group.generation) return 'illegal_generation'
  if (
    differs(request.protocolType, group.protocolType) ||
    differs(request.protocolName, group.protocolName)
  ) {
    return 'inconsistent_group_protocol'
  }
  return group.state === 'PreparingRebalance' ? 'rebalance_in_progress' : undefined
}

function differs(said: string | undefined, known: string | undefined): boolean {
  return said !== undefined && known !== undefined && said !== known
}

function noteSynced(group: Group, member: GroupMember): void {
  group.pendingSyncs.delete(member.id)
  if (group.pendingSyncs.size === 0) group.syncDeadline.clear()
}

function storeAssignment(group: Group, request: SyncRequest): void {
  const { generation, members, context } = group
  const assignments = new Map<string, Buffer>()
  let size = 0
  for (const { memberId, assignment } of request.assignments) {
    if (members.find(memberId) === undefined) continue
    assignments.set(memberId, ownBytes(assignment))
    size += assignment.length
  }
  if (members.size + size > groupLimits.groupStateSizeMax || !context.budget.hasRoomFor(size)) {
    refuseAssignment(group, 'unknown_server_error')
    return
  }
  const assignmentOf = (member: GroupMember): Buffer =>
    assignments.get(member.id) ?? emptyAssignment
  const done = (verdict: GroupVerdict): void => {
    // Someone may have come or gone meanwhile: then another generation is on its way.
    if (group.state !== 'CompletingRebalance' || group.generation !== generation) return
    if (verdict === 'full') refuseAssignment(group, 'policy_violation')
    else applyAssignment(group, assignmentOf)
  }
  group.storingGeneration = generation
  saveGroup(group, done, assignmentOf)
}

function refuseAssignment(group: Group, error: GroupErrorCode): void {
  refuseWaitingSyncs(group, error)
  prepareRebalance(group)
}

function applyAssignment(group: Group, assignmentOf: (member: GroupMember) => Buffer): void {
  group.transitionTo('Stable')
  for (const member of group.members.values()) {
    group.members.assign(member, assignmentOf(member))
    if (group.answerSync(member, acceptedSync(group, member))) member.touch()
  }
  group.context.events.onStable?.(group.id, group.generation, group.members.count)
}

function acceptedSync(group: Group, member: GroupMember): SyncAnswer {
  return {
    error: undefined,
    protocolType: group.protocolType,
    protocolName: group.protocolName,
    assignment: member.assignment,
  }
}
