// How far groups are behind what they read: in messages, and in the time that the next of them has waited.
import type { LogStore } from '../../log/log-store.ts'
import type { Log } from '../../log/log.ts'
import type { PartitionLeaders } from '../topic/partition-leaders.ts'
import type { Partition } from '../topic/partition.ts'
import { shownRange } from '../topic/shown-range.ts'
import type { TopicView } from '../topic/topic-view.ts'
import type { CommittedOffset } from './committed-offset.ts'
import type { GroupCoordinator } from './group-coordinator.ts'

/** Finds what Kafka sees by that name. */
export interface TopicFinder {
  find(name: string): TopicView | undefined
}

/** A group's place in a partition. */
export interface GroupPlace {
  readonly topic: string
  readonly partition: number
  readonly committed: CommittedOffset
  readonly startOffset: number
  /** Where the next durable record will be. */
  readonly endOffset: number
  /** Offsets that it has not read, of those that are still there. */
  readonly lag: number
  readonly read: Partition
}

/** Durable offsets of a group in partitions that are there. */
export function* placesOf(
  groups: GroupCoordinator,
  groupId: string,
  topics: TopicFinder,
): Generator<GroupPlace> {
  for (const { topic, partition, committed } of groups.fetchAllOffsets(groupId)) {
    const found = topics.find(topic)?.partitions[partition]
    if (found !== undefined && committed !== undefined) {
      yield { topic, partition, committed, ...rangeOf(found, committed.offset), read: found }
    }
  }
}

function rangeOf(
  partition: Partition,
  offset: number,
): Pick<GroupPlace, 'startOffset' | 'endOffset' | 'lag'> {
  const { startOffset, endOffset } = shownRange(partition)
  return { startOffset, endOffset, lag: Math.max(0, endOffset - Math.max(offset, startOffset)) }
}

/**
 * When the record at `offset`, or the next one after it, came in, in milliseconds since the Unix epoch, as
 * exactly as its batch says; undefined when there is none.
 */
export async function timeAt(
  store: LogStore,
  log: Log,
  offset: number,
): Promise<number | undefined> {
  const runs = await store.readRuns(log, offset, 1)
  const time = runs[0]?.baseTimestamp
  for (const run of runs) run.release()
  return time
}

/** A record in a partition of a topic. */
export interface RecordPlace {
  readonly view: TopicView
  /** The number of the partition, which is there. */
  readonly partition: number
  readonly offset: number
}

/** The same of several, in their order, whichever cells lead the partitions. */
export async function timesAt(
  { store, leaders }: { readonly store: LogStore; readonly leaders: PartitionLeaders | undefined },
  places: readonly RecordPlace[],
): Promise<(number | undefined)[]> {
  const elsewhere = places.flatMap(({ view: { topic, partitions }, partition, offset }) => {
    const isElsewhere = partitions[partition]?.remote !== undefined
    return isElsewhere && topic !== undefined ? [{ topic, partition, offset }] : []
  })
  const found = elsewhere.length === 0 ? [] : await leaders?.timesOf(elsewhere)
  let next = 0
  const times: (number | undefined)[] = []
  for (const { view, partition, offset } of places) {
    const { log, remote } = view.partitions[partition]!
    times.push(remote === undefined ? await timeAt(store, log, offset) : found?.[next++])
  }
  return times
}
