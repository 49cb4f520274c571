import type { Group, GroupState } from './group.ts'
import { emptyAssignment } from './sync-answer.ts'

/** A member as tools see it. */
export interface MemberDescription {
  readonly memberId: string
  readonly instanceId: string | undefined
  readonly clientId: string
  readonly clientHost: string
  /** Empty unless the group is stable. */
  readonly metadata: Buffer
  readonly assignment: Buffer
}

/** A group as tools see it. */
export interface GroupDescription {
  readonly groupId: string
  readonly state: GroupState
  readonly generation: number
  /** Empty when it only stores offsets. */
  readonly protocolType: string
  /** Empty unless the group is stable. */
  readonly protocolName: string
  readonly members: readonly MemberDescription[]
}

/** A group in a list. */
export interface GroupListing {
  readonly groupId: string
  readonly protocolType: string
  readonly state: GroupState
  readonly type: 'classic'
}

/** Which groups to list; an empty set lets all pass. Compared without case. */
export interface GroupFilter {
  readonly states: readonly string[]
  readonly types: readonly string[]
}

export function describeGroup(group: Group): GroupDescription {
  const isStable = group.state === 'Stable'
  return {
    groupId: group.id,
    state: group.state,
    generation: group.generation,
    protocolType: group.protocolType ?? '',
    protocolName: (isStable && group.protocolName) || '',
    members: Array.from(group.members.values(), (member) => ({
      memberId: member.id,
      instanceId: member.instanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      metadata: (isStable && member.metadataFor(group.protocolName)) || emptyAssignment,
      assignment: member.assignment,
    })),
  }
}

export function listGroup(group: Group): GroupListing {
  const { id: groupId, state, protocolType = '' } = group
  return { groupId, protocolType, state, type: 'classic' }
}

/** Also of a group of another kind. */
export function passes(
  listing: { readonly state: string; readonly type: string },
  { states, types }: GroupFilter,
): boolean {
  return isAmong(listing.state, states) && isAmong(listing.type, types)
}

function isAmong(value: string, wanted: readonly string[]): boolean {
  const matches = (one: string): boolean => one.trim().toLowerCase() === value.toLowerCase()
  return wanted.length === 0 || wanted.some(matches)
}
