// LeaveGroup: members that go, or that an operator removes by their instance id.
import type { GroupErrorCode } from './group-error.ts'
import type { Group } from './group.ts'
import { afterRemoval, endJoinPhaseIfComplete } from './rebalance.ts'

/** Who leaves: a member by its id, a static member also by its instance id alone. */
export interface LeavingMember {
  /** Empty: by instance id. */
  readonly memberId: string
  readonly instanceId: string | undefined
}

/** Removes each of `leaving` that is there; the errors are in the order of the members. */
export function leaveGroup(
  group: Group,
  leaving: readonly LeavingMember[],
): (GroupErrorCode | undefined)[] {
  const countBefore = group.members.count
  const errors = leaving.map((member) => leave(group, member))
  // Who only had an id and never joined is not missed, but a rebalance may have waited for it.
  if (group.members.count < countBefore) afterRemoval(group)
  else endJoinPhaseIfComplete(group)
  return errors
}

function leave(group: Group, { memberId, instanceId }: LeavingMember): GroupErrorCode | undefined {
  if (memberId === '') {
    const holder = instanceId === undefined ? undefined : group.members.findIdOfInstance(instanceId)
    return holder === undefined ? 'unknown_member_id' : remove(group, holder)
  }
  if (group.forgetPendingJoin(memberId)) return undefined
  return group.checkMember(memberId, instanceId) ?? remove(group, memberId)
}

function remove(group: Group, memberId: string): undefined {
  const member = group.members.find(memberId)
  if (member !== undefined) group.removeMember(member, 'unknown_member_id')
}
