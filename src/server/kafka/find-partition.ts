import type { AskedOperation } from '../../auth/acl-bits.ts'
import type { Partition } from '../../broker/topic/partition.ts'
import type { TopicView } from '../../broker/topic/topic-view.ts'
import type { KafkaErrorName } from '../../codec/kafka/error-codes.gen.ts'
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
  { topics, broker, access }: RequestContext,
  operation: AskedOperation,
  { topic, index, leaderEpoch }: PartitionAsked,
): PartitionLookup {
  if (!access.needsTopic(operation, topic)) return { problem: 'TOPIC_AUTHORIZATION_FAILED' }
  const view = topics.find(topic)
  const partition = view?.partitions[index]
  if (view === undefined || partition === undefined)
    return { problem: 'UNKNOWN_TOPIC_OR_PARTITION' }
  const { epoch } = broker.store
  if (leaderEpoch >= 0 && leaderEpoch < epoch) return { problem: 'FENCED_LEADER_EPOCH' }
  if (leaderEpoch > epoch) return { problem: 'UNKNOWN_LEADER_EPOCH' }
  return { view, partition, problem: undefined }
}
