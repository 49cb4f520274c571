// Members of a consumer group go: their partitions are free, and the others share them. When only members of the
// classic protocol are left, the group is a classic one again.
import type { GroupTable } from '../group-table.ts'
import { prepareRebalance } from '../rebalance.ts'
import { saveGroup } from '../save-group.ts'
import type { ConsumerGroup } from './consumer-group.ts'
import type { ConsumerMember } from './consumer-member.ts'
import { saveConsumerGroup } from './save-consumer-group.ts'
import { lookAtTopics } from './subscribed-topics-of.ts'
import { toClassicGroup } from './to-classic-group.ts'

export interface Fenced {
  readonly group: ConsumerGroup
  readonly members: readonly ConsumerMember[]
}

/** `done` within a step, when that is on stable storage, or could not be stored. */
export function fenceMembers(
  table: GroupTable,
  { group, members }: Fenced,
  done: (isDurable: boolean) => void,
): void {
  if (members.length === 0) {
    done(true)
    return
  }
  const leaving = new Set(members)
  if (group.memberCount > leaving.size && mayDowngrade(group, leaving)) {
    const classic = toClassicGroup(table, group, leaving)
    saveGroup(classic, (verdict) => done(verdict === 'durable'))
    prepareRebalance(classic)
    return
  }
  for (const member of leaving) group.remove(member)
  lookAtTopics(group, true)
  if (group.memberCount === 0) group.context.events.onEmpty?.(group.id, group.epoch)
  saveConsumerGroup(group, done)
}

/** Whether all but these speak the classic protocol, and may go on as a classic group. */
export function mayDowngrade(group: ConsumerGroup, leaving: ReadonlySet<ConsumerMember>): boolean {
  const { consumer, membersMax } = group.context.config
  const { migrationPolicy } = consumer
  if (migrationPolicy !== 'downgrade' && migrationPolicy !== 'bidirectional') return false
  if (group.memberCount - leaving.size > membersMax) return false
  for (const member of group.members()) {
    if (!member.isClassic && !leaving.has(member)) return false
  }
  return true
}
