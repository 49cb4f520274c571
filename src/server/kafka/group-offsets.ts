// OffsetCommit, OffsetFetch and OffsetDelete.
import type { OffsetToCommit } from '../../broker/group/commit-offsets.ts'
import type { FetchedOffset } from '../../broker/group/group-coordinator.ts'
import type { TopicPartition } from '../../broker/group/group-offsets.ts'
import type { OffsetCommitResponse } from '../../codec/kafka/messages/offset-commit.gen.ts'
import type { OffsetDeleteResponse } from '../../codec/kafka/messages/offset-delete.gen.ts'
import type {
  OffsetFetchRequestGroup,
  OffsetFetchResponseGroup,
  OffsetFetchResponsePartition,
} from '../../codec/kafka/messages/offset-fetch.gen.ts'
import { codeOf, noError } from './error-code.ts'
import { groupCodeOf } from './group-errors.ts'
import type { Handler, RequestContext } from './request-context.ts'

const commitTopicIdVersion = 10
const fetchTopicIdVersion = 10
const missingGroupVersion = 9
const batchFetchVersion = 8
const none = -1

export const handleOffsetCommit: Handler<'offsetCommit'> = (request, context) => {
  const { apiVersion, groups, topics } = context
  const isById = apiVersion >= commitTopicIdVersion
  const named = request.topics.map((topic) => ({
    ...topic,
    known: isById ? topics.findById(topic.topicId)?.name : topic.name,
  }))
  const offsets: OffsetToCommit[] = named.flatMap(({ known, partitions }) =>
    partitions.map((partition) => ({
      topic: known ?? '',
      partition: partition.partitionIndex,
      offset: partition.committedOffset,
      leaderEpoch: partition.committedLeaderEpoch,
      metadata: partition.committedMetadata ?? '',
    })),
  )
  return new Promise<OffsetCommitResponse>((resolve) => {
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
      (errors) => {
        let at = 0
        const answers = named.map(({ name, topicId, known, partitions }) => ({
          name,
          topicId,
          partitions: partitions.map(({ partitionIndex }) => {
            const error = errors[at++]
            const isUnknownId = isById && known === undefined
            const errorCode = isUnknownId ? codeOf('UNKNOWN_TOPIC_ID') : groupCodeOf(error)
            return { partitionIndex, errorCode }
          }),
        }))
        resolve({ throttleTimeMs: 0, topics: answers })
      },
    )
  })
}

export const handleOffsetFetch: Handler<'offsetFetch'> = (request, context) => {
  if (context.apiVersion >= batchFetchVersion) {
    return {
      throttleTimeMs: 0,
      groups: request.groups.map((group) => fetchGroup(group, context)),
    }
  }
  const places = request.topics?.flatMap(({ name, partitionIndexes }) =>
    partitionIndexes.map((partition) => ({ topic: name, partition })),
  )
  const found = fetchOffsets(request.groupId, places, context)
  const topics = byTopic(found).map(([name, offsets]) => ({
    name,
    partitions: offsets.map(toPartition),
  }))
  return { throttleTimeMs: 0, topics, errorCode: noError }
}

function fetchGroup(
  { groupId, topics: asked }: OffsetFetchRequestGroup,
  context: RequestContext,
): OffsetFetchResponseGroup {
  const { topics, apiVersion } = context
  const isById = apiVersion >= fetchTopicIdVersion
  if (asked === null) {
    const found = byTopic(fetchOffsets(groupId, undefined, context))
    const answers = found.map(([name, offsets]) => ({
      name,
      topicId: topics.find(name)?.topicId ?? '',
      partitions: offsets.map(toPartition),
    }))
    return { groupId, topics: answers.filter(({ topicId }) => topicId !== ''), errorCode: noError }
  }
  const answers = asked.map(({ name, topicId, partitionIndexes }) => {
    const known = isById ? topics.findById(topicId)?.name : name
    const places = partitionIndexes.map((partition) => ({ topic: known ?? '', partition }))
    const partitions = fetchOffsets(groupId, places, context).map(toPartition)
    if (known !== undefined) return { name, topicId, partitions }
    const errorCode = codeOf('UNKNOWN_TOPIC_ID')
    return { name, topicId, partitions: partitions.map((one) => ({ ...one, errorCode })) }
  })
  return { groupId, topics: answers, errorCode: noError }
}

function fetchOffsets(
  groupId: string,
  places: readonly TopicPartition[] | undefined,
  { groups }: RequestContext,
): FetchedOffset[] {
  return places === undefined
    ? groups.fetchAllOffsets(groupId)
    : groups.fetchOffsets(groupId, places)
}

function byTopic(offsets: readonly FetchedOffset[]): [string, FetchedOffset[]][] {
  const topics = new Map<string, FetchedOffset[]>()
  for (const offset of offsets) {
    const known = topics.get(offset.topic)
    if (known === undefined) topics.set(offset.topic, [offset])
    else known.push(offset)
  }
  return [...topics]
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

export const handleOffsetDelete: Handler<'offsetDelete'> = (request, { groups }) => {
  const places = request.topics.flatMap(({ name, partitions }) =>
    partitions.map(({ partitionIndex }) => ({ topic: name, partition: partitionIndex })),
  )
  return new Promise<OffsetDeleteResponse>((resolve) => {
    groups.deleteOffsets(request.groupId, places, ({ error, errors }) => {
      let at = 0
      const topics = request.topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map(({ partitionIndex }) => ({
          partitionIndex,
          errorCode: groupCodeOf(errors[at++]),
        })),
      }))
      const answered = error === undefined ? topics : []
      resolve({ errorCode: groupCodeOf(error), throttleTimeMs: 0, topics: answered })
    })
  })
}
