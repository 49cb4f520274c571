// A classic group goes on as a consumer group (KIP-848): its members stay, go on speaking the classic protocol, and
// keep what they have. Texts of refusals are Kafka's.
import { assignedPartitions } from '../assigned-partitions.ts'
import type { GroupMember } from '../group-member.ts'
import { encodeGroupKey } from '../group-rows.ts'
import type { GroupTable } from '../group-table.ts'
import type { Group } from '../group.ts'
import { type Refusal, refusal } from '../refusal.ts'
import { subscribedTopics } from '../subscribed-topics.ts'
import { filtered, joined } from './assignment.ts'
import type { ConsumerGroup } from './consumer-group.ts'
import { hasUserData, idsOf, ownedPartitions } from './consumer-protocol.ts'
import { createConsumerGroup } from './create-consumer-group.ts'

/** Puts it into the table, in memory; the caller stores it. */
export function toConsumerGroup(table: GroupTable, classic: Group): ConsumerGroup | Refusal {
  const refused = classic.state === 'Empty' ? undefined : refusalOfUpgrade(classic)
  if (refused !== undefined) return refused
  const { id, offsets, generation } = classic
  const group = createConsumerGroup(table, id, { offsets, epoch: generation })
  for (const member of classic.members.values()) addMember(group, classic, member)
  for (const member of classic.members.values()) addClaims(group, classic, member)
  group.unsaved.hasGroup = true
  group.unsaved.dropRows([encodeGroupKey(id), ...classic.formerKeys])
  classic.retire('rebalance_in_progress')
  table.set(group)
  return group
}

function refusalOfUpgrade(classic: Group): Refusal | undefined {
  const reason = whyNot(classic)
  if (reason === undefined) return undefined
  const message = `Cannot upgrade classic group ${classic.id} to consumer group because ${reason}.`
  return refusal('group_id_not_found', message)
}

function whyNot(classic: Group): string | undefined {
  const { consumer } = classic.context.config
  const { migrationPolicy } = consumer
  if (migrationPolicy !== 'upgrade' && migrationPolicy !== 'bidirectional') {
    return 'online upgrade is disabled'
  }
  if (!classic.isConsumerGroup) return 'the group does not use the consumer embedded protocol'
  if (classic.members.count > consumer.membersMax) {
    return 'the group size exceeds the consumer group maximum size'
  }
  for (const member of classic.members.values()) {
    const isRead = subscriptionOf(classic, member) !== undefined
    if (!isRead || assignedPartitions(member.assignment) === undefined) {
      return 'the embedded consumer protocol is malformed'
    }
    if (hasUserData(member.assignment)) {
      return 'an unsupported custom assignor is in use. Please refer to the documentation or switch to a default assignor before re-attempting the upgrade'
    }
  }
  return undefined
}

/** A group that has not agreed on a protocol yet goes by what the member wants most. */
function subscriptionOf(classic: Group, member: GroupMember): readonly string[] | undefined {
  const metadata = metadataOf(classic, member)
  return metadata && subscribedTopics(metadata)
}

function metadataOf({ protocolName }: Group, member: GroupMember): Buffer | undefined {
  return member.metadataFor(protocolName) ?? member.terms.protocols[0]?.metadata
}

function addMember(group: ConsumerGroup, classic: Group, from: GroupMember): void {
  const { id: memberId, instanceId, clientId, clientHost, terms } = from
  const { rebalanceTimeoutMs, ...classicTerms } = terms
  const member = group.createMember(
    { memberId, instanceId, clientId, clientHost },
    {
      rackId: undefined,
      rebalanceTimeoutMs,
      topicNames: [...new Set(subscriptionOf(classic, from))].sort(),
      topicPattern: '',
      assignor: undefined,
      classic: classicTerms,
    },
  )
  const places = idsOf(assignedPartitions(from.assignment) ?? [], group.context.topics)
  // A leader may have given one to two members: the first has it.
  const isFree = (topicId: string, partition: number): boolean =>
    group.owners.find(topicId, partition) === undefined
  const assigned = filtered(places, isFree)
  const { epoch } = group
  member.progress = { ...member.progress, epoch, previousEpoch: epoch, assigned }
  member.target = assigned
  group.add(member)
  member.deadlines.session.set(terms.sessionTimeoutMs)
}

/**
 * While a group rebalances, cooperative members work on what they said that they have when they joined, which no
 * assignment says: it is theirs until they join without it.
 */
function addClaims(group: ConsumerGroup, classic: Group, from: GroupMember): void {
  const metadata = metadataOf(classic, from)
  const member = group.find(from.id)
  if (metadata === undefined || member === undefined) return
  const claims = filtered(
    idsOf(ownedPartitions(metadata), group.context.topics),
    (topicId, partition) => group.owners.find(topicId, partition) === undefined,
  )
  if (claims.size === 0) return
  const { progress } = member
  group.advance(member, { ...progress, assigned: joined(progress.assigned, claims) })
}
