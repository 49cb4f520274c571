// Share groups among consumer groups (KIP-932): the same shapes, from what a share group knows.
import { BrokerError, preconditionFailed } from '../../broker/broker-error.ts'
import type { Broker } from '../../broker/broker.ts'
import { timesAt } from '../../broker/group/group-lag.ts'
import { resetTargets } from '../../broker/group/reset-targets.ts'
import { ShareGroupError } from '../../broker/share/share-group-error.ts'
import type { ShareGroup } from '../../broker/share/share-group.ts'
import { checkEmpty, type ShareGroups } from '../../broker/share/share-groups.ts'
import type { ShareTopic } from '../../broker/share/share-topic.ts'
import { shownRange } from '../../broker/topic/shown-range.ts'
import type { StreamPlace } from '../../broker/topic/stream-place.ts'
import type { Topic } from '../../broker/topic/topic.ts'
import { compareNames } from '../../lib/compare-names.ts'
import { adminLimits } from '../../limits/admin.ts'
import type { GroupJson, GroupMemberJson, GroupPlaceJson, GroupShownJson } from './group-json.ts'

/** `only` one topic's lag, or all. */
export function listedShare(group: ShareGroup, only?: string): GroupJson {
  let sum = 0
  for (const { topic, lag } of group.lags()) if (only === undefined || topic === only) sum += lag
  return {
    name: group.id,
    type: 'share',
    state: group.state,
    protocol_type: 'share',
    members: group.members.size,
    topics: group.topics.size,
    lag: sum,
  }
}

interface ShareParts {
  readonly broker: Broker
  readonly shareGroups: ShareGroups
}

export async function shownShare(
  group: ShareGroup,
  { broker, shareGroups }: ShareParts,
): Promise<Omit<GroupShownJson, 'lag_history' | 'dead_letters' | 'may'>> {
  const topics = new Map(Array.from(group.topics.values(), ({ topic }) => [topic.name, topic]))
  const spread = [...topics.values()].filter((topic) => topic.spread > 0)
  if (spread.length > 0) await Promise.all([broker.leaders?.look(spread), shareGroups.look(group)])
  const places = [...group.topics.values()].flatMap(placesIn)
  const behind = places
    .filter(({ lag }) => lag > 0)
    .toSorted((a, b) => b.lag - a.lag)
    .slice(0, adminLimits.lagTimesMax)
  const wanted = behind.map((place) => ({ ...place, view: topics.get(place.topic)! }))
  const now = broker.clock.now()
  for (const [at, time] of (await timesAt(broker, wanted)).entries()) {
    if (time !== undefined) behind[at]!.lag_ms = Math.max(0, now - time)
  }
  const inOrder = places.toSorted(
    (a, b) => compareNames(a.topic, b.topic) || a.partition - b.partition,
  )
  return {
    ...listedShare(group),
    generation: group.epoch,
    assignment_epoch: null,
    protocol: 'simple',
    member_list: membersOf(group),
    offsets: inOrder,
  }
}

type Place = { -readonly [Key in keyof GroupPlaceJson]: GroupPlaceJson[Key] }

/** Of a partition whose leader does not say where the group is, there is nothing to show. */
function placesIn(place: ShareTopic): Place[] {
  return Array.from({ length: place.partitionCount }).flatMap((_, partition) => {
    const facts = place.factsOf(partition)
    const shown = place.topic.partitions[partition]
    if (facts === undefined || shown === undefined) return []
    const { startOffset: start, endOffset: end } = shownRange(shown)
    const { startOffset: offset, lag, acquired } = facts
    return {
      topic: place.topic.name,
      partition,
      offset,
      start,
      end,
      lag,
      lag_ms: lag === 0 ? 0 : null,
      in_flight: acquired,
      metadata: '',
      committed: null,
    }
  })
}

function membersOf(group: ShareGroup): GroupMemberJson[] {
  return Array.from(group.members.values(), ({ id, clientId, clientHost, assignment }) => ({
    id,
    instance_id: null,
    client_id: clientId,
    host: clientHost,
    protocol: 'share',
    epoch: null,
    pattern: null,
    target: null,
    partitions: [...assignment].flatMap(([topicId, partitions]) => {
      const topic = group.topics.get(topicId)?.topic.name
      return topic === undefined ? [] : partitions.map((partition) => ({ topic, partition }))
    }),
  }))
}

export interface ShareResetAsked {
  readonly topic: Topic
  readonly partition: number | undefined
  readonly place: StreamPlace
  readonly isDryRun: boolean
}

interface MovedShare {
  readonly topic: string
  readonly partition: number
  readonly from: number | null
  readonly to: number
}

/** Has a share group that nobody is in read on from elsewhere. */
export async function resetShare(
  group: ShareGroup,
  { topic, partition, place, isDryRun }: ShareResetAsked,
  { broker, shareGroups }: ShareParts,
): Promise<MovedShare[]> {
  const targets = await resetTargets(broker, topic, { place, partition })
  const known = group.topics.get(topic.topicId)
  const moved = targets.map((target) => ({
    topic: topic.name,
    partition: target.partition,
    from: known?.factsOf(target.partition)?.startOffset ?? null,
    to: target.offset,
  }))
  if (isDryRun) return moved
  await explained(async () => {
    checkEmpty(group)
    const opened = await shareGroups.openTopic(group, topic)
    checkEmpty(group)
    const places = targets.map(({ partition: each, offset }) => ({ partition: each, offset }))
    const missing = await shareGroups.move(group, opened, places)
    if (missing.size === 0) return
    throw preconditionFailed(
      `partitions ${[...missing].join(', ')} are led by nodes that do not answer: try again`,
    )
  })
  return moved
}

/** Deletes a share group that nobody is in. */
export function deleteShare(group: ShareGroup, shareGroups: ShareGroups): Promise<void> {
  return explained(() => shareGroups.deleteGroup(group.id))
}

async function explained(change: () => Promise<void>): Promise<void> {
  try {
    await change()
  } catch (error) {
    if (!(error instanceof ShareGroupError)) throw error
    if (error.code !== 'non_empty_group') throw preconditionFailed(error.message)
    throw preconditionFailed('the group has members: stop its consumers first')
  }
}

/** Throws `queue_not_found`. */
export function findShareTopic(topic: Topic | undefined, name: string): Topic {
  if (topic !== undefined) return topic
  throw new BrokerError('queue_not_found', `there is no topic '${name}'`)
}
