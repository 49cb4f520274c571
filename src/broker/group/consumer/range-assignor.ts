// Neighbouring partitions of each topic for each member, in the order of their instance ids, or member ids: members
// get the same partitions of topics that have as many (co-partitioning), and nothing else counts.
import type { Steps } from '../../../lib/slices.ts'
import { type Assignment } from './assignment.ts'
import type { AssignmentAsked, Subscriber } from './assignor.ts'

export function* assignRanges({
  subscribers,
  partitionCounts,
}: AssignmentAsked): Steps<Assignment[]> {
  const results = subscribers.map(() => new Map<string, readonly number[]>())
  const order = subscribers.map((_, index) => index)
  order.sort((a, b) => compare(subscribers[a]!, subscribers[b]!))
  const byTopic = new Map<string, number[]>()
  for (const index of order) {
    yield
    for (const topicId of subscribers[index]!.topicIds) {
      const readers = byTopic.get(topicId)
      if (readers === undefined) byTopic.set(topicId, [index])
      else readers.push(index)
    }
  }
  for (const [topicId, readers] of byTopic) {
    yield
    const count = partitionCounts.get(topicId) ?? 0
    for (const [place, index] of readers.entries()) {
      const range = rangeOf(count, readers.length, place)
      if (range.length > 0) results[index]!.set(topicId, range)
    }
  }
  return results
}

/** The first ones get one more where it does not come out even. */
function rangeOf(partitionCount: number, memberCount: number, place: number): number[] {
  const least = Math.floor(partitionCount / memberCount)
  const extra = partitionCount % memberCount
  const start = place * least + Math.min(place, extra)
  const size = least + (place < extra ? 1 : 0)
  return Array.from({ length: size }, (_, offset) => start + offset)
}

/** Static members come first, as in Kafka: a new dynamic one does not move theirs. */
function compare(one: Subscriber, other: Subscriber): number {
  if (one.instanceId !== undefined && other.instanceId !== undefined) {
    return one.instanceId < other.instanceId ? -1 : 1
  }
  if (one.instanceId !== undefined) return -1
  if (other.instanceId !== undefined) return 1
  return one.memberId < other.memberId ? -1 : 1
}
