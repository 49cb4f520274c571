// Everyone gets as many partitions, as far as subscriptions allow; what is there stays where it is, as far as that
// allows. Topic by topic, members are filled up to one level, those first that have least of other topics (water
// filling): who has more than the level gives the rest up. One topic may change what is best for another, so this
// is done again until nothing changes; where all members read the same topics, that is after the second time.
import type { Steps } from '../../../lib/slices.ts'
import { groupLimits } from '../../../limits/group.ts'
import { type Assignment, partitionsOf } from './assignment.ts'
import type { AssignmentAsked } from './assignor.ts'

interface TopicShares {
  readonly topicId: string
  readonly partitionCount: number
  /** Subscribers by their places in the list. */
  readonly readers: readonly number[]
  /** What each reader has, in the order of readers. */
  readonly shares: number[][]
  /** That nobody has. */
  readonly free: number[]
}

export function* assignUniformly(asked: AssignmentAsked): Steps<Assignment[]> {
  const { subscribers } = asked
  const topics = yield* sharesOf(asked)
  const loads = subscribers.map(() => 0)
  for (const { readers, shares } of topics) {
    yield
    for (const [at, reader] of readers.entries()) loads[reader]! += shares[at]!.length
  }
  for (let round = 0; round < groupLimits.balanceRoundsMax; round++) {
    let hasChanged = false
    for (const topic of topics) {
      yield
      hasChanged = level(topic, loads) || hasChanged
    }
    if (!hasChanged) break
  }
  const results = subscribers.map(() => new Map<string, readonly number[]>())
  for (const { topicId, readers, shares } of topics) {
    yield
    for (const [at, reader] of readers.entries()) {
      const share = shares[at]!
      if (share.length > 0)
        results[reader]!.set(
          topicId,
          share.sort((a, b) => a - b),
        )
    }
  }
  return results
}

/** What members keep of what they had, if they read the topic, and nobody before them has it. */
function* sharesOf({ subscribers, partitionCounts }: AssignmentAsked): Steps<TopicShares[]> {
  const readersOf = new Map<string, number[]>()
  for (const [index, { topicIds }] of subscribers.entries()) {
    yield
    for (const topicId of topicIds) {
      const readers = readersOf.get(topicId)
      if (readers === undefined) readersOf.set(topicId, [index])
      else readers.push(index)
    }
  }
  const topics: TopicShares[] = []
  for (const [topicId, readers] of readersOf) {
    yield
    const partitionCount = partitionCounts.get(topicId) ?? 0
    const isTaken = new Uint8Array(partitionCount)
    const shares = readers.map((reader) =>
      partitionsOf(subscribers[reader]!.target, topicId).filter((partition) => {
        if (partition >= partitionCount || isTaken[partition] === 1) return false
        isTaken[partition] = 1
        return true
      }),
    )
    const free: number[] = []
    for (let next = 0; next < partitionCount; next++) if (isTaken[next] === 0) free.push(next)
    topics.push({ topicId, partitionCount, readers, shares, free })
  }
  // Topics with few readers first: what only few can have counts before what all can have.
  return topics.sort((a, b) => a.readers.length - b.readers.length)
}

/** Levels one topic's readers; says whether anything has moved. `loads` are kept. */
function level({ readers, partitionCount, shares, free }: TopicShares, loads: number[]): boolean {
  const others = readers.map((reader, at) => loads[reader]! - shares[at]!.length)
  const wanted = fill(others, partitionCount, shares)
  for (const [at, share] of shares.entries()) {
    while (share.length > wanted[at]!) free.push(share.pop()!)
  }
  const hasChanged = free.length > 0
  free.sort((a, b) => b - a)
  for (const [at, share] of shares.entries()) {
    while (share.length < wanted[at]!) share.push(free.pop()!)
    loads[readers[at]!] = others[at]! + share.length
  }
  return hasChanged
}

/** How many each gets, when `count` are poured onto `others`; who has more now keeps what is over. */
function fill(
  others: readonly number[],
  count: number,
  shares: readonly (readonly number[])[],
): number[] {
  const order = others.map((_, at) => at).sort((a, b) => others[a]! - others[b]!)
  let left = count
  let filled = 0
  let height = others[order[0]!] ?? 0
  while (left > 0) {
    while (filled < order.length && others[order[filled]!]! <= height) filled++
    const next = filled < order.length ? others[order[filled]!]! : Infinity
    const rise = Math.min(next - height, Math.floor(left / filled))
    if (rise === 0) break
    height += rise
    left -= rise * filled
  }
  const wanted = others.map((other) => Math.max(0, height - other))
  const takers = order
    .slice(0, filled)
    .sort((a, b) => shares[b]!.length - wanted[b]! - (shares[a]!.length - wanted[a]!))
  for (const at of takers.slice(0, left)) wanted[at]!++
  return wanted
}
