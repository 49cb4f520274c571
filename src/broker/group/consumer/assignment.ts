// Which partitions somebody has, by topic id: sorted, without topics that have none. Values are never changed, so
// that members share them.

/** Sorted indexes of partitions by topic id. */
export type Assignment = ReadonlyMap<string, readonly number[]>

export const noPartitions: Assignment = new Map()

const nothing: readonly number[] = []

/** Partitions in any order, even twice, in the form of an assignment. */
export function assignmentOf(
  places: Iterable<{ readonly topicId: string; readonly partitions: readonly number[] }>,
): Assignment {
  const found = new Map<string, number[]>()
  for (const { topicId, partitions } of places) {
    const known = found.get(topicId)
    if (known === undefined) found.set(topicId, [...partitions])
    else known.push(...partitions)
  }
  return normalized(found)
}

/** Sorts and thins out what was collected. */
export function normalized(collected: ReadonlyMap<string, Iterable<number>>): Assignment {
  const result = new Map<string, readonly number[]>()
  for (const [topicId, partitions] of collected) {
    const sorted = [...new Set(partitions)].sort((a, b) => a - b)
    if (sorted.length > 0) result.set(topicId, sorted)
  }
  return result
}

export function partitionsOf(assignment: Assignment, topicId: string): readonly number[] {
  return assignment.get(topicId) ?? nothing
}

export function holds(assignment: Assignment, topicId: string, partition: number): boolean {
  const partitions = partitionsOf(assignment, topicId)
  let [low, high] = [0, partitions.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (partitions[middle]! < partition) low = middle + 1
    else high = middle
  }
  return partitions[low] === partition
}

export function countOf(assignment: Assignment): number {
  let count = 0
  for (const partitions of assignment.values()) count += partitions.length
  return count
}

/** Whether all of `part` is in `whole`. */
export function isContained(part: Assignment, whole: Assignment): boolean {
  for (const [topicId, partitions] of part) {
    if (!partitions.every((partition) => holds(whole, topicId, partition))) return false
  }
  return true
}

export function areEqual(one: Assignment, other: Assignment): boolean {
  if (one === other) return true
  if (one.size !== other.size) return false
  for (const [topicId, partitions] of one) {
    const others = partitionsOf(other, topicId)
    if (others.length !== partitions.length) return false
    if (partitions.some((partition, index) => partition !== others[index])) return false
  }
  return true
}

/** What passes `isKept`. */
export function filtered(
  assignment: Assignment,
  isKept: (topicId: string, partition: number) => boolean,
): Assignment {
  const result = new Map<string, readonly number[]>()
  for (const [topicId, partitions] of assignment) {
    const kept = partitions.filter((partition) => isKept(topicId, partition))
    if (kept.length > 0) result.set(topicId, kept.length === partitions.length ? partitions : kept)
  }
  return result
}

/** All that is in one of two. */
export function joined(one: Assignment, other: Assignment): Assignment {
  if (other.size === 0) return one
  if (one.size === 0) return other
  const all = new Map<string, readonly number[]>(one)
  for (const [topicId, partitions] of other) {
    all.set(topicId, [...partitionsOf(one, topicId), ...partitions])
  }
  return normalized(all)
}
