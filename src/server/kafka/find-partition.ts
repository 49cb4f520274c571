import type { Partition } from '../../broker/topic/partition.ts'
import type { TopicView } from '../../broker/topic/topic-view.ts'
import type { KafkaErrorName } from '../../codec/kafka/error-codes.gen.ts'
import type { KafkaContext } from './kafka-context.ts'

export type PartitionLookup =
  | { readonly view: TopicView; readonly partition: Partition; readonly problem: undefined }
  | { readonly problem: KafkaErrorName }

/** The partition of a topic by name, if the client knows the current leader epoch (or says none, -1). */
export function findPartition(
  { topics, broker }: KafkaContext,
  name: string,
  index: number,
  leaderEpoch: number,
): PartitionLookup {
  const view = topics.find(name)
  const partition = view?.partitions[index]
  if (view === undefined || partition === undefined)
    return { problem: 'UNKNOWN_TOPIC_OR_PARTITION' }
  const { epoch } = broker.store
  if (leaderEpoch >= 0 && leaderEpoch < epoch) return { problem: 'FENCED_LEADER_EPOCH' }
  if (leaderEpoch > epoch) return { problem: 'UNKNOWN_LEADER_EPOCH' }
  return { view, partition, problem: undefined }
}
