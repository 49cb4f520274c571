// OffsetFetch (key 9): one group, or since version 8 several.
import type { FetchedOffset } from '../../broker/group/group-coordinator.ts'
import {
  type OffsetFetchRequest,
  type OffsetFetchRequestGroup,
  type OffsetFetchResponse,
  type OffsetFetchResponseGroup,
  type OffsetFetchResponsePartition,
  writeOffsetFetchResponseGroup,
} from '../../codec/kafka/messages/offset-fetch.gen.ts'
import type { Steps } from '../../lib/slices.ts'
import { answerEach } from './answer-each.ts'
import { beginReads } from './begin-reads.ts'
import { codeOf, noError } from './error-code.ts'
import { groupCodeOf } from './group-errors.ts'
import type { Handler, RequestContext } from './request-context.ts'
import { ItemWriter } from './write-in-slices.ts'

const topicIdVersion = 10
const batchVersion = 8
/** Before it there is an error for each partition only. */
const groupErrorVersion = 2
const none = -1
const unstable = codeOf('UNSTABLE_OFFSET_COMMIT')
const groupRefusal = codeOf('GROUP_AUTHORIZATION_FAILED')
const topicRefusal = codeOf('TOPIC_AUTHORIZATION_FAILED')

/** Offsets of one topic, as an answer has them. */
interface FetchedTopic {
  readonly name: string
  readonly partitions: readonly OffsetFetchResponsePartition[]
}

/** Whose offsets, and whether those that a transaction may still change are refused (KIP-447). */
interface Wanted {
  readonly groupId: string
  readonly requireStable: boolean
}

export const handleOffsetFetch: Handler<'offsetFetch'> = (request, context) => {
  const fetch = (): Promise<OffsetFetchResponse> =>
    context.slices.run(
      context.apiVersion >= batchVersion
        ? fetchGroups(request, context)
        : fetchOne(request, context),
    )
  const begun = beginReads(request, context)
  return begun === undefined ? fetch() : begun.then(fetch)
}

function* fetchGroups(
  request: OffsetFetchRequest,
  context: RequestContext,
): Steps<OffsetFetchResponse> {
  const groups = new ItemWriter('offsetFetch', context, writeOffsetFetchResponseGroup)
  for (const group of request.groups) {
    groups.add(yield* fetchGroup(group, request.requireStable, context))
    yield
  }
  return { throttleTimeMs: 0, groups: groups.finish() }
}

function* fetchOne(
  { groupId, topics: asked, requireStable }: OffsetFetchRequest,
  context: RequestContext,
): Steps<OffsetFetchResponse> {
  const mayFetch = context.access.needsGroup('describe', groupId)
  if (!mayFetch && context.apiVersion >= groupErrorVersion) {
    return { throttleTimeMs: 0, topics: [], errorCode: groupRefusal }
  }
  if (asked === null) {
    const topics = yield* fetchAll({ groupId, requireStable }, context)
    return { throttleTimeMs: 0, topics, errorCode: noError }
  }
  const topics: FetchedTopic[] = []
  for (const { name, partitionIndexes } of asked) {
    const partitions = mayFetch
      ? yield* fetchTopic({ groupId, requireStable, topic: name }, partitionIndexes, context)
      : yield* answerEach(partitionIndexes, (index) => refuse(index, groupRefusal))
    topics.push({ name, partitions })
  }
  return { throttleTimeMs: 0, topics, errorCode: noError }
}

function* fetchGroup(
  { groupId, topics: asked, memberId, memberEpoch }: OffsetFetchRequestGroup,
  requireStable: boolean,
  context: RequestContext,
): Steps<OffsetFetchResponseGroup> {
  const { topics, groups, apiVersion, access } = context
  if (!access.needsGroup('describe', groupId)) {
    return { groupId, topics: [], errorCode: groupRefusal }
  }
  const error = groups.refusalOfFetch(groupId, {
    memberId: memberId ?? '',
    generation: memberEpoch,
  })
  if (error !== undefined) return { groupId, topics: [], errorCode: groupCodeOf(error) }
  if (asked === null) {
    const found = (yield* fetchAll({ groupId, requireStable }, context)).flatMap((topic) => {
      const topicId = topics.find(topic.name)?.topicId
      return topicId === undefined ? [] : [{ ...topic, topicId }]
    })
    return { groupId, topics: found, errorCode: noError }
  }
  const answers = []
  for (const { name, topicId, partitionIndexes } of asked) {
    const known = apiVersion >= topicIdVersion ? topics.findById(topicId)?.name : name
    const wanted = { groupId, requireStable, topic: known }
    const partitions = yield* fetchTopic(wanted, partitionIndexes, context)
    answers.push({ name, topicId, partitions })
  }
  return { groupId, topics: answers, errorCode: noError }
}

/** `topic` is undefined for an id that none has. */
function fetchTopic(
  { groupId, requireStable, topic }: Wanted & { readonly topic: string | undefined },
  indexes: readonly number[],
  { groups, access }: RequestContext,
): Steps<OffsetFetchResponsePartition[]> {
  return answerEach(indexes, (partition) => {
    if (topic === undefined) return refuse(partition, codeOf('UNKNOWN_TOPIC_ID'))
    if (!access.needsTopic('describe', topic)) return refuse(partition, topicRefusal)
    const place = { topic, partition }
    if (requireStable && groups.isUnstable(groupId, place)) return refuse(partition, unstable)
    return toPartition(groups.fetchOffset(groupId, place))
  })
}

/** Everything that a group has committed, by topic, as far as the client may see the topics. */
function* fetchAll(
  { groupId, requireStable }: Wanted,
  { groups, access }: RequestContext,
): Steps<FetchedTopic[]> {
  const topics = new Map<string, OffsetFetchResponsePartition[]>()
  for (const offset of groups.fetchAllOffsets(groupId)) {
    yield
    if (!access.mayTopic('describe', offset.topic)) continue
    const known = topics.get(offset.topic)
    const isUnstable = requireStable && groups.isUnstable(groupId, offset)
    const found = isUnstable ? refuse(offset.partition, unstable) : toPartition(offset)
    if (known === undefined) topics.set(offset.topic, [found])
    else known.push(found)
  }
  return Array.from(topics, ([name, partitions]) => ({ name, partitions }))
}

function refuse(partition: number, errorCode: number): OffsetFetchResponsePartition {
  return { ...toPartition({ topic: '', partition, committed: undefined }), errorCode }
}

function toPartition({ partition, committed }: FetchedOffset): OffsetFetchResponsePartition {
  return {
    partitionIndex: partition,
    committedOffset: committed?.offset ?? none,
    committedLeaderEpoch: committed?.leaderEpoch ?? none,
    metadata: committed?.metadata ?? '',
    errorCode: noError,
  }
}
