// Members that ask where their group is are about to read there: what the group's settings ask to set aside first is set
// aside before they are answered.
import type { SetAsideRule } from '../../broker/set-aside.ts'
import type { OffsetFetchRequest } from '../../codec/kafka/messages/offset-fetch.gen.ts'
import type { RequestContext } from './request-context.ts'

const batchVersion = 8
const topicIdVersion = 10

interface Asked {
  readonly groupId: string
  readonly memberId?: string | null
  readonly topics: readonly AskedTopic[] | null
}

interface AskedTopic {
  readonly name: string
  readonly topicId?: string
  readonly partitionIndexes: readonly number[]
}

/** Undefined: there is nothing to wait for, as of all groups without such settings. */
export function beginReads(
  request: OffsetFetchRequest,
  context: RequestContext,
): Promise<void> | undefined {
  const asked: readonly Asked[] = context.apiVersion >= batchVersion ? request.groups : [request]
  const begun = asked.flatMap((group) => {
    const rule = ruleFor(group, context)
    return rule === undefined ? [] : [{ group, rule }]
  })
  if (begun.length === 0) return undefined
  return beginAll(begun, context)
}

/** Of a member of a group that has one; a tool that looks at all of a group names no topics. */
function ruleFor(
  { groupId, topics, memberId }: Asked,
  { setAside, client, access }: RequestContext,
): SetAsideRule | undefined {
  const rule = topics === null ? undefined : setAside.ruleOf(groupId)
  if (rule === undefined) return undefined
  const isMember = (memberId ?? '') !== '' || setAside.isMember(groupId, client)
  return isMember && access.needsGroup('read', groupId) ? rule : undefined
}

/** One after the other: a record is in memory meanwhile. */
async function beginAll(
  begun: readonly { readonly group: Asked; readonly rule: SetAsideRule }[],
  context: RequestContext,
): Promise<void> {
  const { setAside, client, access } = context
  for (const { group, rule } of begun) {
    const { groupId } = group
    for (const each of group.topics ?? []) {
      const topic = nameOf(each, context)
      if (topic === undefined || !access.needsTopic('read', topic)) continue
      for (const partition of each.partitionIndexes) {
        await setAside.begin({ groupId, topic, partition }, rule, client)
      }
    }
  }
}

/** Undefined for an id that none has. */
function nameOf(
  { name, topicId = '' }: AskedTopic,
  { apiVersion, topics }: RequestContext,
): string | undefined {
  return apiVersion >= topicIdVersion ? topics.findById(topicId)?.name : name
}
