// Groups of the consumer protocol come back from their rows, in any order of the rows. Members keep their epochs and
// what they had: one that comes back in its session goes on as if nothing had happened.
import { GroupFormatError } from '../group-format-error.ts'
import type { GroupRow } from '../group-store.ts'
import type { GroupTable } from '../group-table.ts'
import { RowReader } from '../row-reader.ts'
import type { ConsumerGroup } from './consumer-group.ts'
import { consumerRowKinds, isPartRow } from './consumer-row-kinds.ts'
import {
  decodeConsumerGroup,
  decodeConsumerMember,
  decodePattern,
  type StoredConsumerGroup,
  type StoredConsumerMember,
} from './consumer-rows.ts'
import { createConsumerGroup } from './create-consumer-group.ts'

/** What the rows of one group say. */
interface StoredParts {
  group: StoredConsumerGroup | undefined
  readonly members: Map<string, StoredConsumerMember>
  readonly patterns: Map<string, ReadonlySet<string>>
}

/** Puts the groups into the table. Throws GroupFormatError. */
export function restoreConsumerGroups(table: GroupTable, rows: Iterable<GroupRow>): void {
  const all = new Map<string, StoredParts>()
  for (const { key, value } of rows) {
    if (value === undefined) continue
    const reader = new RowReader(key)
    const kind = reader.uint8()
    const groupId = reader.text()
    const parts = all.get(groupId) ?? { group: undefined, members: new Map(), patterns: new Map() }
    all.set(groupId, parts)
    const name = isPartRow(kind) ? reader.text() : ''
    reader.finish()
    const content = new RowReader(value)
    if (kind === consumerRowKinds.group) parts.group = decodeConsumerGroup(content)
    else if (kind === consumerRowKinds.member)
      parts.members.set(name, decodeConsumerMember(content))
    else parts.patterns.set(name, decodePattern(content))
  }
  for (const [groupId, parts] of all) restoreGroup(table, groupId, parts)
}

/** The clocks of a restored group begin. */
export function startConsumerGroup(group: ConsumerGroup): void {
  const { sessionTimeoutMs } = group.context.consumerConfigOf(group.id)
  for (const { deadlines, wishes, progress, isClassic } of group.members()) {
    deadlines.session.set(wishes.classic?.sessionTimeoutMs ?? sessionTimeoutMs)
    if (!isClassic && progress.state === 'unrevoked') {
      deadlines.rebalance.set(wishes.rebalanceTimeoutMs)
    }
  }
}

function restoreGroup(
  table: GroupTable,
  groupId: string,
  { group: stored, members, patterns }: StoredParts,
): void {
  if (stored === undefined) {
    throw new GroupFormatError(`consumer group ${groupId} has members and no row of its own`)
  }
  const group = createConsumerGroup(table, groupId)
  for (const [memberId, { instanceId, clientId, clientHost, ...rest }] of members) {
    const member = group.createMember({ memberId, instanceId, clientId, clientHost }, rest.wishes)
    checkUnique(group, memberId, rest)
    member.progress = rest.progress
    member.target = rest.target
    group.add(member)
  }
  for (const [pattern, topics] of patterns) group.patterns.resolve({ pattern, topics })
  group.restore(stored)
  table.set(group)
}

function checkUnique(
  { id, owners }: ConsumerGroup,
  memberId: string,
  { progress }: Pick<StoredConsumerMember, 'progress'>,
): void {
  for (const assignment of [progress.assigned, progress.revoking]) {
    for (const [topicId, partitions] of assignment) {
      const isTaken = partitions.some((each) => owners.find(topicId, each) !== undefined)
      if (isTaken) {
        throw new GroupFormatError(`group ${id} gives ${topicId} to ${memberId} and to another`)
      }
    }
  }
}
