// DescribeGroups, ListGroups and DeleteGroups.
import type { DeletableGroupResult } from '../../codec/kafka/messages/delete-groups.gen.ts'
import type { DescribedGroup } from '../../codec/kafka/messages/describe-groups.gen.ts'
import {
  type ListedGroup,
  type ListGroupsRequest,
  writeListedGroup,
} from '../../codec/kafka/messages/list-groups.gen.ts'
import { authorizedOperations } from './authorized-operations.ts'
import { codeOf, noError } from './error-code.ts'
import { groupCodeOf } from './group-errors.ts'
import type { Handler, RequestContext } from './request-context.ts'
import { ItemWriter, writeAll } from './write-in-slices.ts'

const missingGroupVersion = 6

export const handleDescribeGroups: Handler<'describeGroups'> = (request, context) => ({
  throttleTimeMs: 0,
  groups: request.groups.map((groupId) => {
    const described = describe(groupId, context)
    if (!request.includeAuthorizedOperations || described.errorCode !== noError) return described
    return { ...described, authorizedOperations: authorizedOperations.group }
  }),
})

function describe(groupId: string, { groups, apiVersion }: RequestContext): DescribedGroup {
  const group = groups.describe(groupId)
  if (group === undefined) {
    const isError = apiVersion >= missingGroupVersion
    return {
      errorCode: isError ? codeOf('GROUP_ID_NOT_FOUND') : noError,
      errorMessage: isError ? `Group ${groupId} not found.` : null,
      groupId,
      groupState: 'Dead',
      protocolType: '',
      protocolData: '',
      members: [],
    }
  }
  return {
    errorCode: noError,
    errorMessage: null,
    groupId,
    groupState: group.state,
    protocolType: group.protocolType,
    protocolData: group.protocolName,
    members: group.members.map(({ memberId, instanceId, clientId, clientHost, ...bytes }) => ({
      memberId,
      groupInstanceId: instanceId ?? null,
      clientId,
      clientHost,
      memberMetadata: bytes.metadata,
      memberAssignment: bytes.assignment,
    })),
  }
}

export const handleListGroups: Handler<'listGroups'> = async (request, context) => ({
  throttleTimeMs: 0,
  errorCode: noError,
  groups: await context.slices.run(
    writeAll(new ItemWriter('listGroups', context, writeListedGroup), listGroups(request, context)),
  ),
})

function* listGroups(
  { statesFilter: states, typesFilter: types }: ListGroupsRequest,
  { groups }: RequestContext,
): Generator<ListedGroup, void> {
  for (const { groupId, protocolType, state, type } of groups.list({ states, types })) {
    yield { groupId, protocolType, groupState: state, groupType: type }
  }
}

export const handleDeleteGroups: Handler<'deleteGroups'> = async (request, { groups }) => {
  const results = await Promise.all(
    request.groupsNames.map(
      (groupId) =>
        new Promise<DeletableGroupResult>((resolve) => {
          groups.deleteGroup(groupId, (error) => {
            resolve({ groupId, errorCode: groupCodeOf(error) })
          })
        }),
    ),
  )
  return { throttleTimeMs: 0, results }
}
