import type { GroupOffsets } from '../group-offsets.ts'
import type { GroupTable } from '../group-table.ts'
import { ConsumerGroup } from './consumer-group.ts'
import { fenceMembers } from './fence-members.ts'

/** A group whose members are lost when they do not do in time what they have to do. */
export function createConsumerGroup(
  table: GroupTable,
  groupId: string,
  before?: { readonly offsets: GroupOffsets; readonly epoch: number },
): ConsumerGroup {
  const onDeadline = (group: ConsumerGroup, memberId: string): void => {
    const member = group.find(memberId)
    if (member === undefined || group.state === 'Dead') return
    group.context.events.onMemberLost?.(group.id, memberId)
    // Not waited for: if it is lost, the member comes back and is lost once more.
    fenceMembers(table, { group, members: [member] }, () => {})
  }
  return new ConsumerGroup(groupId, table.context, { onDeadline }, before)
}
