// OffsetCommit (key 8). Many partitions are committed as several atoms, so that nobody waits for all of
// them: a client that hears of no error has them all, as one that has to try again knows.
import type { OffsetToCommit } from '../../broker/group/commit-offsets.ts'
import type { GroupErrorCode } from '../../broker/group/group-error.ts'
import type { KafkaErrorName } from '../../codec/kafka/error-codes.gen.ts'
import {
  type OffsetCommitRequest,
  type OffsetCommitResponseTopic,
  writeOffsetCommitResponseTopic,
} from '../../codec/kafka/messages/offset-commit.gen.ts'
import type { Steps } from '../../lib/slices.ts'
import { kafkaLimits } from '../../limits/kafka.ts'
import { answerEach } from './answer-each.ts'
import { codeOf } from './error-code.ts'
import { groupCodeOf } from './group-errors.ts'
import { Outstanding } from './outstanding.ts'
import type { Handler, RequestContext } from './request-context.ts'
import { ItemWriter } from './write-in-slices.ts'

const topicIdVersion = 10
const missingGroupVersion = 9

type Errors = (GroupErrorCode | undefined)[]

/** A topic of the request. */
interface Target {
  readonly name: string
  /** Why none of its partitions is committed; undefined when the group decides. */
  readonly refusal: KafkaErrorName | undefined
}

export const handleOffsetCommit: Handler<'offsetCommit'> = async (request, context) => ({
  throttleTimeMs: 0,
  topics: await context.slices.run(commit(request, context)),
})

function* commit(
  request: OffsetCommitRequest,
  context: RequestContext,
): Steps<readonly OffsetCommitResponseTopic[]> {
  const mayCommit = context.access.needsGroup('read', request.groupId)
  // A share group has its name, and has no such offsets (KIP-932).
  const isShare = context.shareGroups.find(request.groupId) !== undefined
  const shareRefusal = isShare ? 'GROUP_ID_NOT_FOUND' : undefined
  const targets = yield* answerEach(request.topics, (topic): Target => {
    const refusal = mayCommit ? shareRefusal : 'GROUP_AUTHORIZATION_FAILED'
    return refusal === undefined ? targetOf(topic, context) : { name: topic.name, refusal }
  })
  const errors: Errors = []
  const outstanding = new Outstanding()
  let offsets: OffsetToCommit[] = []
  let count = 0
  for (const [topicAt, { partitions }] of request.topics.entries()) {
    yield
    const { name: topic, refusal } = targets[topicAt] as Target
    for (const partition of refusal === undefined ? partitions : []) {
      offsets.push({
        topic,
        partition: partition.partitionIndex,
        offset: partition.committedOffset,
        leaderEpoch: partition.committedLeaderEpoch,
        metadata: partition.committedMetadata ?? '',
      })
      count++
      if (offsets.length === kafkaLimits.committedAtOnceMax) {
        const from = count - offsets.length
        commitSome(request, { offsets, from, errors, outstanding }, context)
        offsets = []
      }
      yield
    }
  }
  // Also without any partition: the group is asked all the same.
  if (offsets.length > 0 || (count === 0 && mayCommit && !isShare)) {
    const from = count - offsets.length
    commitSome(request, { offsets, from, errors, outstanding }, context)
  }
  yield outstanding.whenAll()
  return yield* writeAnswers(request, { targets, errors }, context)
}

function targetOf(
  { name: asked, topicId }: { readonly name: string; readonly topicId: string },
  { apiVersion, topics, access }: RequestContext,
): Target {
  const name = apiVersion >= topicIdVersion ? topics.findById(topicId)?.name : asked
  if (name === undefined) return { name: '', refusal: 'UNKNOWN_TOPIC_ID' }
  const refusal = access.needsTopic('read', name) ? undefined : 'TOPIC_AUTHORIZATION_FAILED'
  return { name, refusal }
}

/** Some of the partitions; their errors go to `errors` from `from` on. */
interface Part {
  readonly offsets: readonly OffsetToCommit[]
  readonly from: number
  readonly errors: Errors
  readonly outstanding: Outstanding
}

function commitSome(
  request: OffsetCommitRequest,
  { offsets, from, errors, outstanding }: Part,
  { apiVersion, groups }: RequestContext,
): void {
  const done = outstanding.expect()
  groups.commitOffsets(
    {
      groupId: request.groupId,
      memberId: request.memberId,
      instanceId: request.groupInstanceId ?? undefined,
      generation: request.generationIdOrMemberEpoch,
      offsets,
      retentionMs: request.retentionTimeMs < 0 ? undefined : request.retentionTimeMs,
      knowsMissingGroup: apiVersion >= missingGroupVersion,
    },
    (found) => {
      for (const [at, error] of found.entries()) errors[from + at] = error
      done()
    },
  )
}

function* writeAnswers(
  request: OffsetCommitRequest,
  { targets, errors }: { readonly targets: readonly Target[]; readonly errors: Errors },
  context: RequestContext,
): Steps<readonly OffsetCommitResponseTopic[]> {
  const topics = new ItemWriter('offsetCommit', context, writeOffsetCommitResponseTopic)
  let at = 0
  for (const [topicAt, { name, topicId, partitions: asked }] of request.topics.entries()) {
    const { refusal } = targets[topicAt] as Target
    const partitions = yield* answerEach(asked, ({ partitionIndex }) => {
      const errorCode = refusal === undefined ? groupCodeOf(errors[at++]) : codeOf(refusal)
      return { partitionIndex, errorCode }
    })
    topics.add({ name, topicId, partitions })
  }
  return topics.finish()
}
