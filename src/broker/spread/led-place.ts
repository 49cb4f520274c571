import type { Partition } from '../topic/partition.ts'
import type { Topic } from '../topic/topic.ts'

/** A partition that the cell leads, and its topic, or its part of that. */
export interface LedPlace {
  readonly topic: Topic
  readonly partition: Partition
}
