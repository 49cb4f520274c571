// DescribeTransactions (key 65) and ListTransactions (key 66), which kafka-transactions shows.
import type { Transaction } from '../../../broker/transaction/transaction.ts'
import type { KafkaErrorName } from '../../../codec/kafka/error-codes.gen.ts'
import {
  type DescribeTransactionsRequest,
  type TransactionState as DescribedTransaction,
  writeTransactionState as writeDescribed,
} from '../../../codec/kafka/messages/describe-transactions.gen.ts'
import {
  type ListTransactionsRequest,
  type TransactionState as ListedTransaction,
  writeTransactionState as writeListed,
} from '../../../codec/kafka/messages/list-transactions.gen.ts'
import { compileNamePattern, type NamePattern, PatternError } from '../../../lib/name-pattern.ts'
import { isAskedElsewhere } from '../brokers-for.ts'
import { codeOf, noError } from '../error-code.ts'
import type { Handler, RequestContext } from '../request-context.ts'
import { writeInSlices } from '../write-in-slices.ts'

/** Kafka's names of all states, also of those that a transaction here is never in. */
const knownStates: ReadonlySet<string> = new Set([
  'Empty',
  'Ongoing',
  'PrepareCommit',
  'PrepareAbort',
  'CompleteCommit',
  'CompleteAbort',
  'Dead',
  'PrepareEpochFence',
])

export const handleDescribeTransactions: Handler<'describeTransactions'> = async (
  request,
  context,
) => {
  const described = describeAll(request, context)
  const transactionStates = await writeInSlices(
    'describeTransactions',
    context,
    writeDescribed,
    described,
  )
  return { throttleTimeMs: 0, transactionStates }
}

function* describeAll(
  { transactionalIds }: DescribeTransactionsRequest,
  context: RequestContext,
): Generator<DescribedTransaction, void> {
  for (const transactionalId of transactionalIds) yield describe(transactionalId, context)
}

function describe(transactionalId: string, context: RequestContext): DescribedTransaction {
  const { access, transactions } = context
  if (!access.needsTransactionalId('describe', transactionalId)) {
    return refuse(transactionalId, 'TRANSACTIONAL_ID_AUTHORIZATION_FAILED')
  }
  if (transactionalId === '') return refuse(transactionalId, 'INVALID_REQUEST')
  const transaction = transactions.find(transactionalId)
  if (transaction === undefined) return refuse(transactionalId, 'TRANSACTIONAL_ID_NOT_FOUND')
  return {
    errorCode: noError,
    transactionalId,
    transactionState: transaction.state,
    transactionTimeoutMs: transaction.timeoutMs,
    transactionStartTimeMs: transaction.startedMs,
    producerId: transaction.producerId,
    producerEpoch: transaction.epoch,
    topics: partitionsOf(transaction, context),
  }
}

/** Only of topics that the client may know of. */
function partitionsOf(
  { parts }: Transaction,
  { access }: RequestContext,
): DescribedTransaction['topics'] {
  const topics = new Map<string, number[]>()
  for (const { topic, partition } of parts.values()) {
    const known = topics.get(topic)
    if (known !== undefined) known.push(partition)
    else if (access.mayTopic('describe', topic)) topics.set(topic, [partition])
  }
  return Array.from(topics, ([topic, partitions]) => ({ topic, partitions }))
}

function refuse(transactionalId: string, error: KafkaErrorName): DescribedTransaction {
  return {
    errorCode: codeOf(error),
    transactionalId,
    transactionState: '',
    transactionTimeoutMs: 0,
    transactionStartTimeMs: 0,
    producerId: 0,
    producerEpoch: 0,
    topics: [],
  }
}

export const handleListTransactions: Handler<'listTransactions'> = async (request, context) => {
  const unknownStateFilters = request.stateFilters.filter((state) => !knownStates.has(state))
  const answer = { throttleTimeMs: 0, unknownStateFilters }
  const pattern = patternOf(request)
  if (pattern === 'invalid') {
    const errorCode = codeOf('INVALID_REGULAR_EXPRESSION')
    return { ...answer, errorCode, transactionStates: [] }
  }
  // Another broker has none: this one coordinates all.
  const listed = isAskedElsewhere(context) ? [] : listAll(request, pattern, context)
  const states = await writeInSlices('listTransactions', context, writeListed, listed)
  return { ...answer, errorCode: noError, transactionStates: states }
}

/** Java's `matches`: the whole id (KIP-1152). */
function patternOf({
  transactionalIdPattern: pattern,
}: ListTransactionsRequest): NamePattern | undefined | 'invalid' {
  if (pattern === null || pattern === '') return undefined
  try {
    return compileNamePattern(`^(?:${pattern})$`)
  } catch (error) {
    if (error instanceof PatternError) return 'invalid'
    throw error
  }
}

function* listAll(
  { stateFilters, producerIdFilters, durationFilter }: ListTransactionsRequest,
  pattern: NamePattern | undefined,
  { transactions, access, clock }: RequestContext,
): Generator<ListedTransaction | undefined, void> {
  const states = new Set<string>(stateFilters)
  const producers = new Set(producerIdFilters)
  const startedBefore = durationFilter < 0 ? Infinity : clock.now() - durationFilter
  for (const { id, producerId, state, startedMs } of transactions.list()) {
    const isWanted =
      (states.size === 0 || states.has(state)) &&
      (producers.size === 0 || producers.has(producerId)) &&
      startedMs < startedBefore &&
      pattern?.(id) !== false &&
      access.mayTransactionalId('describe', id)
    yield isWanted ? { transactionalId: id, producerId, transactionState: state } : undefined
  }
}
