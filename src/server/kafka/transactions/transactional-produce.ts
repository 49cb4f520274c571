// What a produce of records in a transaction needs: the transactional id and the right on it, and that the partition
// is part of the transaction. Since version 12 a write adds it by itself (KIP-890).
import { claimedProducer } from '../../../broker/topic/check-batch.ts'
import type { Partition } from '../../../broker/topic/partition.ts'
import { TransactionError } from '../../../broker/transaction/transaction-error.ts'
import type {
  TransactionalProducer,
  TransactionPart,
} from '../../../broker/transaction/transaction.ts'
import { kafkaErrors } from '../../../codec/kafka/error-codes.gen.ts'
import { batchHeaderSize, isTransactionalBatch } from '../../../record/batch/batch-header.ts'
import { KafkaRefusal } from '../error-code.ts'
import type { RequestContext } from '../request-context.ts'
import { writeErrorOf } from './transaction-refusal.ts'

/** The first versions whose clients know TRANSACTION_ABORTABLE, and that add partitions by themselves. */
const abortableSince = 11
const addsSince = 12

/** A batch, and where it goes. */
export interface TransactionalBatch {
  readonly partition: Partition
  readonly topic: string
  readonly index: number
  readonly batch: Buffer
  readonly transactionalId: string | null
}

/** Whether a batch says that it is part of a transaction. */
export function isTransactional(batch: Buffer): boolean {
  return batch.length >= batchHeaderSize && isTransactionalBatch(batch)
}

/** Adds the partitions of several batches with one change; of what is wrong with them each will be told. */
export function addToTransaction(
  batches: readonly TransactionalBatch[],
  { access, apiVersion, transactions }: RequestContext,
): void {
  const added = apiVersion < addsSince ? [] : batches.filter(({ batch }) => isTransactional(batch))
  const [first] = added
  const from = first && producerOf(first)
  if (from === undefined || !access.mayTransactionalId('write', from.transactionalId)) return
  try {
    transactions.addPartitions(from, added.map(partOf), 2)
  } catch (error) {
    if (!(error instanceof TransactionError)) throw error
  }
}

/** Throws KafkaRefusal when a transactional batch may not be stored now. */
export function expectInTransaction(batch: TransactionalBatch, context: RequestContext): void {
  const { access, transactions, apiVersion } = context
  const { transactionalId } = batch
  if (transactionalId === null || !access.needsTransactionalId('write', transactionalId)) {
    throw new KafkaRefusal('TRANSACTIONAL_ID_AUTHORIZATION_FAILED')
  }
  const from = producerOf(batch)
  // What it lacks is found by the checks of the batch itself.
  if (from === undefined) return
  try {
    // A change comes before the batch in the log: with that it is durable, too.
    if (apiVersion >= addsSince) {
      expectFirst(batch)
      transactions.addPartitions(from, [partOf(batch)], 2)
    } else transactions.verify(from, partOf(batch))
  } catch (error) {
    if (!(error instanceof TransactionError)) throw error
    throw refusalOf(error, apiVersion)
  }
}

/** Of a producer that is not known here nothing is missing only when this is its first batch (KIP-890). */
function expectFirst({ partition: { producers }, batch }: TransactionalBatch): void {
  const claimed = claimedProducer(batch)
  if (claimed === undefined || claimed.firstSequence === 0) return
  if (producers.epochOf(claimed.producerId) !== undefined) return
  throw new KafkaRefusal(
    'OUT_OF_ORDER_SEQUENCE_NUMBER',
    `Expected sequence 0 for a new transactional producer, but got ${claimed.firstSequence}`,
  )
}

function refusalOf(error: TransactionError, apiVersion: number): KafkaRefusal {
  const name = writeErrorOf(error, { apiVersion, abortableSince, addsSince })
  switch (name) {
    case 'INVALID_TXN_STATE':
      return new KafkaRefusal(name, 'Partition was not added to the transaction')
    case 'NOT_ENOUGH_REPLICAS':
      return new KafkaRefusal(
        name,
        'Unable to verify the partition has been added to the transaction. Underlying error: CONCURRENT_TRANSACTIONS',
      )
    case 'POLICY_VIOLATION':
      return new KafkaRefusal(name, error.message)
    default:
      return new KafkaRefusal(name, kafkaErrors[name].message)
  }
}

function producerOf({
  batch,
  transactionalId,
}: TransactionalBatch): TransactionalProducer | undefined {
  const claimed = claimedProducer(batch)
  if (claimed === undefined || transactionalId === null) return undefined
  return { transactionalId, producerId: claimed.producerId, epoch: claimed.producerEpoch }
}

function partOf({ topic, index, partition }: TransactionalBatch): TransactionPart {
  return { topic, partition: index, logId: partition.log.id }
}
