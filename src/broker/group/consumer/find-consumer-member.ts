// Which member of a consumer group a request is from, and whether it is as far as the group knows.
import { type Refusal, refusal } from '../refusal.ts'
import { type Assignment, isContained } from './assignment.ts'
import { emptyWishes } from './change-member.ts'
import type { ConsumerGroup } from './consumer-group.ts'
import { awayEpoch, type ConsumerMember } from './consumer-member.ts'

export interface MemberAsking {
  readonly memberId: string
  readonly instanceId: string | undefined
  readonly memberEpoch: number
  readonly clientId: string
  readonly clientHost: string
  readonly owned: Assignment | undefined
  /** It may be new. */
  readonly isJoining: boolean
  /** It speaks the classic protocol, whose epochs are checked elsewhere. */
  readonly isClassic: boolean
}

/** The member, made if it is new, or put in the place of a static one. */
export function findMember(group: ConsumerGroup, asking: MemberAsking): ConsumerMember | Refusal {
  const { instanceId } = asking
  return instanceId === undefined
    ? findDynamic(group, asking)
    : findStatic(group, { ...asking, instanceId })
}

function findDynamic(group: ConsumerGroup, asking: MemberAsking): ConsumerMember | Refusal {
  const known = group.find(asking.memberId)
  if (known === undefined) {
    return asking.isJoining ? addMember(group, asking) : unknownMember(group, asking.memberId)
  }
  return refusalOfEpoch(known, asking) ?? known
}

function findStatic(
  group: ConsumerGroup,
  asking: MemberAsking & { readonly instanceId: string },
): ConsumerMember | Refusal {
  const { instanceId, memberId } = asking
  const holder = group.findStatic(instanceId)
  if (!asking.isJoining) {
    const refused = refusalOfInstance(holder, instanceId, memberId)
    return refused ?? refusalOfEpoch(holder!, asking) ?? holder!
  }
  if (holder === undefined) return addMember(group, asking)
  const isHeld = !asking.isClassic && !holder.isClassic && holder.epoch !== awayEpoch
  if (isHeld) {
    return refusal(
      'unreleased_instance_id',
      `Static member ${memberId} with instance id ${instanceId} cannot join the group because the instance id is owned by ${holder.id} member.`,
    )
  }
  return takePlaceOf(group, holder, asking)
}

/** The instance has a member, and it is this one. */
export function refusalOfInstance(
  holder: ConsumerMember | undefined,
  instanceId: string,
  memberId: string,
): Refusal | undefined {
  if (holder === undefined) {
    return refusal('unknown_member_id', `Instance id ${instanceId} is unknown.`)
  }
  if (holder.id === memberId) return undefined
  return refusal(
    'fenced_instance_id',
    `Static member ${memberId} with instance id ${instanceId} was fenced by member ${holder.id}.`,
  )
}

export function unknownMember({ id }: ConsumerGroup, memberId: string): Refusal {
  return refusal('unknown_member_id', `Member ${memberId} is not a member of group ${id}.`)
}

function addMember(group: ConsumerGroup, asking: MemberAsking): ConsumerMember {
  const member = group.createMember(asking, emptyWishes)
  group.add(member)
  return member
}

/** A static member is back under another id, and goes on where the one before was. */
function takePlaceOf(
  group: ConsumerGroup,
  before: ConsumerMember,
  asking: MemberAsking,
): ConsumerMember {
  const { wishes, progress, target } = before
  if (before.id === asking.memberId) {
    group.advance(before, { ...progress, epoch: 0, previousEpoch: 0 })
    return before
  }
  const member = group.createMember(asking, wishes)
  member.target = target
  member.progress = { ...progress, epoch: 0, previousEpoch: 0 }
  group.replace(before, member)
  return member
}

function refusalOfEpoch(member: ConsumerMember, asking: MemberAsking): Refusal | undefined {
  if (asking.isClassic) return undefined
  const { memberEpoch, owned } = asking
  const { epoch, previousEpoch, assigned } = member.progress
  if (memberEpoch === epoch) return undefined
  const mayHaveMissed =
    memberEpoch < epoch &&
    memberEpoch === previousEpoch &&
    owned !== undefined &&
    isContained(owned, assigned)
  if (mayHaveMissed) return undefined
  const kind = memberEpoch > epoch ? 'greater' : 'smaller'
  return refusal(
    'fenced_member_epoch',
    `The consumer group member has a ${kind} member epoch (${memberEpoch}) than the one known by the group coordinator (${epoch}). The member must abandon all its partitions and rejoin.`,
  )
}
