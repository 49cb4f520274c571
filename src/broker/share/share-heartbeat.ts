// A member's sign of life: it joins, says what it subscribes to, and hears what it reads. Source: KIP-932;
// texts of Kafka 4.2, GroupMetadataManager.
import { shareLimits } from '../../limits/share.ts'
import { ShareGroupError } from './share-group-error.ts'
import type { ShareGroup, ShareMember } from './share-group.ts'
import type { ShareAssignment } from './simple-assignor.ts'

export interface ShareHeartbeat {
  readonly groupId: string
  readonly memberId: string
  /** 0 to join. */
  readonly memberEpoch: number
  readonly clientId: string
  readonly clientHost: string
  /** Undefined: as before. */
  readonly rackId: string | undefined
  readonly subscribed: readonly string[] | undefined
}

export interface ShareHeartbeatAnswer {
  readonly memberEpoch: number
  readonly heartbeatMs: number
  /** Undefined: as before. */
  readonly assignment: ShareAssignment | undefined
}

/** What there is of all groups together, and what there may be. */
export interface ShareRoom {
  readonly membersMax: number
  readonly memberCount: number
  readonly subscriptionCount: number
}

/**
 * The member that a heartbeat is of, which is new or has what it says by now. Throws ShareGroupError.
 */
export function admitMember(group: ShareGroup, beat: ShareHeartbeat, room: ShareRoom): ShareMember {
  const { memberId, memberEpoch, subscribed } = beat
  const known = group.members.get(memberId)
  if (known === undefined && memberEpoch !== 0) {
    const text = `Member ${memberId} is not a member of group ${group.id}.`
    throw new ShareGroupError('unknown_member_id', text)
  }
  if (known !== undefined) checkEpoch(known, memberEpoch)
  else checkRoom(group, room)
  checkSubscription(subscribed ?? [], known, room)
  const member = known ?? group.addMember(memberId)
  const isChanged = update(member, beat)
  if (known === undefined || isChanged) group.onChanged()
  return member
}

function checkEpoch({ epoch, previousEpoch }: ShareMember, told: number): void {
  if (told === 0 || told === epoch || told === previousEpoch) return
  const which = told > epoch ? 'greater' : 'smaller'
  throw new ShareGroupError(
    'fenced_member_epoch',
    `The share group member has a ${which} member epoch (${told}) than the one known by the group coordinator (${epoch}). The member must abandon all its partitions and rejoin.`,
  )
}

function checkRoom(group: ShareGroup, { membersMax, memberCount }: ShareRoom): void {
  const isFull = group.members.size >= membersMax || memberCount >= shareLimits.shareMembersMax
  if (!isFull) return
  throw new ShareGroupError(
    'group_max_size_reached',
    `The share group has reached its maximum capacity of ${membersMax} members.`,
  )
}

function checkSubscription(
  subscribed: readonly string[],
  known: ShareMember | undefined,
  { subscriptionCount }: ShareRoom,
): void {
  const { shareSubscribedMax, shareSubscriptionsMax } = shareLimits
  const more = subscribed.length - (known?.subscribed.size ?? 0)
  const isFull = more > 0 && subscriptionCount + more > shareSubscriptionsMax
  if (subscribed.length <= shareSubscribedMax && !isFull) return
  throw new ShareGroupError(
    'policy_violation',
    `A member of a share group may subscribe to ${shareSubscribedMax} topics, all members to ${shareSubscriptionsMax}.`,
  )
}

/** Returns whether it subscribes to other topics than before. */
function update(member: ShareMember, beat: ShareHeartbeat): boolean {
  member.clientId = beat.clientId
  member.clientHost = beat.clientHost
  member.rackId = beat.rackId ?? member.rackId
  if (beat.subscribed === undefined) return false
  const before = member.subscribed
  member.subscribed = new Set(beat.subscribed)
  return before.size !== member.subscribed.size || beat.subscribed.some((name) => !before.has(name))
}
