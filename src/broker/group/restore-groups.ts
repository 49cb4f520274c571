// Groups and offsets come back from their rows, in any order of the rows.
import type { GroupContext } from './group-context.ts'
import { GroupFormatError } from './group-format-error.ts'
import { GroupMember } from './group-member.ts'
import { decodeRow, type StoredGroup } from './group-rows.ts'
import type { GroupRow } from './group-store.ts'
import type { Group } from './group.ts'
import { createSession, prepareRebalance } from './rebalance.ts'

/**
 * Puts each row where it belongs. Rows without a value are skipped. Returns the keys of offsets whose
 * partition is no more: another one that gets its name must not find them.
 */
export function restoreGroups(
  rows: Iterable<GroupRow>,
  context: Pick<GroupContext, 'hasPartition'>,
  getOrCreate: (groupId: string) => Group,
): Buffer[] {
  const unowned: Buffer[] = []
  for (const { key, value } of rows) {
    if (value === undefined) continue
    const row = decodeRow({ key, value })
    if (row.kind === 'group') restoreGroup(getOrCreate(row.groupId), row.group)
    else if (context.hasPartition(row.place.topic, row.place.partition)) {
      const { offsets } = getOrCreate(row.groupId)
      if (row.kind === 'offset') offsets.restore(row.place, row.committed)
      else offsets.pending.add(row)
    } else unowned.push(key)
  }
  return unowned
}

/** The clocks of a restored group begin. */
export function startGroup(group: Group): void {
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
