// What a produce of records in a transaction needs: the transactional id and the right on it, and that the partition
// is part of the transaction. Since version 12 a write adds it by itself (KIP-890). Where another cell has the
// coordinator, it has been asked before (`ElsewhereJoins`).
import { claimedProducer } from '../../../broker/topic/check-batch.ts'
import type { TransactionBranch } from '../../../broker/transaction/transaction-branch.ts'
import {
  concurrent,
  TransactionError,
  type TransactionErrorCode,
} from '../../../broker/transaction/transaction-error.ts'
import type {
  TransactionalProducer,
  TransactionPart,
} from '../../../broker/transaction/transaction.ts'
import { kafkaErrors } from '../../../codec/kafka/error-codes.gen.ts'
import { KafkaRefusal } from '../error-code.ts'
import type { RequestContext } from '../request-context.ts'
import type { ElsewhereJoins } from './elsewhere-joins.ts'
import { nameOf, writeErrorOf } from './transaction-refusal.ts'
import {
  addsSince,
  isTransactional,
  producerOf,
  type TransactionalBatch,
} from './transactional-batch.ts'

/** The first version whose clients know TRANSACTION_ABORTABLE. */
const abortableSince = 11
/** What comes again is taken then. */
const passing: ReadonlySet<TransactionErrorCode> = new Set([
  'concurrent_transactions',
  'coordinator_not_available',
])

/** Adds the partitions of several batches with one change; of what is wrong with them each will be told. */
export function addToTransaction(
  batches: readonly TransactionalBatch[],
  { access, apiVersion, led }: RequestContext,
): void {
  const isAdded = ({ batch, partition }: TransactionalBatch): boolean =>
    isTransactional(batch) && led.cellOf(partition).branch === undefined
  const added = apiVersion < addsSince ? [] : batches.filter(isAdded)
  const [first] = added
  if (first === undefined) return
  const from = producerOf(first)
  if (from === undefined || !access.mayTransactionalId('write', from.transactionalId)) return
  try {
    led.cellOf(first.partition).transactions.addPartitions(from, added.map(partHere), 2)
  } catch (error) {
    if (!(error instanceof TransactionError)) throw error
  }
}

/** Throws KafkaRefusal when a transactional batch may not be stored now. */
export function expectInTransaction(
  batch: TransactionalBatch,
  context: RequestContext,
  joins: ElsewhereJoins | undefined,
): void {
  const { access, apiVersion, led } = context
  const { transactionalId, partition } = batch
  if (transactionalId === null || !access.needsTransactionalId('write', transactionalId)) {
    throw new KafkaRefusal('TRANSACTIONAL_ID_AUTHORIZATION_FAILED')
  }
  const from = producerOf(batch)
  // What it lacks is found by the checks of the batch itself.
  if (from === undefined) return
  const { branch, transactions } = led.cellOf(partition)
  try {
    if (apiVersion >= addsSince) expectFirst(batch)
    if (branch !== undefined) {
      expectJoined(branch, from, batch, joins)
      return
    }
    // A change comes before the batch in the log: with that it is durable, too.
    if (apiVersion >= addsSince) transactions.addPartitions(from, [partHere(batch)], 2)
    else transactions.verify(from, partHere(batch))
  } catch (error) {
    if (!(error instanceof TransactionError)) throw error
    throw refusalOf(error, apiVersion)
  }
}

/** Throws TransactionError. */
function expectJoined(
  branch: TransactionBranch,
  from: TransactionalProducer,
  { partition, batch, view, index }: TransactionalBatch,
  joins: ElsewhereJoins | undefined,
): void {
  if (branch.isOpenIn(partition, from)) return
  try {
    if (joins === undefined) throw concurrent(from.transactionalId)
    joins.expect(branch, from, { topicId: view.topicId, partition: index })
  } catch (error) {
    // It comes again, and what its producer has sent behind it waits for it.
    if (error instanceof TransactionError && passing.has(error.code)) partition.noteFailed(batch)
    throw error
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
        `Unable to verify the partition has been added to the transaction. Underlying error: ${nameOf(error)}`,
      )
    case 'POLICY_VIOLATION':
      return new KafkaRefusal(name, error.message)
    default:
      return new KafkaRefusal(name, kafkaErrors[name].message)
  }
}

function partHere({ view, index, partition }: TransactionalBatch): TransactionPart {
  return { topic: view.name, partition: index, logId: partition.log.id }
}
