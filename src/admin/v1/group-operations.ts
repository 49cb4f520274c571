// Consumer groups of Kafka clients: who is in them, how far they are behind, and where they go on.
import { z } from 'zod'
import { BrokerError, preconditionFailed } from '../../broker/broker-error.ts'
import { type Broker, defaultVHost } from '../../broker/broker.ts'
import { assignedPartitions } from '../../broker/group/assigned-partitions.ts'
import type { TopicPartition } from '../../broker/group/committed-offset.ts'
import type { GroupCoordinator } from '../../broker/group/group-coordinator.ts'
import type {
  ConsumerMemberDescription,
  MemberDescription,
} from '../../broker/group/group-description.ts'
import type { GroupErrorCode } from '../../broker/group/group-error.ts'
import { type GroupPlace, placesOf, timesAt } from '../../broker/group/group-lag.ts'
import type { GroupLags } from '../../broker/group/group-lags.ts'
import { resetTargets } from '../../broker/group/reset-targets.ts'
import type { SetAside } from '../../broker/set-aside.ts'
import type { ShareGroup } from '../../broker/share/share-group.ts'
import type { ShareGroups } from '../../broker/share/share-groups.ts'
import { isRangeKnown } from '../../broker/topic/shown-range.ts'
import { compareNames } from '../../lib/compare-names.ts'
import { adminLimits } from '../../limits/admin.ts'
import { notFound } from '../answers.ts'
import type { Caller } from '../api/caller.ts'
import { answerList, listOf, listQuery } from '../api/listing.ts'
import { type Operation, operation } from '../api/operation.ts'
import type { GroupJson, GroupMemberJson, GroupPlaceJson, GroupShownJson } from './group-json.ts'
import { mayDescribe, mayOnGroup, permitGroup, permitTopicRead } from './group-rights.ts'
import { placeText, readPlace } from './place-text.ts'
import { groupDeadLettersOf, groupDeadLettersSchema } from './set-aside-operations.ts'
import {
  deleteShare,
  findShareTopic,
  listedShare,
  resetShare,
  shownShare,
} from './share-group-facts.ts'

export interface GroupParts {
  readonly broker: Broker
  readonly groups: GroupCoordinator
  readonly setAside: SetAside
  readonly shareGroups: ShareGroups
}

const tag = 'Groups'
const count = z.number().int()

const listedSchema = z.object({
  name: z.string(),
  type: z.string().describe('Its protocol: classic, consumer (KIP-848) or share (KIP-932)'),
  state: z
    .string()
    .describe(
      'Empty, Stable or Dead; PreparingRebalance or CompletingRebalance (classic); Assigning or Reconciling (consumer)',
    ),
  protocol_type: z.string().describe('Empty when it only stores offsets'),
  members: count,
  topics: count,
  lag: count.describe('Messages that it has not read, in all partitions'),
})

const placeSchema = z.object({
  topic: z.string(),
  partition: count,
  offset: count.describe(
    'The next that it reads; of a share group the first that it is not done with',
  ),
  start: count,
  end: count,
  lag: count,
  lag_ms: count
    .nullable()
    .describe('How long the next of them has waited; null where nobody looked'),
  in_flight: count
    .nullable()
    .describe('Records that members of a share group have; null for other groups'),
  metadata: z.string(),
  committed: count
    .nullable()
    .describe('When, in milliseconds since the Unix epoch; null for a share group'),
})

const placesSchema = z.array(z.object({ topic: z.string(), partition: count })).nullable()

const memberSchema = z.object({
  id: z.string(),
  instance_id: z.string().nullable(),
  client_id: z.string(),
  host: z.string(),
  protocol: z.string().describe('That it speaks; a consumer group may have classic members'),
  epoch: count.nullable().describe('How far it is with the epochs of its group (consumer)'),
  pattern: z.string().nullable().describe('The regular expression that it reads by (consumer)'),
  partitions: placesSchema.describe(
    'That it reads; null where only its client knows how to read what it was given',
  ),
  target: placesSchema.describe('That it is to read in the end (consumer)'),
})

