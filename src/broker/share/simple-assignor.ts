// Which member of a share group reads which partitions, as the broker assigns them: members may share
// partitions. Every partition has a member that subscribed to its topic, and every such member has a
// partition of the topic. Partitions and members are spread evenly. Source: KIP-932, "The SimpleAssignor".

/** A topic that members subscribe to. */
export interface AssignableTopic {
  readonly topicId: string
  readonly partitionCount: number
}

/** For each topic the partitions that a member reads, in order. */
export type ShareAssignment = ReadonlyMap<string, readonly number[]>

/**
 * Assigns `topics` to members, each with the ids of those that it subscribed to. Members in the same order
 * get the same again, so who comes last changes least.
 */
export function assignSimply(
  topics: Iterable<AssignableTopic>,
  members: ReadonlyMap<string, ReadonlySet<string>>,
): Map<string, ShareAssignment> {
  const assigned = new Map<string, Map<string, readonly number[]>>()
  for (const memberId of members.keys()) assigned.set(memberId, new Map())
  // Where a topic begins to go round, so that members get as many partitions over all topics.
  let turn = 0
  for (const { topicId, partitionCount } of topics) {
    const readers = [...members].filter(([, subscribed]) => subscribed.has(topicId))
    if (readers.length === 0 || partitionCount === 0) continue
    for (const [at, [memberId]] of readers.entries()) {
      const place = (at + turn) % readers.length
      assigned.get(memberId)!.set(topicId, partitionsAt(place, readers.length, partitionCount))
    }
    turn += partitionCount
  }
  return assigned
}

/** Of the member at `place` of `memberCount`. */
function partitionsAt(place: number, memberCount: number, partitionCount: number): number[] {
  if (partitionCount <= memberCount) return [place % partitionCount]
  const partitions: number[] = []
  for (let index = place; index < partitionCount; index += memberCount) partitions.push(index)
  return partitions
}
