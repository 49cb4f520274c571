// Groups and offsets come back from their rows, in any order of the rows.
import { consumerParts } from './consumer/consumer-parts.ts'
import { isConsumerRow } from './consumer/consumer-row-kinds.ts'
import { hasPartition } from './consumer/group-topics.ts'
import { GroupFormatError } from './group-format-error.ts'
import { GroupMember } from './group-member.ts'
import { decodeRow, type StoredGroup } from './group-rows.ts'
import type { GroupRow } from './group-store.ts'
import type { AnyGroup, GroupTable } from './group-table.ts'
import type { Group } from './group.ts'
import { createSession, prepareRebalance } from './rebalance.ts'

/**
 * Puts each row where it belongs; `consumerParts` are loaded if any is of the consumer protocol. Rows without a value are skipped. Returns the keys of offsets whose
 * partition is no more: another one that gets its name must not find them.
 */
export function restoreGroups(table: GroupTable, rows: readonly GroupRow[]): Buffer[] {
  const { topics } = table.context
  const consumerRows = rows.filter(isConsumerRow)
  if (consumerRows.length > 0) consumerParts.value.restoreConsumerGroups(table, consumerRows)
  const unowned: Buffer[] = []
  for (const { key, value } of rows) {
    if (value === undefined || isConsumerRow({ key, value })) continue
    const row = decodeRow({ key, value })
    if (row.kind === 'group') {
      const group = table.getOrCreate(row.groupId)
      if (group.kind === 'consumer') {
        throw new GroupFormatError(`group ${row.groupId} is there in both protocols`)
      }
      restoreGroup(group, row.group)
    } else if (hasPartition(topics, row.place)) {
      const { offsets } = table.getOrCreate(row.groupId)
      if (row.kind === 'offset') offsets.restore(row.place, row.committed)
      else offsets.pending.add(row)
    } else unowned.push(key)
  }
  return unowned
}

/** The clocks of a restored group begin. */
export function startGroup(group: AnyGroup): void {
  if (group.kind === 'consumer') {
    consumerParts.value.startConsumerGroup(group)
    return
  }
  for (const member of group.members.values()) member.touch()
  // The limit was lowered: a rebalance lets only so many in, after they have committed.
  if (group.members.count > group.context.config.membersMax) prepareRebalance(group)
}

function restoreGroup(group: Group, stored: StoredGroup): void {
  for (const { assignment, ...rest } of stored.members) {
    if (group.members.find(rest.memberId) !== undefined) {
      throw new GroupFormatError(`group ${group.id} has member ${rest.memberId} twice`)
    }
    const member = new GroupMember(rest, rest, createSession(group, rest.memberId))
    member.isNew = false
    group.addMember(member, stored.protocolType ?? '')
    group.members.assign(member, assignment)
  }
  group.restore(stored)
}