const shownSchema = listedSchema.extend({
  generation: count.describe('Of a consumer group, its epoch'),
  assignment_epoch: count
    .nullable()
    .describe('The epoch that its last assignment was made for (consumer)'),
  protocol: z.string(),
  member_list: z.array(memberSchema),
  offsets: z.array(placeSchema),
  lag_history: z
    .array(z.object({ time: count, lag: count }))
    .describe('While somebody looked, at most ten minutes'),
  dead_letters: groupDeadLettersSchema,
  may: z
    .object({ reset: z.boolean(), delete: z.boolean(), configure: z.boolean() })
    .describe('What the caller may do'),
})

const movedSchema = z.object({
  topic: z.string(),
  partition: count,
  from: count.nullable().describe('Null: it had none'),
  to: count,
})

const resetBody = z.strictObject({
  topic: z.string().optional().describe('Left out, all topics that the group has a place in'),
  partition: z.int().nonnegative().optional().describe('Of one topic; left out, all of it'),
  to: placeText,
  dry_run: z.boolean().optional().describe('Only show what would change'),
})

export function groupOperations(parts: GroupParts, lags: GroupLags): Operation[] {
  return [...lookOperations(parts, lags), ...changeOperations(parts)]
}

function lookOperations(parts: GroupParts, lags: GroupLags): Operation[] {
  const { broker, groups, shareGroups } = parts
  return [
    operation({
      method: 'get',
      path: '/v1/groups',
      where: 'first',
      tag,
      summary: 'Consumer groups, with what each is behind',
      access: 'management',
      query: listQuery,
      answers: { 200: listOf(listedSchema) },
      handle: ({ query, caller }) =>
        answerList(broker.slices, query, {
          items: groupIds(parts).filter((groupId) => mayDescribe(caller, groupId)),
          json: (groupId) => ({ ...listed(parts, groupId) }),
          nameOf: (groupId) => groupId,
          compare: compareNames,
        }),
    }),
    operation({
      method: 'get',
      path: '/v1/groups/{group}',
      where: 'first',
      tag,
      summary: 'A consumer group: its members, and its place in each partition',
      access: 'management',
      answers: { 200: shownSchema },
      async handle({ names: { group }, caller, context }) {
        const share = shareGroups.find(group)
        const isThere = share !== undefined || groups.describe(group) !== undefined
        if (!mayDescribe(caller, group) || !isThere) return notFound(context)
        await lags.byTopic()
        const may = {
          reset: mayOnGroup(caller, 'read', group),
          delete: mayOnGroup(caller, 'delete', group),
          configure: mayOnGroup(caller, 'alter-configs', group),
        }
        const facts = share === undefined ? shown(parts, group) : shownShare(share, parts)
        const deadLetters = groupDeadLettersOf(parts.setAside, group)
        return {
          ...(await facts),
          lag_history: lags.historyOf(group),
          dead_letters: deadLetters,
          may,
        }
      },
    }),
  ]
}

function changeOperations(parts: GroupParts): Operation[] {
  const { groups, shareGroups } = parts
  return [
    operation({
      method: 'post',
      path: '/v1/groups/{group}/reset',
      where: 'first',
      tag,
      summary: 'Have a group that nobody is in read on from elsewhere, or make it with a place',
      access: 'management',
      body: resetBody,
      answers: { 200: z.object({ offsets: z.array(movedSchema) }) },
      async handle({ names: { group }, body, caller }) {
        permitGroup(caller, 'read', group)
        const share = shareGroups.find(group)
        if (share !== undefined) {
          return { offsets: await moveShare(share, parts, { caller, asked: body }) }
        }
        const moved = await findTargets(parts, { group, caller }, body)
        if (body.dry_run !== true) await commit(groups, group, moved)
        return { offsets: moved }
      },
    }),
    operation({
      method: 'delete',
      path: '/v1/groups/{group}',
      where: 'first',
      tag,
      summary: 'Delete a group that nobody is in, with its offsets',
      access: 'management',
      answers: { 204: 'It is gone' },
      async handle({ names: { group }, caller, context }) {
        permitGroup(caller, 'delete', group)
        const share = shareGroups.find(group)
        if (share !== undefined) {
          await deleteShare(share, shareGroups)
          return context.body(null, 204)
        }
        if (groups.describe(group) === undefined) return notFound(context)
        const error = await new Promise<GroupErrorCode | undefined>((resolve) => {
          groups.deleteGroup(group, resolve)
        })
        if (error !== undefined) throw preconditionFailed(whyNot(group, error))
        return context.body(null, 204)
      },
    }),
  ]
}

