// Where requests about records find partitions: those that this process leads, whichever of its cells has them. A
// broker that is alone leads all there are.
import type { Broker } from '../../broker/broker.ts'
import type { ShareGroups } from '../../broker/share/share-groups.ts'
import type { Partition } from '../../broker/topic/partition.ts'
import type { RestoredEnds } from '../../broker/topic/restored-ends.ts'
import type { TopicView } from '../../broker/topic/topic-view.ts'
import type { Topics } from '../../broker/topic/topics.ts'
import type { TransactionBranch } from '../../broker/transaction/transaction-branch.ts'
import type { TransactionCoordinator } from '../../broker/transaction/transaction-coordinator.ts'
import type { KafkaErrorName } from '../../codec/kafka/error-codes.gen.ts'
import type { Crossing } from '../../crossing/crossing.ts'

/** What serves the partitions of a cell. */
export interface LedCell {
  readonly broker: Broker
  readonly crossing: Crossing
  readonly restoredEnds: RestoredEnds
  readonly shareGroups: ShareGroups
  /** Of its own, whoever coordinates those of its partitions. */
  readonly transactions: TransactionCoordinator
  /** Where another cell coordinates the transactions of this one's partitions. */
  readonly branch?: TransactionBranch | undefined
}

export interface LedTopics {
  find(name: string): TopicView | undefined
  findById(topicId: string): TopicView | undefined
  /** All of which this process may lead partitions, in no particular order. */
  views(): Iterable<TopicView>
  /** The partitions of a topic that this process leads, with their numbers. */
  partitionsOf(view: TopicView): Iterable<readonly [number: number, partition: Partition]>
  /** What serves a partition that this process leads. */
  cellOf(partition: Partition): LedCell
  /** All that serve partitions in this process. */
  cells(): Iterable<LedCell>
  /** Whether there are no other topics, because their home is in this process. */
  readonly knowsAll: boolean
  /** Whether partitions may be in another cell than the coordinator of their transactions. */
  readonly hasBranches: boolean
  /** Undefined where all stays here. */
  readonly moves?: Moves
}

/** Moves of cells to other nodes: whoever waits for records looks again, and hears of partitions that have gone. */
export interface Moves {
  /** How many there were. */
  readonly count: number
  onMove(listener: () => void): () => void
}

/** Those of a broker that is alone. */
export function ownTopics(parts: LedCell & { readonly topics: Topics }): LedTopics {
  const { topics } = parts
  return {
    find: (name) => topics.find(name),
    findById: (topicId) => topics.findById(topicId),
    views: () => topics.views(),
    partitionsOf: ({ partitions }) => partitions.entries(),
    cellOf: () => parts,
    cells: () => [parts],
    knowsAll: true,
    hasBranches: false,
  }
}

/** What to say of a name that is not there: where not all are known, its leader is elsewhere or the home knows why. */
export function unknownTopic({ knowsAll }: LedTopics): KafkaErrorName {
  return knowsAll ? 'UNKNOWN_TOPIC_OR_PARTITION' : 'NOT_LEADER_OR_FOLLOWER'
}

/** Why there is no partition of this number here. */
export function absenceIn(view: TopicView, index: number): KafkaErrorName {
  const isElsewhere = view.cellElsewhere(index) !== undefined
  return isElsewhere ? 'NOT_LEADER_OR_FOLLOWER' : 'UNKNOWN_TOPIC_OR_PARTITION'
}
