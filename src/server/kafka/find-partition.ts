import type { AskedOperation } from '../../auth/acl-bits.ts'
import type { Partition } from '../../broker/topic/partition.ts'
import type { TopicView } from '../../broker/topic/topic-view.ts'
import type { KafkaErrorName } from '../../codec/kafka/error-codes.gen.ts'
import { absenceIn, unknownTopic } from './led-topics.ts'
import type { RequestContext } from './request-context.ts'

export type PartitionLookup =
  | { readonly view: TopicView; readonly partition: Partition; readonly problem: undefined }
  | { readonly problem: KafkaErrorName }

/** A partition as a request names it. */
export interface PartitionAsked {
  readonly topic: string
  readonly index: number
  /** What the client takes for the current one; -1 when it does not say. */
  readonly leaderEpoch: number
}

/** The partition, if the client may do that with its topic and knows the current leader epoch. */
export function findPartition(
  { led, access }: RequestContext,
  operation: AskedOperation,
  { topic, index, leaderEpoch }: PartitionAsked,
): PartitionLookup {
  if (!access.needsTopic(operation, topic)) return { problem: 'TOPIC_AUTHORIZATION_FAILED' }
  const view = led.find(topic)
  if (view === undefined) return { problem: unknownTopic(led) }
  const partition = view.led(index)
  if (partition === undefined) return { problem: absenceIn(view, index) }
  const { leaderEpoch: epoch } = partition
  if (leaderEpoch >= 0 && leaderEpoch < epoch) return { problem: 'FENCED_LEADER_EPOCH' }
  if (leaderEpoch > epoch) return { problem: 'UNKNOWN_LEADER_EPOCH' }
  return { view, partition, problem: undefined }
}
