// How far groups are behind what they read: in messages, and in the time that the next of them has waited.
import type { LogStore } from '../../log/log-store.ts'
import type { Log } from '../../log/log.ts'
import type { Partition } from '../topic/partition.ts'
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
  readonly log: Log
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
      yield { topic, partition, committed, ...rangeOf(found, committed.offset), log: found.log }
    }
  }
}

function rangeOf(
  { startOffset, highWatermark: endOffset }: Partition,
  offset: number,
): Pick<GroupPlace, 'startOffset' | 'endOffset' | 'lag'> {
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
