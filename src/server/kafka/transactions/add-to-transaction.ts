// AddPartitionsToTxn (key 24) and AddOffsetsToTxn (key 25): what a transaction will write to, from clients that do
// not add it by writing.
import { partOf } from '../../../broker/transaction/part-of.ts'
import type { TransactionPart } from '../../../broker/transaction/transaction.ts'
import { whenDurable } from '../../../broker/when-durable.ts'
import type { KafkaErrorName } from '../../../codec/kafka/error-codes.gen.ts'
import type {
  AddPartitionsToTxnPartitionResult,
  AddPartitionsToTxnRequest,
  AddPartitionsToTxnResponse,
  AddPartitionsToTxnResult,
  AddPartitionsToTxnTopic,
  AddPartitionsToTxnTopicResult,
  AddPartitionsToTxnTransaction,
} from '../../../codec/kafka/messages/add-partitions-to-txn.gen.ts'
import type { Steps } from '../../../lib/slices.ts'
import type { Ticket } from '../../../log/ticket.ts'
import { codeOf, noError } from '../error-code.ts'
import type { Handler, RequestContext } from '../request-context.ts'
import { coordinatorCodeOf } from './transaction-refusal.ts'

/** Several transactions at once, as Kafka's brokers ask each other; nobody else may. */
const batchedVersion = 4
/** The first versions whose clients know PRODUCER_FENCED. */
const fencedSince = 2

/** The partitions of one transaction; `problems` has an error for each that cannot be one, in order. */
interface Looked {
  readonly parts: readonly TransactionPart[]
  readonly problems: readonly (KafkaErrorName | undefined)[]
}

export const handleAddPartitionsToTxn: Handler<'addPartitionsToTxn'> = async (request, context) => {
  const isBatched = context.apiVersion >= batchedVersion
  if (isBatched && !context.access.needsCluster('cluster-action')) {
    const errorCode = codeOf('CLUSTER_AUTHORIZATION_FAILED')
    return { throttleTimeMs: 0, errorCode, resultsByTransaction: [], resultsByTopicV3AndBelow: [] }
  }
  const tickets = new Set<Ticket | undefined>()
  const steps = isBatched ? addAll(request, context, tickets) : addOne(request, context, tickets)
  const answer = await context.slices.run(steps)
  for (const ticket of tickets) await whenDurable(ticket)
  return answer
}

function* addAll(
  { transactions }: AddPartitionsToTxnRequest,
  context: RequestContext,
  tickets: Set<Ticket | undefined>,
): Steps<AddPartitionsToTxnResponse> {
  const resultsByTransaction: AddPartitionsToTxnResult[] = []
  for (const asked of transactions) {
    const topicResults = yield* add(asked, context, tickets)
    resultsByTransaction.push({ transactionalId: asked.transactionalId, topicResults })
  }
  return {
    throttleTimeMs: 0,
    errorCode: noError,
    resultsByTransaction,
    resultsByTopicV3AndBelow: [],
  }
}

function* addOne(
  request: AddPartitionsToTxnRequest,
  context: RequestContext,
  tickets: Set<Ticket | undefined>,
): Steps<AddPartitionsToTxnResponse> {
  const asked = {
    transactionalId: request.v3AndBelowTransactionalId,
    producerId: request.v3AndBelowProducerId,
    producerEpoch: request.v3AndBelowProducerEpoch,
    verifyOnly: false,
    topics: request.v3AndBelowTopics,
  }
  const resultsByTopicV3AndBelow = yield* add(asked, context, tickets)
  return { throttleTimeMs: 0, resultsByTransaction: [], resultsByTopicV3AndBelow }
}

