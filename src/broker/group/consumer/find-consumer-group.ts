// The consumer group that a request is for. A member that joins makes it, from a classic group if there is one.
import { type AnyGroup, type GroupTable } from '../group-table.ts'
import { type Refusal, refusal } from '../refusal.ts'
import type { ConsumerGroup } from './consumer-group.ts'
import { createConsumerGroup } from './create-consumer-group.ts'
import { toConsumerGroup } from './to-consumer-group.ts'

export interface JoiningConsumer {
  readonly groupId: string
  readonly memberEpoch: number
}

export function findConsumerGroup(table: GroupTable, groupId: string): ConsumerGroup | Refusal {
  const group = table.find(groupId)
  if (group === undefined) {
    return refusal('group_id_not_found', `Consumer group ${groupId} not found.`)
  }
  if (group.state === 'Dead') return beingDeleted()
  return group.kind === 'consumer' ? group : isNoConsumerGroup(groupId)
}

export function groupToJoin(
  table: GroupTable,
  { groupId, memberEpoch }: JoiningConsumer,
): ConsumerGroup | Refusal {
  if (memberEpoch !== 0) return findConsumerGroup(table, groupId)
  if (table.isTaken(groupId)) return isNoConsumerGroup(groupId)
  const group: AnyGroup | undefined = table.find(groupId)
  if (group?.state === 'Dead') return beingDeleted()
  if (group !== undefined) return group.kind === 'consumer' ? group : toConsumerGroup(table, group)
  if (!table.mayMake(groupId)) {
    return refusal('coordinator_not_available', 'The memory of the broker is nearly used up.')
  }
  if (!table.hasRoomFor(groupId)) {
    return refusal('group_max_size_reached', 'There are too many groups.')
  }
  const created = createConsumerGroup(table, groupId)
  table.set(created)
  return created
}

/** A group that was made for a member that was refused. */
export function discardIfUnused(table: GroupTable, group: ConsumerGroup): void {
  const { epoch, memberCount, offsets } = group
  if (epoch === 0 && memberCount === 0 && offsets.count === 0) table.delete(group)
}

function isNoConsumerGroup(groupId: string): Refusal {
  return refusal('group_id_not_found', `Group ${groupId} is not a consumer group.`)
}

function beingDeleted(): Refusal {
  return refusal('coordinator_not_available', 'The group is being deleted.')
}
