// How far each consumer group is behind, and whether that grows.
import { type Broker, defaultVHost } from '../../../broker/broker.ts'
import type { GroupCoordinator } from '../../../broker/group/group-coordinator.ts'
import { placesOf } from '../../../broker/group/group-lag.ts'
import type { ShareGroup } from '../../../broker/share/share-group.ts'
import type { ShareGroups } from '../../../broker/share/share-groups.ts'
import type { Steps } from '../../../lib/slices.ts'
import { healthLimits } from '../../../limits/health.ts'
import type { Growth, GrowthNotes } from './growth-notes.ts'
import { TopList } from './top-list.ts'

export interface GroupFact {
  readonly kind: 'consumer' | 'share'
  readonly group: string
  readonly members: number
  readonly lag: number
  readonly growth: Growth
}

export interface GroupFacts {
  readonly count: number
  readonly falling: TopList<GroupFact>
}

export interface GroupsLooked {
  readonly broker: Broker
  readonly groups: GroupCoordinator
  readonly shareGroups: ShareGroups
  readonly now: number
  readonly notes: GrowthNotes<string>
  /** Those of groups that are gone have to go. */
  readonly noted: Map<string, unknown>
}

export function* lookAtGroups(looked: GroupsLooked): Steps<GroupFacts> {
  const { noted } = looked
  const falling = new TopList<GroupFact>(healthLimits.namedMax, ({ lag }) => lag)
  const there = new Set<string>()
  for (const measured of measuredGroups(looked)) {
    yield
    there.add(measured.group)
    const fact = factOf(measured, looked)
    if (fact !== undefined) falling.add(fact)
  }
  for (const name of noted.keys()) if (!there.has(name)) noted.delete(name)
  return { count: there.size, falling }
}

interface Measured extends Omit<GroupFact, 'growth' | 'members'> {
  /** To be asked of those that fall behind only. */
  readonly memberCount: () => number
}

/** One after the other: to add up what one has not read is a step of its own. */
function* measuredGroups({ broker, groups, shareGroups }: GroupsLooked): Generator<Measured> {
  const topics = broker.topicsOf(broker.getVHost(defaultVHost))
  for (const { groupId: group } of groups.list({ states: [], types: [] })) {
    let lag = 0
    for (const place of placesOf(groups, group, topics)) lag += place.lag
    const memberCount = (): number => groups.describe(group)?.members.length ?? 0
    yield { kind: 'consumer', group, memberCount, lag }
  }
  for (const share of shareGroups.list()) {
    const { id: group, members } = share
    yield { kind: 'share', group, memberCount: () => members.size, lag: lagOf(share) }
  }
}

function lagOf(share: ShareGroup): number {
  let sum = 0
  for (const { lag } of share.lags()) sum += lag
  return sum
}

/** Undefined for one that is not falling behind. */
function factOf(
  { kind, group, lag, memberCount }: Measured,
  { notes, now }: GroupsLooked,
): GroupFact | undefined {
  const growth = notes.note(group, lag, now)
  if (growth === undefined || lag < healthLimits.growingMin) return undefined
  if (!growth.isSteady || growth.rate < healthLimits.growthMin) return undefined
  return { kind, group, members: memberCount(), lag, growth }
}