function groupIds({ groups, shareGroups }: GroupParts): string[] {
  const others = groups.list({ states: [], types: [] }).map(({ groupId }) => groupId)
  return [...others, ...Array.from(shareGroups.list(), ({ id }) => id)]
}

function listed({ broker, groups, shareGroups }: GroupParts, groupId: string): GroupJson {
  const share = shareGroups.find(groupId)
  if (share !== undefined) return listedShare(share)
  const described = groups.describe(groupId)
  const { state = 'Dead', type = 'classic', protocolType = '', members = [] } = described ?? {}
  const topics = new Set<string>()
  let lag = 0
  for (const place of placesOf(groups, groupId, topicsOf(broker))) {
    topics.add(place.topic)
    lag += place.lag
  }
  return {
    name: groupId,
    type,
    state,
    protocol_type: protocolType,
    members: members.length,
    topics: topics.size,
    lag,
  }
}

async function shown(
  parts: GroupParts,
  groupId: string,
): Promise<Omit<GroupShownJson, 'lag_history' | 'dead_letters' | 'may'>> {
  const { broker, groups } = parts
  const { generation = 0, protocolName = '', members = [] } = groups.describe(groupId) ?? {}
  const consumer = groups.describeConsumerGroup(groupId)
  const places = await exactPlaces(parts, groupId)
  return {
    ...listed(parts, groupId),
    generation,
    assignment_epoch: consumer?.assignmentEpoch ?? null,
    protocol: protocolName,
    member_list: consumer?.members.map(consumerMemberJson) ?? members.map(classicMemberJson),
    offsets: await showPlaces(broker, places),
  }
}

/** Of partitions that other cells lead, as these say now. Those of which nobody says anything are left out. */
async function exactPlaces({ broker, groups }: GroupParts, groupId: string): Promise<GroupPlace[]> {
  const topics = topicsOf(broker)
  const places = [...placesOf(groups, groupId, topics)]
  if (places.every(({ read }) => read.remote === undefined)) return places
  const names = new Set(places.map(({ topic }) => topic))
  await broker.leaders?.look([...names].flatMap((name) => topics.find(name)?.topic ?? []))
  return [...placesOf(groups, groupId, topics)].filter(({ read }) => isRangeKnown(read))
}

function classicMemberJson(member: MemberDescription): GroupMemberJson {
  return {
    ...identityJson(member),
    protocol: 'classic',
    epoch: null,
    pattern: null,
    partitions: assignedPartitions(member.assignment) ?? null,
    target: null,
  }
}

function consumerMemberJson(member: ConsumerMemberDescription): GroupMemberJson {
  return {
    ...identityJson(member),
    protocol: member.isClassic ? 'classic' : 'consumer',
    epoch: member.epoch,
    pattern: member.topicPattern || null,
    partitions: placesJson(member.assigned),
    target: placesJson(member.target),
  }
}

function identityJson({
  memberId,
  instanceId,
  clientId,
  clientHost,
}: Pick<MemberDescription, 'memberId' | 'instanceId' | 'clientId' | 'clientHost'>): Pick<
  GroupMemberJson,
  'id' | 'instance_id' | 'client_id' | 'host'
> {
  return { id: memberId, instance_id: instanceId ?? null, client_id: clientId, host: clientHost }
}

function placesJson(topics: ConsumerMemberDescription['assigned']): TopicPartition[] {
  return topics.flatMap(({ topic, partitions }) =>
    partitions.map((partition) => ({ topic, partition })),
  )
}

/** The time of the next message may have to be read from the disk, which is done for those with the most. */
async function showPlaces(
  broker: Broker,
  places: readonly GroupPlace[],
): Promise<GroupPlaceJson[]> {
  const behind = places
    .filter(({ lag }) => lag > 0)
    .toSorted((a, b) => b.lag - a.lag)
    .slice(0, adminLimits.lagTimesMax)
  const topics = topicsOf(broker)
  const wanted = behind.flatMap(({ topic, partition, committed: { offset } }) => {
    const view = topics.find(topic)
    return view === undefined ? [] : [{ view, partition, offset }]
  })
  const found = await timesAt(broker, wanted)
  const times = new Map(behind.map((place, at) => [place, found[at]]))
  const now = broker.clock.now()
  const lagMsOf = (place: GroupPlace): number | null => {
    if (place.lag === 0) return 0
    const time = times.get(place)
    return time === undefined ? null : Math.max(0, now - time)
  }
  const inOrder = places.toSorted(
    (a, b) => compareNames(a.topic, b.topic) || a.partition - b.partition,
  )
  return inOrder.map((place) => ({
    topic: place.topic,
    partition: place.partition,
    offset: place.committed.offset,
    start: place.startOffset,
    end: place.endOffset,
    lag: place.lag,
    lag_ms: lagMsOf(place),
    in_flight: null,
    metadata: place.committed.metadata,
    committed: place.committed.committedMs,
  }))
}

