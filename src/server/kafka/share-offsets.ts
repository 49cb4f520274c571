// DescribeShareGroupOffsets (key 90), AlterShareGroupOffsets (key 91) and DeleteShareGroupOffsets (key 92):
// where share groups are in their topics (KIP-932, KIP-1226).
import type { ShareGroup } from '../../broker/share/share-group.ts'
import { checkEmpty } from '../../broker/share/share-groups.ts'
import type { ShareTopic } from '../../broker/share/share-topic.ts'
import { zeroUuid } from '../../codec/kafka/field-defaults.ts'
import type {
  AlterShareGroupOffsetsRequestTopic,
  AlterShareGroupOffsetsResponseTopic,
} from '../../codec/kafka/messages/alter-share-group-offsets.gen.ts'
import type { DeleteShareGroupOffsetsResponseTopic } from '../../codec/kafka/messages/delete-share-group-offsets.gen.ts'
import {
  type DescribeShareGroupOffsetsRequestGroup,
  type DescribeShareGroupOffsetsResponseGroup,
  type DescribeShareGroupOffsetsResponsePartition,
  type DescribeShareGroupOffsetsResponseTopic,
  writeDescribeShareGroupOffsetsResponseGroup,
} from '../../codec/kafka/messages/describe-share-group-offsets.gen.ts'
import { answerTo, type ErrorAnswer, KafkaRefusal, noError } from './error-code.ts'
import type { Handler, RequestContext } from './request-context.ts'
import { shareRefusal } from './share-members.ts'
import { writeInSlices } from './write-in-slices.ts'

const unknown = -1

export const handleDescribeShareGroupOffsets: Handler<'describeShareGroupOffsets'> = async (
  request,
  context,
) => {
  const write = writeDescribeShareGroupOffsetsResponseGroup
  await lookElsewhere(request.groups, context)
  const described = describeEach(request.groups, context)
  const groups = await writeInSlices('describeShareGroupOffsets', context, write, described)
  return { throttleTimeMs: 0, groups }
}

/** Of groups with places in partitions that other cells lead, asks these where they are. */
async function lookElsewhere(
  asked: readonly DescribeShareGroupOffsetsRequestGroup[],
  { shareGroups, access }: RequestContext,
): Promise<void> {
  if (shareGroups.spread === undefined) return
  const looking = asked.map(async ({ groupId }) => {
    const group = access.needsGroup('describe', groupId) ? shareGroups.find(groupId) : undefined
    if (group !== undefined) await shareGroups.look(group)
  })
  await Promise.all(looking)
}

function* describeEach(
  groups: readonly DescribeShareGroupOffsetsRequestGroup[],
  context: RequestContext,
): Generator<DescribeShareGroupOffsetsResponseGroup, void> {
  for (const asked of groups) {
    const { groupId } = asked
    try {
      const group = getGroup('describe', groupId, context)
      const topics = asked.topics ?? everyTopic(group)
      const answers = topics.map((topic) => describeTopic(group, topic, context))
      // Nobody is told of topics that they may not read, unless they name them.
      const shown =
        asked.topics === null ? answers.filter((each) => isReadable(each, context)) : answers
      yield { groupId, topics: shown, errorCode: noError, errorMessage: null }
    } catch (error) {
      yield { groupId, topics: [], ...answerTo(shareRefusal(error)) }
    }
  }
}

/** Throws GROUP_AUTHORIZATION_FAILED and ShareGroupError. */
function getGroup(
  right: 'describe' | 'read' | 'delete',
  groupId: string,
  { access, shareGroups }: RequestContext,
): ShareGroup {
  if (!access.needsGroup(right, groupId)) throw new KafkaRefusal('GROUP_AUTHORIZATION_FAILED')
  return shareGroups.get(groupId)
}

interface AskedTopic {
  readonly topicName: string
  readonly partitions: readonly number[]
}

function everyTopic(group: ShareGroup): AskedTopic[] {
  return Array.from(group.topics.values(), ({ topic, partitionCount }) => {
    return {
      topicName: topic.name,
      partitions: Array.from({ length: partitionCount }, (_, at) => at),
    }
  })
}

function isReadable(
  { topicName }: { readonly topicName: string },
  { access }: RequestContext,
): boolean {
  return access.mayTopic('describe', topicName)
}

