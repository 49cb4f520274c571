// DescribeGroups, ListGroups and DeleteGroups.
import { type GroupDescription, passes } from '../../broker/group/group-description.ts'
import {
  type DeletableGroupResult,
  writeDeletableGroupResult,
} from '../../codec/kafka/messages/delete-groups.gen.ts'
import {
  type DescribedGroup,
  type DescribeGroupsRequest,
  writeDescribedGroup,
} from '../../codec/kafka/messages/describe-groups.gen.ts'
import {
  type ListedGroup,
  type ListGroupsRequest,
  writeListedGroup,
} from '../../codec/kafka/messages/list-groups.gen.ts'
import type { Steps } from '../../lib/slices.ts'
import { operationsOnGroup } from './authorized-operations.ts'
import { isAskedElsewhere } from './brokers-for.ts'
import { answerTo, codeOf, noError } from './error-code.ts'
import { groupCodeOf } from './group-errors.ts'
import { Outstanding } from './outstanding.ts'
import type { Handler, RequestContext } from './request-context.ts'
import { shareRefusal } from './share-members.ts'
import { ItemWriter, writeInSlices } from './write-in-slices.ts'

const missingGroupVersion = 6
const nobody = { protocolType: '', protocolData: '', members: [] }

export const handleDescribeGroups: Handler<'describeGroups'> = async (request, context) => {
  const described = describeEach(request, context)
  const groups = await writeInSlices('describeGroups', context, writeDescribedGroup, described)
  return { throttleTimeMs: 0, groups }
}

function* describeEach(
  { groups, includeAuthorizedOperations: isAsked }: DescribeGroupsRequest,
  context: RequestContext,
): Generator<DescribedGroup, void> {
  for (const groupId of groups) {
    const described = describe(groupId, context)
    if (!isAsked || described.errorCode !== noError) yield described
    else yield { ...described, authorizedOperations: operationsOnGroup(context.access, groupId) }
  }
}

function describe(groupId: string, { groups, apiVersion, access }: RequestContext): DescribedGroup {
  if (!access.needsGroup('describe', groupId)) {
    const errorCode = codeOf('GROUP_AUTHORIZATION_FAILED')
    return { errorCode, errorMessage: null, groupId, groupState: '', ...nobody }
  }
  const group = groups.describe(groupId)
  if (group === undefined || group.type !== 'classic') {
    const isError = apiVersion >= missingGroupVersion
    return {
      errorCode: isError ? codeOf('GROUP_ID_NOT_FOUND') : noError,
      errorMessage: isError ? whyNot(groupId, group) : null,
      groupId,
      groupState: 'Dead',
      ...nobody,
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

/** Kafka's words. */
function whyNot(groupId: string, group: GroupDescription | undefined): string {
  return group === undefined
    ? `Group ${groupId} not found.`
    : `Group ${groupId} is not a classic group.`
}

/** Another broker has none: this one coordinates all. */
export const handleListGroups: Handler<'listGroups'> = async (request, context) => ({
  throttleTimeMs: 0,
  errorCode: noError,
  groups: await writeInSlices(
    'listGroups',
    context,
    writeListedGroup,
    isAskedElsewhere(context) ? [] : listGroups(request, context),
  ),
})

function* listGroups(
  { statesFilter: states, typesFilter: types }: ListGroupsRequest,
  { groups, shareGroups, access }: RequestContext,
): Generator<ListedGroup | undefined, void> {
  const mayListAll = access.mayCluster('describe')
  for (const { id: groupId, state: groupState } of shareGroups.list()) {
    const isAsked = passes({ state: groupState, type: 'share' }, { states, types })
    const isShown = isAsked && (mayListAll || access.mayGroup('describe', groupId))
    yield isShown ? { groupId, protocolType: 'share', groupState, groupType: 'share' } : undefined
  }
  for (const { groupId, protocolType, state, type } of groups.list({ states, types })) {
    const isShown = mayListAll || access.mayGroup('describe', groupId)
    yield isShown ? { groupId, protocolType, groupState: state, groupType: type } : undefined
  }
}

export const handleDeleteGroups: Handler<'deleteGroups'> = async (request, context) => ({
  throttleTimeMs: 0,
  results: await context.slices.run(deleteGroups(request.groupsNames, context)),
})

function* deleteGroups(
  names: readonly string[],
  context: RequestContext,
): Steps<readonly DeletableGroupResult[]> {
  const codes: number[] = []
  const outstanding = new Outstanding()
  for (const [at, name] of names.entries()) {
    if (!context.access.needsGroup('delete', name)) {
      codes[at] = codeOf('GROUP_AUTHORIZATION_FAILED')
      yield
      continue
    }
    const done = outstanding.expect()
    if (context.shareGroups.find(name) !== undefined) {
      const onDeleted = (code: number): void => {
        codes[at] = code
        done()
      }
      void deleteShareGroup(name, context).then(onDeleted)
      yield
      continue
    }
    context.groups.deleteGroup(name, (error) => {
      codes[at] = groupCodeOf(error)
      done()
    })
    yield
  }
  yield outstanding.whenAll()
  const results = new ItemWriter('deleteGroups', context, writeDeletableGroupResult)
  for (const [at, groupId] of names.entries()) {
    results.add({ groupId, errorCode: codes[at] ?? noError })
    yield
  }
  return results.finish()
}

async function deleteShareGroup(groupId: string, { shareGroups }: RequestContext): Promise<number> {
  try {
    await shareGroups.deleteGroup(groupId)
    return noError
  } catch (error) {
    return answerTo(shareRefusal(error)).errorCode
  }
}