type Moved = z.infer<typeof movedSchema>

/** In all topics at once: what is committed later is one change. */
async function findTargets(
  parts: GroupParts,
  { group, caller }: { readonly group: string; readonly caller: Caller },
  { topic, partition, to }: z.infer<typeof resetBody>,
): Promise<Moved[]> {
  const { broker, groups } = parts
  const place = readPlace(to, broker.clock.now())
  if (topic === undefined && partition !== undefined) {
    throw preconditionFailed('a partition is one of a topic: name that, too')
  }
  const names = topic === undefined ? topicsOfGroup(parts, group) : [topic]
  for (const name of names) permitTopicRead(caller, name)
  const moved: Moved[] = []
  for (const name of names) {
    const view = topicsOf(broker).find(name)
    if (view === undefined) throw new BrokerError('queue_not_found', `there is no topic '${name}'`)
    for (const target of await resetTargets(broker, view, { place, partition })) {
      const from = groups.fetchOffset(group, target).committed?.offset ?? null
      moved.push({ topic: name, partition: target.partition, from, to: target.offset })
    }
  }
  return moved
}

/** Throws `queue_not_found` where there are none: most likely the group's name is wrong. */
function topicsOfGroup({ broker, groups }: GroupParts, group: string): string[] {
  const names = new Set<string>()
  for (const { topic } of placesOf(groups, group, topicsOf(broker))) names.add(topic)
  if (names.size > 0) return [...names].toSorted(compareNames)
  throw new BrokerError('queue_not_found', `group '${group}' has no place in any topic: name one`)
}

/** In one topic, or in all that it has a place in, each in a change of its own. */
async function moveShare(
  share: ShareGroup,
  parts: GroupParts,
  { caller, asked }: { readonly caller: Caller; readonly asked: z.infer<typeof resetBody> },
): Promise<Moved[]> {
  const { broker } = parts
  const { topic: name, partition, to, dry_run: isDryRun = false } = asked
  if (name === undefined && partition !== undefined) {
    throw preconditionFailed('a partition is one of a topic: name that, too')
  }
  const topics =
    name === undefined
      ? Array.from(share.topics.values(), ({ topic }) => topic)
      : [findShareTopic(topicsOf(broker).find(name)?.topic, name)]
  for (const topic of topics) permitTopicRead(caller, topic.name)
  const place = readPlace(to, broker.clock.now())
  const moved: Moved[] = []
  for (const topic of topics) {
    moved.push(...(await resetShare(share, { topic, partition, place, isDryRun }, parts)))
  }
  return moved
}

/** As an operator commits, who is no member: only while the group has none. */
async function commit(
  groups: GroupCoordinator,
  groupId: string,
  moved: readonly Moved[],
): Promise<void> {
  const errors = await new Promise<readonly (GroupErrorCode | undefined)[]>((resolve) => {
    groups.commitOffsets(
      {
        groupId,
        memberId: '',
        instanceId: undefined,
        generation: -1,
        offsets: moved.map(({ topic, partition, to: offset }) => {
          return { topic, partition, offset, leaderEpoch: -1, metadata: '' }
        }),
        retentionMs: undefined,
        knowsMissingGroup: true,
      },
      resolve,
    )
  })
  const error = errors.find((found) => found !== undefined)
  if (error !== undefined) throw preconditionFailed(whyNot(groupId, error))
}

function whyNot(groupId: string, error: GroupErrorCode): string {
  const isUsed = error === 'unknown_member_id' || error === 'non_empty_group'
  return isUsed
    ? `group '${groupId}' has members: stop its consumers first`
    : `group '${groupId}' cannot be changed: ${error.replaceAll('_', ' ')}`
}

function topicsOf(broker: Broker): ReturnType<Broker['topicsOf']> {
  return broker.topicsOf(broker.getVHost(defaultVHost))
}
