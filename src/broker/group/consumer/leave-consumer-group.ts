// A member of the consumer protocol leaves: for good, or as a static member for a while.
import type { GroupTable } from '../group-table.ts'
import { type Refusal } from '../refusal.ts'
import { noPartitions } from './assignment.ts'
import type { ConsumerGroup } from './consumer-group.ts'
import { awayEpoch, type ConsumerMember } from './consumer-member.ts'
import type { ConsumerHeartbeat, ConsumerHeartbeatCallback } from './consumer-messages.ts'
import { fenceMembers } from './fence-members.ts'
import { findConsumerGroup } from './find-consumer-group.ts'
import { refusalOfInstance, unknownMember } from './find-consumer-member.ts'
import { notSaved, saveConsumerGroup } from './save-consumer-group.ts'

type Leaving = Pick<ConsumerHeartbeat, 'groupId' | 'memberId' | 'instanceId' | 'memberEpoch'>

/** Answered when it is durable that the member has left. */
export function leaveConsumerGroup(
  table: GroupTable,
  leaving: Leaving,
  callback: ConsumerHeartbeatCallback,
): void {
  const group = findConsumerGroup(table, leaving.groupId)
  const member = 'error' in group ? group : memberOf(group, leaving)
  if ('error' in group || 'error' in member) {
    callback('error' in group ? group : (member as Refusal))
    return
  }
  const { memberEpoch } = leaving
  const answer = { memberId: member.id, memberEpoch, heartbeatIntervalMs: 0, assignment: undefined }
  const done = (isDurable: boolean): void => callback(isDurable ? answer : notSaved())
  if (memberEpoch === awayEpoch && leaving.instanceId !== undefined) {
    group.advance(member, { ...member.progress, epoch: awayEpoch, revoking: noPartitions })
    member.deadlines.rebalance.clear()
    saveConsumerGroup(group, done)
  } else {
    fenceMembers(table, { group, members: [member] }, done)
  }
}

function memberOf(
  group: ConsumerGroup,
  { memberId, instanceId }: Leaving,
): ConsumerMember | Refusal {
  if (instanceId === undefined) return group.find(memberId) ?? unknownMember(group, memberId)
  const holder = group.findStatic(instanceId)
  return refusalOfInstance(holder, instanceId, memberId) ?? holder!
}
