// Which part of a transaction a partition is, in the cell of the coordinator.
import type { TopicView } from '../topic/topic-view.ts'
import type { TransactionPart } from './transaction.ts'

/** Undefined where there is no such partition. */
export function partOf(
  view: TopicView | undefined,
  partition: number,
): TransactionPart | undefined {
  const log = view?.partitions[partition]?.log
  if (view === undefined || log === undefined) return undefined
  const { name: topic, topicId } = view
  const part = { topic, partition, logId: log.id }
  const cell = view.cellElsewhere(partition)
  return cell === undefined ? part : { ...part, elsewhere: { cell, topicId } }
}
