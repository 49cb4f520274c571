import type { Partition } from '../broker/topic/partition.ts'
import type { TopicView } from '../broker/topic/topic-view.ts'

/** The partitions that this cell leads, by their numbers: the others are told of where they are led. */
export function* ledPartitions({
  partitions,
  topic,
}: TopicView): Generator<readonly [number: number, partition: Partition]> {
  for (const [index, partition] of partitions.entries()) {
    if (partition.remote === undefined) yield [topic?.numbers?.[index] ?? index, partition]
  }
}