/** All of them, or with one that cannot be added none. */
function* add(
  asked: AddPartitionsToTxnTransaction,
  context: RequestContext,
  tickets: Set<Ticket | undefined>,
): Steps<AddPartitionsToTxnTopicResult[]> {
  const { access, apiVersion } = context
  const isBatched = apiVersion >= batchedVersion
  if (!isBatched && !access.needsTransactionalId('write', asked.transactionalId)) {
    const code = codeOf('TRANSACTIONAL_ID_AUTHORIZATION_FAILED')
    return yield* answer(asked.topics, () => code)
  }
  const looked = yield* lookUp(asked.topics, context)
  if (looked.problems.some((problem) => problem !== undefined)) {
    let at = 0
    return yield* answer(asked.topics, () =>
      codeOf(looked.problems[at++] ?? 'OPERATION_NOT_ATTEMPTED'),
    )
  }
  if (asked.verifyOnly) return yield* verify(asked, looked, context)
  let code = noError
  try {
    const { transactionalId, producerId, producerEpoch: epoch } = asked
    const from = { transactionalId, producerId, epoch }
    tickets.add(context.transactions.addPartitions(from, looked.parts, isBatched ? 2 : 1))
  } catch (error) {
    code = coordinatorCodeOf(error, { apiVersion, fencedSince })
  }
  return yield* answer(asked.topics, () => code)
}

function* lookUp(
  asked: readonly AddPartitionsToTxnTopic[],
  { topics, access, apiVersion }: RequestContext,
): Steps<Looked> {
  const parts: TransactionPart[] = []
  const problems: (KafkaErrorName | undefined)[] = []
  for (const { name: topic, partitions } of asked) {
    const mayWrite = apiVersion >= batchedVersion || access.needsTopic('write', topic)
    const view = mayWrite ? topics.find(topic) : undefined
    for (const partition of partitions) {
      yield
      const part = partOf(view, partition)
      if (part !== undefined) parts.push(part)
      const problem = mayWrite ? 'UNKNOWN_TOPIC_OR_PARTITION' : 'TOPIC_AUTHORIZATION_FAILED'
      problems.push(part === undefined ? problem : undefined)
    }
    yield
  }
  return { parts, problems }
}

/** Whether each of them is part of the transaction; TRANSACTION_ABORTABLE says that it is not. */
function verify(
  { transactionalId, producerId, producerEpoch: epoch, topics }: AddPartitionsToTxnTransaction,
  { parts }: Looked,
  { transactions, apiVersion }: RequestContext,
): Steps<AddPartitionsToTxnTopicResult[]> {
  let at = 0
  return answer(topics, () => {
    try {
      transactions.verify({ transactionalId, producerId, epoch }, parts[at++]!)
      return noError
    } catch (error) {
      return coordinatorCodeOf(error, { apiVersion, fencedSince })
    }
  })
}

function* answer(
  asked: readonly AddPartitionsToTxnTopic[],
  code: () => number,
): Steps<AddPartitionsToTxnTopicResult[]> {
  const results: AddPartitionsToTxnTopicResult[] = []
  for (const { name, partitions } of asked) {
    const resultsByPartition: AddPartitionsToTxnPartitionResult[] = []
    for (const partitionIndex of partitions) {
      resultsByPartition.push({ partitionIndex, partitionErrorCode: code() })
      yield
    }
    results.push({ name, resultsByPartition })
    yield
  }
  return results
}

export const handleAddOffsetsToTxn: Handler<'addOffsetsToTxn'> = async (request, context) => {
  const { transactionalId, producerId, producerEpoch: epoch, groupId } = request
  const { access, apiVersion, transactions } = context
  if (!access.needsTransactionalId('write', transactionalId)) {
    return { throttleTimeMs: 0, errorCode: codeOf('TRANSACTIONAL_ID_AUTHORIZATION_FAILED') }
  }
  if (!access.needsGroup('read', groupId)) {
    return { throttleTimeMs: 0, errorCode: codeOf('GROUP_AUTHORIZATION_FAILED') }
  }
  try {
    await whenDurable(transactions.addGroup({ transactionalId, producerId, epoch }, groupId, 1))
    return { throttleTimeMs: 0, errorCode: noError }
  } catch (error) {
    return { throttleTimeMs: 0, errorCode: coordinatorCodeOf(error, { apiVersion, fencedSince }) }
  }
}
