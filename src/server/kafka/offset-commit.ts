// OffsetCommit (key 8). Many partitions are committed as several atoms, so that nobody waits for all of
// them: a client that hears of no error has them all, as one that has to try again knows.
import type { OffsetToCommit } from '../../broker/group/commit-offsets.ts'
import type { GroupErrorCode } from '../../broker/group/group-error.ts'
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

export const handleOffsetCommit: Handler<'offsetCommit'> = async (request, context) => ({
  throttleTimeMs: 0,
  topics: await context.slices.run(commit(request, context)),
})

function* commit(
  request: OffsetCommitRequest,
  context: RequestContext,
): Steps<readonly OffsetCommitResponseTopic[]> {
  const names = yield* answerEach(request.topics, (topic) => nameOf(topic, context) ?? '')
  const errors: Errors = []
  const outstanding = new Outstanding()
  let offsets: OffsetToCommit[] = []
  let count = 0
  for (const [topicAt, { partitions }] of request.topics.entries()) {
    yield
    for (const partition of partitions) {
      offsets.push({
        topic: names[topicAt] ?? '',
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
  if (offsets.length > 0 || count === 0) {
    const from = count - offsets.length
    commitSome(request, { offsets, from, errors, outstanding }, context)
  }
  yield outstanding.whenAll()
  return yield* writeAnswers(request, { names, errors }, context)
}

/** Undefined for an id that no topic has. */
function nameOf(
  { name, topicId }: { readonly name: string; readonly topicId: string },
  { apiVersion, topics }: RequestContext,
): string | undefined {
  return apiVersion >= topicIdVersion ? topics.findById(topicId)?.name : name
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
  { names, errors }: { readonly names: readonly string[]; readonly errors: Errors },
  context: RequestContext,
): Steps<readonly OffsetCommitResponseTopic[]> {
  const topics = new ItemWriter('offsetCommit', context, writeOffsetCommitResponseTopic)
  const isById = context.apiVersion >= topicIdVersion
  let at = 0
  for (const [topicAt, { name, topicId, partitions: asked }] of request.topics.entries()) {
    const isUnknownId = isById && names[topicAt] === ''
    const partitions = yield* answerEach(asked, ({ partitionIndex }) => {
      const error = errors[at++]
      const errorCode = isUnknownId ? codeOf('UNKNOWN_TOPIC_ID') : groupCodeOf(error)
      return { partitionIndex, errorCode }
    })
    topics.add({ name, topicId, partitions })
  }
  return topics.finish()
}
