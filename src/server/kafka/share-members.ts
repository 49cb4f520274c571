// ShareGroupHeartbeat (key 76) and ShareGroupDescribe (key 77): members of share groups (KIP-932).
import { ShareGroupError, type ShareGroupErrorCode } from '../../broker/share/share-group-error.ts'
import type { ShareGroup, ShareMember } from '../../broker/share/share-group.ts'
import type { ShareAssignment } from '../../broker/share/simple-assignor.ts'
import type { KafkaErrorName } from '../../codec/kafka/error-codes.gen.ts'
import {
  type DescribedGroup,
  type Member,
  type ShareGroupDescribeRequest,
  writeDescribedGroup,
} from '../../codec/kafka/messages/share-group-describe.gen.ts'
import type { ShareGroupHeartbeatRequest } from '../../codec/kafka/messages/share-group-heartbeat.gen.ts'
import { shareLimits } from '../../limits/share.ts'
import { operationsOnGroup } from './authorized-operations.ts'
import { answerOf, answerTo, invalidRequest, KafkaRefusal, noError } from './error-code.ts'
import type { Handler, RequestContext } from './request-context.ts'
import { checkRequester } from './share-requests.ts'
import { writeInSlices } from './write-in-slices.ts'

/** A ShareGroupErrorCode without a row does not compile. */
const names: Readonly<Record<ShareGroupErrorCode, KafkaErrorName>> = {
  coordinator_not_available: 'COORDINATOR_NOT_AVAILABLE',
  fenced_member_epoch: 'FENCED_MEMBER_EPOCH',
  group_id_not_found: 'GROUP_ID_NOT_FOUND',
  group_max_size_reached: 'GROUP_MAX_SIZE_REACHED',
  non_empty_group: 'NON_EMPTY_GROUP',
  policy_violation: 'POLICY_VIOLATION',
  unknown_member_id: 'UNKNOWN_MEMBER_ID',
  unknown_topic_or_partition: 'UNKNOWN_TOPIC_OR_PARTITION',
}
const leavingEpoch = -1
const assignor = 'simple'

/** What a share group refuses, as Kafka's refusal; others as they are. */
export function shareRefusal(error: unknown): unknown {
  return error instanceof ShareGroupError
    ? new KafkaRefusal(names[error.code], error.message)
    : error
}

export const handleShareGroupHeartbeat: Handler<'shareGroupHeartbeat'> = async (
  request,
  context,
) => {
  try {
    const { groupId, memberId } = checkRequester(request, context)
    checkHeartbeat(request, context)
    if (request.memberEpoch === leavingEpoch) {
      context.shareGroups.leave(groupId, memberId)
      const left = { memberId, memberEpoch: leavingEpoch, heartbeatIntervalMs: 0 }
      return { throttleTimeMs: 0, errorCode: noError, ...left, assignment: null }
    }
    const { memberEpoch, heartbeatMs, assignment } = await context.shareGroups.heartbeat({
      groupId,
      memberId,
      memberEpoch: request.memberEpoch,
      clientId: context.clientId,
      clientHost: `/${context.client.remoteAddress}`,
      rackId: request.rackId ?? undefined,
      subscribed: request.subscribedTopicNames ?? undefined,
    })
    return {
      throttleTimeMs: 0,
      errorCode: noError,
      memberId,
      memberEpoch,
      heartbeatIntervalMs: heartbeatMs,
      assignment: assignment === undefined ? null : { topicPartitions: toPartitions(assignment) },
    }
  } catch (error) {
    const none = { memberEpoch: 0, heartbeatIntervalMs: 0, assignment: null }
    return { throttleTimeMs: 0, ...answerTo(shareRefusal(error)), ...none }
  }
}

/** Throws INVALID_REQUEST and TOPIC_AUTHORIZATION_FAILED. */
function checkHeartbeat(request: ShareGroupHeartbeatRequest, { access }: RequestContext): void {
  const { rackId, memberEpoch, subscribedTopicNames: topics } = request
  if (rackId === '') throw invalidRequest("RackId can't be empty.")
  if ((rackId?.length ?? 0) > shareLimits.shareRackSizeMax) {
    throw invalidRequest('RackId is too long.')
  }
  if (memberEpoch === 0 && (topics === null || topics.length === 0)) {
    throw invalidRequest('SubscribedTopicNames must be set in first request.')
  }
  if (memberEpoch < leavingEpoch) throw invalidRequest('MemberEpoch is invalid.')
  for (const name of topics ?? []) access.permitTopic('describe', name)
}

function toPartitions(
  assignment: ShareAssignment,
): { readonly topicId: string; readonly partitions: readonly number[] }[] {
  return Array.from(assignment, ([topicId, partitions]) => ({ topicId, partitions }))
}

export const handleShareGroupDescribe: Handler<'shareGroupDescribe'> = async (request, context) => {
  const described = describeEach(request, context)
  const groups = await writeInSlices('shareGroupDescribe', context, writeDescribedGroup, described)
  return { throttleTimeMs: 0, groups }
}

function* describeEach(
  { groupIds, includeAuthorizedOperations: isAsked }: ShareGroupDescribeRequest,
  context: RequestContext,
): Generator<DescribedGroup, void> {
  for (const groupId of groupIds) {
    const described = describe(groupId, context)
    if (!isAsked || described.errorCode !== noError) yield described
    else yield { ...described, authorizedOperations: operationsOnGroup(context.access, groupId) }
  }
}

function describe(groupId: string, context: RequestContext): DescribedGroup {
  const none = { groupEpoch: 0, assignmentEpoch: 0, assignorName: '', members: [] }
  try {
    const { access, shareGroups } = context
    // A request may name very many that are not there: none of them costs an exception.
    if (!access.needsGroup('describe', groupId)) {
      return { ...answerOf('GROUP_AUTHORIZATION_FAILED'), groupId, groupState: '', ...none }
    }
    const group = shareGroups.find(groupId)
    if (group === undefined) {
      const text = shareGroups.whyMissing(groupId)
      return { ...answerOf('GROUP_ID_NOT_FOUND', text), groupId, groupState: '', ...none }
    }
    for (const { subscribed } of group.members.values()) {
      for (const name of subscribed) access.permitTopic('describe', name)
    }
    return {
      errorCode: noError,
      errorMessage: null,
      groupId,
      groupState: group.state,
      groupEpoch: group.epoch,
      assignmentEpoch: group.assignmentEpoch,
      assignorName: assignor,
      members: Array.from(group.members.values(), (member) => describeMember(group, member)),
    }
  } catch (error) {
    return { ...answerTo(shareRefusal(error)), groupId, groupState: '', ...none }
  }
}

function describeMember(group: ShareGroup, member: ShareMember): Member {
  const topicPartitions = toPartitions(member.assignment).map(({ topicId, partitions }) => {
    const topicName = group.topics.get(topicId)?.topic.name ?? ''
    return { topicId, topicName, partitions }
  })
  return {
    memberId: member.id,
    rackId: member.rackId ?? null,
    memberEpoch: member.epoch,
    clientId: member.clientId,
    clientHost: member.clientHost,
    subscribedTopicNames: [...member.subscribed],
    assignment: { topicPartitions },
  }
}
