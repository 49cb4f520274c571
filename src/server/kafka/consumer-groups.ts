// ConsumerGroupHeartbeat and ConsumerGroupDescribe (KIP-848).
import { assignmentOf } from '../../broker/group/consumer/assignment.ts'
import type {
  ConsumerHeartbeat,
  ConsumerHeartbeatAnswer,
} from '../../broker/group/consumer/consumer-messages.ts'
import type { ConsumerMemberDescription } from '../../broker/group/group-description.ts'
import type { Refusal } from '../../broker/group/refusal.ts'
import { kafkaErrors, type KafkaErrorName } from '../../codec/kafka/error-codes.gen.ts'
import {
  type ConsumerGroupDescribeRequest,
  type DescribedGroup,
  type Member,
  writeDescribedGroup,
} from '../../codec/kafka/messages/consumer-group-describe.gen.ts'
import type {
  ConsumerGroupHeartbeatRequest,
  ConsumerGroupHeartbeatResponse,
} from '../../codec/kafka/messages/consumer-group-heartbeat.gen.ts'
import { operationsOnGroup } from './authorized-operations.ts'
import { codeOf, noError } from './error-code.ts'
import { groupCodeOf } from './group-errors.ts'
import type { Handler, RequestContext } from './request-context.ts'
import { writeInSlices } from './write-in-slices.ts'

/** Since version 1 members make their ids themselves (KIP-1082). */
const ownMemberIdVersion = 1
const unchanged = -1
const memberType = { classic: 0, consumer: 1 } as const

export const handleConsumerGroupHeartbeat: Handler<'consumerGroupHeartbeat'> = (
  request,
  context,
) => {
  const refused = refusalOf(request, context)
  if (refused !== undefined) {
    return refuse(codeOf(refused), kafkaErrors[refused].message)
  }
  return new Promise<ConsumerGroupHeartbeatResponse>((resolve) => {
    context.groups.consumerHeartbeat(toHeartbeat(request, context), (said) =>
      resolve(toResponse(said)),
    )
  })
}

function refusalOf(
  { groupId, subscribedTopicNames }: ConsumerGroupHeartbeatRequest,
  { access }: RequestContext,
): KafkaErrorName | undefined {
  if (!access.needsGroup('read', groupId)) return 'GROUP_AUTHORIZATION_FAILED'
  const mayAll = (subscribedTopicNames ?? []).every((name) => access.needsTopic('describe', name))
  return mayAll ? undefined : 'TOPIC_AUTHORIZATION_FAILED'
}

function toHeartbeat(
  request: ConsumerGroupHeartbeatRequest,
  { apiVersion, clientId, client, access }: RequestContext,
): ConsumerHeartbeat {
  const { rebalanceTimeoutMs, topicPartitions } = request
  return {
    groupId: request.groupId,
    memberId: request.memberId,
    hasOwnMemberId: apiVersion >= ownMemberIdVersion,
    memberEpoch: request.memberEpoch,
    instanceId: request.instanceId ?? undefined,
    clientId,
    clientHost: `/${client.remoteAddress}`,
    rackId: request.rackId ?? undefined,
    rebalanceTimeoutMs: rebalanceTimeoutMs === unchanged ? undefined : rebalanceTimeoutMs,
    topicNames: request.subscribedTopicNames ?? undefined,
    topicPattern: request.subscribedTopicRegex ?? undefined,
    assignor: request.serverAssignor ?? undefined,
    owned: topicPartitions === null ? undefined : assignmentOf(topicPartitions),
    mayDescribe: (topic) => access.mayTopic('describe', topic),
  }
}

function toResponse(said: ConsumerHeartbeatAnswer | Refusal): ConsumerGroupHeartbeatResponse {
  if ('error' in said) return refuse(groupCodeOf(said.error), said.message)
  const { assignment, ...answer } = said
  return {
    throttleTimeMs: 0,
    errorCode: noError,
    errorMessage: null,
    ...answer,
    assignment:
      assignment === undefined
        ? null
        : {
            topicPartitions: Array.from(assignment, ([topicId, partitions]) => ({
              topicId,
              partitions,
            })),
          },
  }
}

