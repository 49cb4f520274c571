// OffsetDelete (key 47). Many partitions go as several atoms, as OffsetCommit has it.
import type { TopicPartition } from '../../broker/group/committed-offset.ts'
import type { GroupErrorCode } from '../../broker/group/group-error.ts'
import {
  type OffsetDeleteRequest,
  type OffsetDeleteResponse,
  writeOffsetDeleteResponseTopic,
} from '../../codec/kafka/messages/offset-delete.gen.ts'
import type { Steps } from '../../lib/slices.ts'
import { kafkaLimits } from '../../limits/kafka.ts'
import { answerEach } from './answer-each.ts'
import { codeOf } from './error-code.ts'
import { groupCodeOf } from './group-errors.ts'
import { Outstanding } from './outstanding.ts'
import type { Handler, RequestContext } from './request-context.ts'
import { ItemWriter } from './write-in-slices.ts'

const topicRefusal = codeOf('TOPIC_AUTHORIZATION_FAILED')

export const handleOffsetDelete: Handler<'offsetDelete'> = (request, context) =>
  context.slices.run(deleteOffsets(request, context))

function* deleteOffsets(
  request: OffsetDeleteRequest,
  context: RequestContext,
): Steps<OffsetDeleteResponse> {
  const { access } = context
  if (!access.needsGroup('delete', request.groupId)) {
    return { errorCode: codeOf('GROUP_AUTHORIZATION_FAILED'), throttleTimeMs: 0, topics: [] }
  }
  /** Where in the request topics are that may not be read: they have no places. */
  const refused = new Set<number>()
  const places: TopicPartition[] = []
  for (const [topicAt, { name, partitions }] of request.topics.entries()) {
    yield
    if (!access.needsTopic('read', name)) {
      refused.add(topicAt)
      continue
    }
    for (const { partitionIndex } of partitions) {
      places.push({ topic: name, partition: partitionIndex })
      yield
    }
  }
  const errors: (GroupErrorCode | undefined)[] = []
  let refusal: GroupErrorCode | undefined
  const outstanding = new Outstanding()
  // Also without any place: the group is asked all the same.
  for (let from = 0; from === 0 || from < places.length; from += kafkaLimits.committedAtOnceMax) {
    const done = outstanding.expect()
    const some = places.slice(from, from + kafkaLimits.committedAtOnceMax)
    context.groups.deleteOffsets(request.groupId, some, (answer) => {
      refusal ??= answer.error
      for (const [at, error] of answer.errors.entries()) errors[from + at] = error
      done()
    })
    yield
  }
  yield outstanding.whenAll()
  const topics = new ItemWriter('offsetDelete', context, writeOffsetDeleteResponseTopic)
  let at = 0
  const answered = refusal === undefined ? request.topics : []
  for (const [topicAt, { name, partitions: asked }] of answered.entries()) {
    const partitions = yield* answerEach(asked, ({ partitionIndex }) => ({
      partitionIndex,
      errorCode: refused.has(topicAt) ? topicRefusal : groupCodeOf(errors[at++]),
    }))
    topics.add({ name, partitions })
  }
  return { errorCode: groupCodeOf(refusal), throttleTimeMs: 0, topics: topics.finish() }
}
