// What Kafka sees under one name: a topic, or a work queue, which is a topic with a partition for each of
// its logs: one, and with priorities one for each that a message has had.
import type { Destination } from '../destination.ts'
import type { Partition } from './partition.ts'
import type { TopicConfig } from './topic-config.ts'
import type { Topic } from './topic.ts'

export interface TopicView {
  readonly name: string
  /** 22 characters of base64url. */
  readonly topicId: string
  readonly partitions: readonly Partition[]
  readonly config: TopicConfig
  readonly source: Destination
  /** What may be changed and added to; undefined for a work queue, which AMQP declares. */
  readonly topic: Topic | undefined
  /** Settled messages of a work queue are gaps that readers pass over, as in a compacted topic. */
  readonly hasGaps: boolean
  /** The partition of this number, if it is led here. */
  led(index: number): Partition | undefined
  /** The cell that leads it, where that is another one. */
  cellElsewhere(index: number): number | undefined
}