function describeTopic(
  group: ShareGroup,
  { topicName, partitions }: AskedTopic,
  { topics, access }: RequestContext,
): DescribeShareGroupOffsetsResponseTopic {
  const topicId = topics.find(topicName)?.topicId
  const known = topicId === undefined ? undefined : group.topics.get(topicId)
  const refusal = access.needsTopic('describe', topicName)
    ? undefined
    : new KafkaRefusal('TOPIC_AUTHORIZATION_FAILED')
  return {
    topicName,
    topicId: refusal === undefined ? (topicId ?? zeroUuid) : zeroUuid,
    partitions: partitions.map((partitionIndex): DescribeShareGroupOffsetsResponsePartition => {
      const facts = refusal === undefined ? known?.factsOf(partitionIndex) : undefined
      const isUnknown = facts === undefined && known?.has(partitionIndex) === true
      return {
        partitionIndex,
        startOffset: facts?.startOffset ?? unknown,
        leaderEpoch: facts?.epoch ?? 0,
        lag: facts?.lag ?? unknown,
        ...(refusal === undefined ? (isUnknown ? answerTo(unreached()) : fine) : answerTo(refusal)),
      }
    }),
  }
}

/** Who leads a partition does not say where the group is in it. */
function unreached(): KafkaRefusal {
  return new KafkaRefusal(
    'COORDINATOR_NOT_AVAILABLE',
    'The leader of the partition did not answer.',
  )
}

const fine = { errorCode: noError, errorMessage: null }

export const handleAlterShareGroupOffsets: Handler<'alterShareGroupOffsets'> = async (
  request,
  context,
) => {
  try {
    const group = getGroup('read', request.groupId, context)
    checkEmpty(group)
    const responses: AlterShareGroupOffsetsResponseTopic[] = []
    for (const topic of request.topics) responses.push(await alterTopic(group, topic, context))
    return { throttleTimeMs: 0, ...fine, responses }
  } catch (error) {
    return { throttleTimeMs: 0, ...answerTo(shareRefusal(error)), responses: [] }
  }
}

async function alterTopic(
  group: ShareGroup,
  { topicName, partitions }: AlterShareGroupOffsetsRequestTopic,
  context: RequestContext,
): Promise<AlterShareGroupOffsetsResponseTopic> {
  const topic = context.topics.find(topicName)?.topic
  const topicId = topic?.topicId ?? zeroUuid
  try {
    context.access.permitTopic('read', topicName)
    if (topic === undefined) throw new KafkaRefusal('UNKNOWN_TOPIC_OR_PARTITION')
    const opened = await context.shareGroups.openTopic(group, topic)
    // Somebody may have joined meanwhile.
    checkEmpty(group)
    const known = partitions.filter(({ partitionIndex }) => opened.has(partitionIndex))
    const places = known.map(({ partitionIndex: partition, startOffset: offset }) => {
      return { partition, offset }
    })
    const missing = await context.shareGroups.move(group, opened, places)
    const resultOf = (partitionIndex: number): ErrorAnswer => {
      if (missing.has(partitionIndex)) return answerTo(unreached())
      if (opened.has(partitionIndex)) return fine
      return answerTo(new KafkaRefusal('UNKNOWN_TOPIC_OR_PARTITION'))
    }
    return {
      topicName,
      topicId,
      partitions: partitions.map(({ partitionIndex }) => {
        return { partitionIndex, ...resultOf(partitionIndex) }
      }),
    }
  } catch (error) {
    const refused = answerTo(shareRefusal(error))
    return {
      topicName,
      topicId: context.access.mayTopic('read', topicName) ? topicId : zeroUuid,
      partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, ...refused })),
    }
  }
}

export const handleDeleteShareGroupOffsets: Handler<'deleteShareGroupOffsets'> = async (
  request,
  context,
) => {
  try {
    const group = getGroup('delete', request.groupId, context)
    checkEmpty(group)
    const found: ShareTopic[] = []
    const responses = request.topics.map(({ topicName }): DeleteShareGroupOffsetsResponseTopic => {
      const topic = findTopic(group, topicName, context)
      if (topic instanceof KafkaRefusal) {
        return { topicName, topicId: zeroUuid, ...answerTo(topic) }
      }
      found.push(topic)
      return { topicName, topicId: topic.topicId, ...fine }
    })
    await context.shareGroups.forgetTopics(group, found)
    return { throttleTimeMs: 0, ...fine, responses }
  } catch (error) {
    return { throttleTimeMs: 0, ...answerTo(shareRefusal(error)), responses: [] }
  }
}

function findTopic(
  group: ShareGroup,
  topicName: string,
  { topics, access }: RequestContext,
): ShareTopic | KafkaRefusal {
  if (!access.needsTopic('read', topicName)) return new KafkaRefusal('TOPIC_AUTHORIZATION_FAILED')
  const topicId = topics.find(topicName)?.topicId
  const known = topicId === undefined ? undefined : group.topics.get(topicId)
  if (known !== undefined) return known
  const text = 'The group has no offsets for this topic.'
  return topicId === undefined
    ? new KafkaRefusal('UNKNOWN_TOPIC_OR_PARTITION')
    : new KafkaRefusal('UNKNOWN_TOPIC_OR_PARTITION', text)
}
