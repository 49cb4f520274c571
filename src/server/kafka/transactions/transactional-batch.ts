// A batch of a transaction, as a produce brings it.
import { claimedProducer } from '../../../broker/topic/check-batch.ts'
import type { Partition } from '../../../broker/topic/partition.ts'
import type { TopicView } from '../../../broker/topic/topic-view.ts'
import type { TransactionalProducer } from '../../../broker/transaction/transaction.ts'
import { batchHeaderSize, isTransactionalBatch } from '../../../record/batch/batch-header.ts'

/** The first version of Produce whose clients add partitions by writing to them (KIP-890). */
export const addsSince = 12

/** A batch, and where it goes. */
export interface TransactionalBatch {
  readonly partition: Partition
  readonly view: Pick<TopicView, 'name' | 'topicId'>
  readonly index: number
  readonly batch: Buffer
  readonly transactionalId: string | null
}

/** Whether a batch says that it is part of a transaction. */
export function isTransactional(batch: Buffer): boolean {
  return batch.length >= batchHeaderSize && isTransactionalBatch(batch)
}

/** Who has written a batch; undefined when it does not say so properly. */
export function producerOf({
  batch,
  transactionalId,
}: Pick<TransactionalBatch, 'batch' | 'transactionalId'>): TransactionalProducer | undefined {
  const claimed = claimedProducer(batch)
  if (claimed === undefined || transactionalId === null) return undefined
  return { transactionalId, producerId: claimed.producerId, epoch: claimed.producerEpoch }
}
