// Who leads a partition, as clients are told.
import type { TopicView } from '../../broker/topic/topic-view.ts'
import type { KafkaErrorName } from '../../codec/kafka/error-codes.gen.ts'
import type { KafkaContext } from './kafka-context.ts'

export interface Leader {
  readonly error: KafkaErrorName
  /** -1 where nobody leads it at the moment. */
  readonly leaderId: number
  readonly leaderEpoch: number
  /** All of the partition's: one, or none that is there. */
  readonly replicaNodes: readonly number[]
  readonly isrNodes: readonly number[]
}

const noLeader: Leader = {
  error: 'LEADER_NOT_AVAILABLE',
  leaderId: -1,
  leaderEpoch: -1,
  replicaNodes: [],
  isrNodes: [],
}

/** Of a partition of a topic that is kept here. */
export function leaderOf(
  view: TopicView,
  index: number,
  { broker, settings }: Pick<KafkaContext, 'broker' | 'settings'>,
): Leader {
  const cell = view.cellElsewhere(index)
  if (cell === undefined) return ledBy(settings.nodeId, broker.store.epoch)
  const nodeId = settings.ownerOf(cell, view.topicId)
  const epoch = view.partitions[index]?.remote?.facts.epoch ?? -1
  return nodeId === undefined ? noLeader : ledBy(nodeId, epoch)
}

function ledBy(leaderId: number, leaderEpoch: number): Leader {
  const nodes = [leaderId]
  return { error: 'NONE', leaderId, leaderEpoch, replicaNodes: nodes, isrNodes: nodes }
}
