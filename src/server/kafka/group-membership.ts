// JoinGroup, SyncGroup, Heartbeat and LeaveGroup: requests to the group coordinator and its answers.
import type { LeavingMember } from '../../broker/group/leave-group.ts'
import type { JoinGroupResponse } from '../../codec/kafka/messages/join-group.gen.ts'
import type { SyncGroupResponse } from '../../codec/kafka/messages/sync-group.gen.ts'
import { kafkaLimits } from '../../limits/kafka.ts'
import { codeOf } from './error-code.ts'
import { groupCodeOf } from './group-errors.ts'
import type { Handler } from './request-context.ts'

const twoStepJoinVersion = 4
const nullableProtocolVersion = 7
const skipAssignmentVersion = 9
const batchLeaveVersion = 3
const unauthorized = codeOf('GROUP_AUTHORIZATION_FAILED')
const noGeneration = { generationId: -1, protocolName: '', leader: '', members: [] }

export const handleJoinGroup: Handler<'joinGroup'> = (request, context) => {
  const { apiVersion, groups, shareGroups, clientId, client, access } = context
  if (!access.needsGroup('read', request.groupId)) {
    return { throttleTimeMs: 0, errorCode: unauthorized, memberId: '', ...noGeneration }
  }
  // A share group has its name (KIP-932).
  const isTaken = shareGroups.find(request.groupId) !== undefined
  if (isTaken || request.protocols.length > kafkaLimits.memberProtocolsMax) {
    const errorCode = codeOf('INCONSISTENT_GROUP_PROTOCOL')
    const { memberId } = request
    return { throttleTimeMs: 0, errorCode, memberId, ...noGeneration }
  }
  context.setAside.noteMember(request.groupId, client)
  return new Promise<JoinGroupResponse>((resolve) => {
    groups.join(
      {
        groupId: request.groupId,
        memberId: request.memberId,
        instanceId: request.groupInstanceId ?? undefined,
        clientId,
        clientHost: `/${client.remoteAddress}`,
        sessionTimeoutMs: request.sessionTimeoutMs,
        rebalanceTimeoutMs: request.rebalanceTimeoutMs,
        protocolType: request.protocolType,
        // Groups outlive requests: the bytes must not be views of one.
        protocols: request.protocols.map(({ name, metadata }) => ({
          name,
          metadata: Buffer.from(metadata),
        })),
        needsKnownMemberId: apiVersion >= twoStepJoinVersion,
        canSkipAssignment: apiVersion >= skipAssignmentVersion,
      },
      (answer) => {
        const absent = apiVersion >= nullableProtocolVersion ? null : ''
        resolve({
          throttleTimeMs: 0,
          errorCode: groupCodeOf(answer.error),
          generationId: answer.generation,
          protocolType: answer.protocolType ?? null,
          protocolName: answer.protocolName ?? absent,
          leader: answer.leaderId,
          skipAssignment: answer.skipsAssignment,
          memberId: answer.memberId,
          members: answer.members.map(({ memberId, instanceId, metadata }) => ({
            memberId,
            groupInstanceId: instanceId ?? null,
            metadata,
          })),
        })
      },
    )
  })
}

export const handleSyncGroup: Handler<'syncGroup'> = (request, { groups, access }) => {
  if (!access.needsGroup('read', request.groupId)) {
    return { throttleTimeMs: 0, errorCode: unauthorized, assignment: Buffer.alloc(0) }
  }
  return new Promise<SyncGroupResponse>((resolve) => {
    groups.sync(
      {
        groupId: request.groupId,
        memberId: request.memberId,
        instanceId: request.groupInstanceId ?? undefined,
        generation: request.generationId,
        protocolType: request.protocolType ?? undefined,
        protocolName: request.protocolName ?? undefined,
        assignments: request.assignments.map(({ memberId, assignment }) => ({
          memberId,
          assignment: Buffer.from(assignment),
        })),
      },
      (answer) => {
        resolve({
          throttleTimeMs: 0,
          errorCode: groupCodeOf(answer.error),
          protocolType: answer.protocolType ?? null,
          protocolName: answer.protocolName ?? null,
          assignment: answer.assignment,
        })
      },
    )
  })
}

export const handleHeartbeat: Handler<'heartbeat'> = (request, { groups, access }) => {
  if (!access.needsGroup('read', request.groupId)) {
    return { throttleTimeMs: 0, errorCode: unauthorized }
  }
  const error = groups.heartbeat({
    groupId: request.groupId,
    memberId: request.memberId,
    instanceId: request.groupInstanceId ?? undefined,
    generation: request.generationId,
  })
  return { throttleTimeMs: 0, errorCode: groupCodeOf(error) }
}

export const handleLeaveGroup: Handler<'leaveGroup'> = (request, context) => {
  const { apiVersion, groups, access } = context
  if (!access.needsGroup('read', request.groupId)) {
    return { throttleTimeMs: 0, errorCode: unauthorized, members: [] }
  }
  const isBatch = apiVersion >= batchLeaveVersion
  const leaving: LeavingMember[] = isBatch
    ? request.members.map(({ memberId, groupInstanceId }) => ({
        memberId,
        instanceId: groupInstanceId ?? undefined,
      }))
    : [{ memberId: request.memberId, instanceId: undefined }]
  const left = groups.leave(request.groupId, leaving)
  if (typeof left === 'string') {
    return { throttleTimeMs: 0, errorCode: groupCodeOf(left), members: [] }
  }
  if (!isBatch) return { throttleTimeMs: 0, errorCode: groupCodeOf(left[0]) }
  const members = leaving.map(({ memberId, instanceId }, index) => ({
    memberId,
    groupInstanceId: instanceId ?? null,
    errorCode: groupCodeOf(left[index]),
  }))
  return { throttleTimeMs: 0, errorCode: 0, members }
}
