import type { GroupMember } from './group-member.ts'
import { encodeGroup, encodeGroupKey } from './group-rows.ts'
import type { GroupRow, GroupVerdict } from './group-store.ts'
import type { Group } from './group.ts'

/** Called within a step, when the group is (or will not be) on stable storage. */
export type SavedCallback = (verdict: GroupVerdict) => void

/** Stores the group as it is, but with the assignments that `assignmentOf` gives. */
export function saveGroup(
  group: Group,
  done: SavedCallback,
  assignmentOf: (member: GroupMember) => Buffer = (member) => member.assignment,
): void {
  const value = encodeGroup({
    generation: group.generation,
    protocolType: group.protocolType,
    protocolName: group.protocolName,
    leaderId: group.leaderId,
    stateSinceMs: group.stateSinceMs,
    members: Array.from(group.members.values(), (member) => ({
      memberId: member.id,
      instanceId: member.instanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      ...member.terms,
      assignment: assignmentOf(member),
    })),
  })
  const { store, answers } = group.context
  const formerKeys = group.formerKeys.splice(0)
  const former = formerKeys.map((key): GroupRow => ({ key, value: undefined }))
  store.write([...former, { key: encodeGroupKey(group.id), value }], (verdict) => {
    if (verdict === 'full') group.formerKeys.push(...formerKeys)
    answers.run(() => done(verdict))
  })
}