function refuse(errorCode: number, errorMessage: string): ConsumerGroupHeartbeatResponse {
  return {
    throttleTimeMs: 0,
    errorCode,
    errorMessage,
    memberId: null,
    memberEpoch: 0,
    heartbeatIntervalMs: 0,
    assignment: null,
  }
}

export const handleConsumerGroupDescribe: Handler<'consumerGroupDescribe'> = async (
  request,
  context,
) => {
  const described = describeEach(request, context)
  const groups = await writeInSlices(
    'consumerGroupDescribe',
    context,
    writeDescribedGroup,
    described,
  )
  return { throttleTimeMs: 0, groups }
}

function* describeEach(
  { groupIds, includeAuthorizedOperations: isAsked }: ConsumerGroupDescribeRequest,
  context: RequestContext,
): Generator<DescribedGroup, void> {
  for (const groupId of groupIds) {
    const described = describe(groupId, context)
    if (!isAsked || described.errorCode !== noError) yield described
    else yield { ...described, authorizedOperations: operationsOnGroup(context.access, groupId) }
  }
}

function describe(groupId: string, { groups, access }: RequestContext): DescribedGroup {
  if (!access.needsGroup('describe', groupId)) return undescribed(groupId, unauthorizedGroup)
  if (groupId === '') return undescribed(groupId, 'INVALID_GROUP_ID')
  const group = groups.describeConsumerGroup(groupId)
  if (group === undefined) {
    const isThere = groups.describe(groupId) !== undefined
    return {
      ...undescribed(groupId, 'GROUP_ID_NOT_FOUND'),
      errorMessage: isThere
        ? `Group ${groupId} is not a consumer group.`
        : `Group ${groupId} not found.`,
    }
  }
  const mayDescribe = (topic: string): boolean => access.mayTopic('describe', topic)
  if (!group.members.every((member) => topicsOf(member).every(mayDescribe))) {
    return {
      ...undescribed(groupId, 'TOPIC_AUTHORIZATION_FAILED'),
      errorMessage:
        'The group has described topic(s) that the client is not authorized to describe.',
    }
  }
  return {
    errorCode: noError,
    errorMessage: null,
    groupId,
    groupState: group.state,
    groupEpoch: group.epoch,
    assignmentEpoch: group.assignmentEpoch,
    assignorName: group.assignor,
    members: group.members.map(toMember),
  }
}

const unauthorizedGroup = 'GROUP_AUTHORIZATION_FAILED'

function undescribed(groupId: string, error: KafkaErrorName): DescribedGroup {
  return {
    errorCode: codeOf(error),
    errorMessage: kafkaErrors[error].message,
    groupId,
    groupState: '',
    groupEpoch: 0,
    assignmentEpoch: 0,
    assignorName: '',
    members: [],
  }
}

function topicsOf({ assigned, target }: ConsumerMemberDescription): string[] {
  return [...assigned, ...target].map(({ topic }) => topic)
}

function toMember(member: ConsumerMemberDescription): Member {
  return {
    memberId: member.memberId,
    instanceId: member.instanceId ?? null,
    rackId: member.rackId ?? null,
    memberEpoch: member.epoch,
    clientId: member.clientId,
    clientHost: member.clientHost,
    subscribedTopicNames: member.topicNames,
    subscribedTopicRegex: member.topicPattern,
    assignment: toAssignment(member.assigned),
    targetAssignment: toAssignment(member.target),
    memberType: member.isClassic ? memberType.classic : memberType.consumer,
  }
}

function toAssignment(topics: ConsumerMemberDescription['assigned']): Member['assignment'] {
  return {
    topicPartitions: topics.map(({ topicId, topic, partitions }) => ({
      topicId,
      topicName: topic,
      partitions,
    })),
  }
}
