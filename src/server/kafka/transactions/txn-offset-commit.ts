// TxnOffsetCommit (key 28): offsets of a group that count when the transaction is committed. Since version 5 it adds
// the group to the transaction by itself.
import type { OffsetToCommit } from '../../../broker/group/commit-offsets.ts'
import type { GroupErrorCode } from '../../../broker/group/group-error.ts'
import { TransactionError } from '../../../broker/transaction/transaction-error.ts'
import type { KafkaErrorName } from '../../../codec/kafka/error-codes.gen.ts'
import {
  type TxnOffsetCommitRequest,
  type TxnOffsetCommitResponseTopic,
  writeTxnOffsetCommitResponseTopic,
} from '../../../codec/kafka/messages/txn-offset-commit.gen.ts'
import type { Steps } from '../../../lib/slices.ts'
import { kafkaLimits } from '../../../limits/kafka.ts'
import { answerEach } from '../answer-each.ts'
import { answerTo, codeOf } from '../error-code.ts'
import { groupCodeOf } from '../group-errors.ts'
import { Outstanding } from '../outstanding.ts'
import type { Handler, RequestContext } from '../request-context.ts'
import { ItemWriter } from '../write-in-slices.ts'
import { writeErrorOf } from './transaction-refusal.ts'

/** The first versions whose clients know TRANSACTION_ABORTABLE, and that add the group by themselves. */
const abortableSince = 4
const addsSince = 5

/** Of partitions in the order of the request, without those of topics that are refused as a whole. */
type Errors = (GroupErrorCode | undefined)[]

export const handleTxnOffsetCommit: Handler<'txnOffsetCommit'> = async (request, context) => ({
  throttleTimeMs: 0,
  topics: await context.slices.run(commit(request, context)),
})

function* commit(
  request: TxnOffsetCommitRequest,
  context: RequestContext,
): Steps<readonly TxnOffsetCommitResponseTopic[]> {
  const { access } = context
  const refusal = refusalOf(request, context)
  if (refusal !== undefined) return yield* writeAnswers(request, context, () => refusal)
  const refusals = yield* answerEach(request.topics, ({ name }) =>
    access.needsTopic('read', name) ? undefined : codeOf('TOPIC_AUTHORIZATION_FAILED'),
  )
  const isAnyWanted = refusals.includes(undefined)
  const refused = isAnyWanted ? join(request, context) : undefined
  if (refused !== undefined) {
    return yield* writeAnswers(request, context, (topicAt) => refusals[topicAt] ?? refused)
  }
  const errors: Errors = []
  yield* stageAll(request, context, { refusals, errors })
  let at = 0
  return yield* writeAnswers(
    request,
    context,
    (topicAt) => refusals[topicAt] ?? groupCodeOf(errors[at++]),
  )
}

/** Why nothing is committed, whatever the topics. */
function refusalOf(
  { transactionalId, groupId }: TxnOffsetCommitRequest,
  { access }: RequestContext,
): number | undefined {
  if (!access.needsTransactionalId('write', transactionalId)) {
    return codeOf('TRANSACTIONAL_ID_AUTHORIZATION_FAILED')
  }
  if (!access.needsGroup('read', groupId)) return codeOf('GROUP_AUTHORIZATION_FAILED')
  return groupId === '' ? codeOf('INVALID_GROUP_ID') : undefined
}

/** Adds the group to the transaction, or sees that it is part of it; the error when it is not. */
function join(
  { transactionalId, producerId, producerEpoch: epoch, groupId }: TxnOffsetCommitRequest,
  { transactions, apiVersion }: RequestContext,
): number | undefined {
  const from = { transactionalId, producerId, epoch }
  try {
    // The rows of the offsets come behind it in the log: with them it is durable, too.
    if (apiVersion >= addsSince) transactions.addGroup(from, groupId, 2)
    else transactions.verifyGroup(from, groupId)
    return undefined
  } catch (error) {
    if (!(error instanceof TransactionError)) return answerTo(error).errorCode
    const name: KafkaErrorName = writeErrorOf(error, { apiVersion, abortableSince, addsSince })
    return codeOf(name)
  }
}

interface Staging {
  readonly refusals: readonly (number | undefined)[]
  readonly errors: Errors
}

/** Many partitions are kept as several atoms, as those of OffsetCommit. */
function* stageAll(
  request: TxnOffsetCommitRequest,
  context: RequestContext,
  { refusals, errors }: Staging,
): Steps<void> {
  const outstanding = new Outstanding()
  let offsets: OffsetToCommit[] = []
  let count = 0
  const stage = (): void => {
    const staged = offsets
    const from = count - staged.length
    const done = outstanding.expect()
    offsets = []
    stageSome(request, context, staged, (found) => {
      for (const [at, error] of found.entries()) errors[from + at] = error
      done()
    })
  }
  for (const [topicAt, { name: topic, partitions }] of request.topics.entries()) {
    for (const each of refusals[topicAt] === undefined ? partitions : []) {
      offsets.push({
        topic,
        partition: each.partitionIndex,
        offset: each.committedOffset,
        leaderEpoch: each.committedLeaderEpoch,
        metadata: each.committedMetadata ?? '',
      })
      count++
      if (offsets.length === kafkaLimits.committedAtOnceMax) stage()
      yield
    }
  }
  if (offsets.length > 0) stage()
  yield outstanding.whenAll()
}

function stageSome(
  request: TxnOffsetCommitRequest,
  { groups }: RequestContext,
  offsets: readonly OffsetToCommit[],
  done: (errors: readonly (GroupErrorCode | undefined)[]) => void,
): void {
  const { groupId, memberId, generationId: generation, producerId, groupInstanceId } = request
  const instanceId = groupInstanceId ?? undefined
  // All versions are told of a generation where the group is missing.
  const member = { groupId, memberId, instanceId, generation, knowsMissingGroup: false }
  groups.stageOffsets({ ...member, producerId, offsets }, done)
}

function* writeAnswers(
  request: TxnOffsetCommitRequest,
  context: RequestContext,
  codeFor: (topicAt: number) => number,
): Steps<readonly TxnOffsetCommitResponseTopic[]> {
  const topics = new ItemWriter('txnOffsetCommit', context, writeTxnOffsetCommitResponseTopic)
  for (const [topicAt, { name, partitions: asked }] of request.topics.entries()) {
    const partitions = yield* answerEach(asked, ({ partitionIndex }) => ({
      partitionIndex,
      errorCode: codeFor(topicAt),
    }))
    topics.add({ name, partitions })
  }
  return topics.finish()
}
