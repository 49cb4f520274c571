// A consumer group goes on as a classic one: with the members that speak the classic protocol, whose assignments are
// their targets.
import { GroupMember } from '../group-member.ts'
import type { GroupTable } from '../group-table.ts'
import type { Group } from '../group.ts'
import { consumerProtocolType } from '../group.ts'
import { createGroup, createSession } from '../rebalance.ts'
import type { ConsumerGroup } from './consumer-group.ts'
import type { ConsumerMember } from './consumer-member.ts'
import { encodeAssignedPartitions, namesOf, protocolVersionOf } from './consumer-protocol.ts'
import { keysOfConsumerGroup } from './save-consumer-group.ts'

/** Puts it into the table, in memory; the caller stores it, and begins a rebalance where there are members. */
export function toClassicGroup(
  table: GroupTable,
  group: ConsumerGroup,
  leaving: ReadonlySet<ConsumerMember>,
): Group {
  const { context, id, offsets, epoch } = group
  const classic = createGroup(id, context, offsets)
  classic.formerKeys.push(...keysOfConsumerGroup(group))
  const staying = [...group.members()].filter((member) => !leaving.has(member))
  group.retire()
  table.set(classic)
  for (const member of staying) addMember(classic, member)
  const isEmpty = staying.length === 0
  classic.restore({
    generation: epoch,
    protocolType: consumerProtocolType,
    protocolName: isEmpty ? undefined : classic.members.vote(),
    leaderId: staying[0]?.id,
    stateSinceMs: context.clock.now(),
  })
  return classic
}

function addMember(classic: Group, of: ConsumerMember): void {
  const { id: memberId, instanceId, clientId, clientHost, wishes, target } = of
  const terms = wishes.classic!
  const member = new GroupMember(
    { memberId, instanceId, clientId, clientHost },
    { ...terms, rebalanceTimeoutMs: wishes.rebalanceTimeoutMs },
    createSession(classic, memberId),
  )
  member.isNew = false
  classic.addMember(member, consumerProtocolType)
  const version = protocolVersionOf(terms.protocols[0]?.metadata)
  const assigned = namesOf(target, classic.context.topics)
  classic.members.assign(member, encodeAssignedPartitions(assigned, version))
  member.touch()
}
