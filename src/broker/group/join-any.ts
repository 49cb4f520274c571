// A join of the classic protocol, to a group of either.
import type { ConsumerGroup } from './consumer/consumer-group.ts'
import { consumerParts } from './consumer/consumer-parts.ts'
import type { AnyGroup, GroupTable } from './group-table.ts'
import type { JoinCallback } from './join-answer.ts'
import { joinGroup, type JoinRequest } from './join-group.ts'
import { saveGroup } from './save-group.ts'

export interface JoinAsked {
  readonly request: JoinRequest
  readonly callback: JoinCallback
}

export function joinAny(
  table: GroupTable,
  group: AnyGroup,
  { request, callback }: JoinAsked,
): void {
  if (group.kind === 'classic') {
    joinGroup(group, request, callback)
    return
  }
  const replaced = replacedBy(group, request)
  if (group.state !== 'Empty' && replaced === undefined) {
    consumerParts.value.joinAsClassic(group, request, callback)
    return
  }
  const leaving = new Set(replaced === undefined ? [] : [replaced])
  const classic = consumerParts.value.toClassicGroup(table, group, leaving)
  // Not waited for: what the join leads to is written after it.
  saveGroup(classic, () => {})
  joinGroup(classic, request, callback)
}

/**
 * The last member of the consumer protocol, when it is a static one that comes back with the classic protocol: the
 * group is a classic one then, and rebalances.
 */
function replacedBy(
  group: ConsumerGroup,
  { instanceId, memberId }: JoinRequest,
): ReturnType<ConsumerGroup['find']> {
  if (instanceId === undefined || memberId !== '') return undefined
  const holder = group.findStatic(instanceId)
  if (holder === undefined || holder.isClassic) return undefined
  return consumerParts.value.mayDowngrade(group, new Set([holder])) ? holder : undefined
}
