// Consumer groups of Kafka clients: who is in them, how far they are behind, and where they go on.
import { z } from 'zod'
import { BrokerError, preconditionFailed } from '../../broker/broker-error.ts'
import { type Broker, defaultVHost } from '../../broker/broker.ts'
import { assignedPartitions } from '../../broker/group/assigned-partitions.ts'
import type { GroupCoordinator } from '../../broker/group/group-coordinator.ts'
import type { GroupErrorCode } from '../../broker/group/group-error.ts'
import { type GroupPlace, placesOf, timeAt } from '../../broker/group/group-lag.ts'
import type { GroupLags, LagSample } from '../../broker/group/group-lags.ts'
import { resetTargets } from '../../broker/group/reset-targets.ts'
import type { SetAside } from '../../broker/set-aside.ts'
import { compareNames } from '../../lib/compare-names.ts'
import { adminLimits } from '../../limits/admin.ts'
import { notFound } from '../answers.ts'
import type { Caller } from '../api/caller.ts'
import { answerList, listOf, listQuery } from '../api/listing.ts'
import { type Operation, operation } from '../api/operation.ts'
import { mayDescribe, permitGroup, permitTopicRead } from './group-rights.ts'
import { placeText, readPlace } from './place-text.ts'
import {
  type GroupDeadLettersJson,
  groupDeadLettersOf,
  groupDeadLettersSchema,
} from './set-aside-operations.ts'

export interface GroupParts {
  readonly broker: Broker
  readonly groups: GroupCoordinator
  readonly setAside: SetAside
}

const tag = 'Groups'
const count = z.number().int()

/** A group in a list. */
export interface GroupJson {
  readonly name: string
  readonly state: string
  readonly protocol_type: string
  readonly members: number
  readonly topics: number
  readonly lag: number
}

/** A group with its members and places. */
export interface GroupShownJson extends GroupJson {
  readonly generation: number
  readonly protocol: string
  readonly member_list: readonly GroupMemberJson[]
  readonly offsets: readonly GroupPlaceJson[]
  readonly lag_history: readonly LagSample[]
  readonly dead_letters: GroupDeadLettersJson
  readonly may: { readonly reset: boolean; readonly delete: boolean }
}

export interface GroupMemberJson {
  readonly id: string
  readonly instance_id: string | null
  readonly client_id: string
  readonly host: string
  readonly partitions: readonly { readonly topic: string; readonly partition: number }[] | null
}

export interface GroupPlaceJson {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly start: number
  readonly end: number
  readonly lag: number
  readonly lag_ms: number | null
  readonly metadata: string
  readonly committed: number
}

const listedSchema = z.object({
  name: z.string(),
  state: z.string().describe('Empty, PreparingRebalance, CompletingRebalance, Stable or Dead'),
  protocol_type: z.string().describe('Empty when it only stores offsets'),
  members: count,
  topics: count,
  lag: count.describe('Messages that it has not read, in all partitions'),
})

const placeSchema = z.object({
  topic: z.string(),
  partition: count,
  offset: count.describe('The next that it reads'),
  start: count,
  end: count,
  lag: count,
  lag_ms: count
    .nullable()
    .describe('How long the next of them has waited; null where nobody looked'),
  metadata: z.string(),
  committed: count.describe('When, in milliseconds since the Unix epoch'),
})

const memberSchema = z.object({
  id: z.string(),
  instance_id: z.string().nullable(),
  client_id: z.string(),
  host: z.string(),
  partitions: z
    .array(z.object({ topic: z.string(), partition: count }))
    .nullable()
    .describe('That it reads; null where only its client knows how to read what it was given'),
})

