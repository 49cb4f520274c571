// Whether whoever commits offsets of a consumer group, or asks for them, is the member that it says, as far as the
// group knows (KIP-848).
import type { GroupErrorCode } from '../group-error.ts'
import type { ConsumerGroup } from './consumer-group.ts'

export interface OffsetRequester {
  /** Empty for nobody. */
  readonly memberId: string
  readonly instanceId: string | undefined
  /** The member's epoch; negative for nobody. */
  readonly generation: number
}

/** `knowsMissingGroup` is of OffsetCommit 9 and later, which members of the consumer protocol have to use. */
export function refusalOfConsumerCommit(
  group: ConsumerGroup,
  request: OffsetRequester & { readonly knowsMissingGroup: boolean },
): GroupErrorCode | undefined {
  const { memberId, generation } = request
  if (group.state === 'Dead') return 'coordinator_not_available'
  if (generation < 0 && group.memberCount === 0) return undefined
  const member = group.find(memberId)
  if (member === undefined) return 'unknown_member_id'
  if (!member.isClassic && !request.knowsMissingGroup) return 'unsupported_version'
  if (generation === member.epoch) return undefined
  return member.isClassic ? 'illegal_generation' : 'stale_member_epoch'
}

/** TxnOffsetCommit: clients before Kafka 2.5 do not say which member they are. */
export function refusalOfConsumerStaging(
  group: ConsumerGroup,
  { memberId, instanceId, generation }: OffsetRequester,
): GroupErrorCode | undefined {
  if (generation < 0 && group.memberCount === 0) return undefined
  if (generation < 0 && memberId === '' && instanceId === undefined) return undefined
  const member = group.find(memberId)
  if (member === undefined) return 'unknown_member_id'
  return generation === member.epoch ? undefined : 'illegal_generation'
}

/** Who says nothing of itself may ask. */
export function refusalOfConsumerFetch(
  group: ConsumerGroup,
  { memberId, generation }: Pick<OffsetRequester, 'memberId' | 'generation'>,
): GroupErrorCode | undefined {
  if (memberId === '' && generation < 0) return undefined
  const member = group.find(memberId)
  if (member === undefined) return 'unknown_member_id'
  if (generation === member.epoch) return undefined
  return member.isClassic ? 'illegal_generation' : 'stale_member_epoch'
}
