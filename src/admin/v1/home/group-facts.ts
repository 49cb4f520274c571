// How far each consumer group is behind, and whether that grows.
import { type Broker, defaultVHost } from '../../../broker/broker.ts'
import type { GroupCoordinator } from '../../../broker/group/group-coordinator.ts'
import { placesOf } from '../../../broker/group/group-lag.ts'
import type { Steps } from '../../../lib/slices.ts'
import { healthLimits } from '../../../limits/health.ts'
import type { Growth, GrowthNotes } from './growth-notes.ts'
import { TopList } from './top-list.ts'

export interface GroupFact {
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
  readonly now: number
  readonly notes: GrowthNotes<string>
  /** Those of groups that are gone have to go. */
  readonly noted: Map<string, unknown>
}

export function* lookAtGroups(looked: GroupsLooked): Steps<GroupFacts> {
  const { broker, groups, now, notes, noted } = looked
  const topics = broker.topicsOf(broker.getVHost(defaultVHost))
  const falling = new TopList<GroupFact>(healthLimits.namedMax, ({ lag }) => lag)
  const all = groups.list({ states: [], types: [] })
  for (const { groupId } of all) {
    yield
    let lag = 0
    for (const place of placesOf(groups, groupId, topics)) lag += place.lag
    const growth = notes.note(groupId, lag, now)
    if (growth === undefined || lag < healthLimits.growingMin) continue
    if (!growth.isSteady || growth.rate < healthLimits.growthMin) continue
    const members = groups.describe(groupId)?.members.length ?? 0
    falling.add({ group: groupId, members, lag, growth })
  }
  if (noted.size > all.length) forgetGone(noted, new Set(all.map(({ groupId }) => groupId)))
  return { count: all.length, falling }
}

function forgetGone(noted: Map<string, unknown>, there: ReadonlySet<string>): void {
  for (const name of noted.keys()) if (!there.has(name)) noted.delete(name)
}