const shownSchema = listedSchema.extend({
  generation: count,
  protocol: z.string(),
  member_list: z.array(memberSchema),
  offsets: z.array(placeSchema),
  lag_history: z
    .array(z.object({ time: count, lag: count }))
    .describe('While somebody looked, at most ten minutes'),
  dead_letters: groupDeadLettersSchema,
  may: z.object({ reset: z.boolean(), delete: z.boolean() }).describe('What the caller may do'),
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
  const { broker, groups } = parts
  return [
    operation({
      method: 'get',
      path: '/v1/groups',
      tag,
      summary: 'Consumer groups, with what each is behind',
      access: 'management',
      query: listQuery,
      answers: { 200: listOf(listedSchema) },
      handle: ({ query, caller }) =>
        answerList(broker.slices, query, {
          items: groups
            .list({ states: [], types: [] })
            .filter(({ groupId }) => mayDescribe(caller, groupId)),
          json: ({ groupId }) => ({ ...listed(parts, groupId) }),
          nameOf: ({ groupId }) => groupId,
          compare: (a, b) => compareNames(a.groupId, b.groupId),
        }),
    }),
    operation({
      method: 'get',
      path: '/v1/groups/{group}',
      tag,
      summary: 'A consumer group: its members, and its place in each partition',
      access: 'management',
      answers: { 200: shownSchema },
      async handle({ names: { group }, caller, context }) {
        if (!mayDescribe(caller, group) || groups.describe(group) === undefined) {
          return notFound(context)
        }
        await lags.byTopic()
        const rights = caller.rightsIn(defaultVHost)
        const may = { reset: rights.may('read', group), delete: rights.may('configure', group) }
        const deadLetters = groupDeadLettersOf(parts.setAside, group)
        return {
          ...(await shown(parts, group)),
          lag_history: lags.historyOf(group),
          dead_letters: deadLetters,
          may,
        }
      },
    }),
  ]
}

function changeOperations(parts: GroupParts): Operation[] {
  const { groups } = parts
  return [
    operation({
      method: 'post',
      path: '/v1/groups/{group}/reset',
      tag,
      summary: 'Have a group that nobody is in read on from elsewhere, or make it with a place',
      access: 'management',
      body: resetBody,
      answers: { 200: z.object({ offsets: z.array(movedSchema) }) },
      async handle({ names: { group }, body, caller }) {
        permitGroup(caller, 'read', group)
        const moved = await findTargets(parts, { group, caller }, body)
        if (body.dry_run !== true) await commit(groups, group, moved)
        return { offsets: moved }
      },
    }),
    operation({
      method: 'delete',
      path: '/v1/groups/{group}',
      tag,
      summary: 'Delete a group that nobody is in, with its offsets',
      access: 'management',
      answers: { 204: 'It is gone' },
      async handle({ names: { group }, caller, context }) {
        permitGroup(caller, 'configure', group)
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

function listed({ broker, groups }: GroupParts, groupId: string): GroupJson {
  const { state = 'Dead', protocolType = '', members = [] } = groups.describe(groupId) ?? {}
  const topics = new Set<string>()
  let lag = 0
  for (const place of placesOf(groups, groupId, topicsOf(broker))) {
    topics.add(place.topic)
    lag += place.lag
  }
  return {
    name: groupId,
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
  const places = [...placesOf(groups, groupId, topicsOf(broker))]
  return {
    ...listed(parts, groupId),
    generation,
    protocol: protocolName,
    member_list: members.map(({ memberId, instanceId, clientId, clientHost, assignment }) => ({
      id: memberId,
      instance_id: instanceId ?? null,
      client_id: clientId,
      host: clientHost,
      partitions: assignedPartitions(assignment) ?? null,
    })),
    offsets: await showPlaces(broker, places),
  }
}

/** The time of the next message may have to be read from the disk, which is done for those with the most. */
async function showPlaces(
  { store, clock }: Broker,
  places: readonly GroupPlace[],
): Promise<GroupPlaceJson[]> {
  const behind = places.filter(({ lag }) => lag > 0).toSorted((a, b) => b.lag - a.lag)
  const times = new Map<GroupPlace, number | undefined>()
  for (const place of behind.slice(0, adminLimits.lagTimesMax)) {
    times.set(place, await timeAt(store, place.log, place.committed.offset))
  }
  const now = clock.now()
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
