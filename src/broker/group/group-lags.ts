// How far groups are behind, summed up: of each topic the slowest group, of each group its lag and how that
// has changed while somebody looked. All groups are looked at together, in slices, at most every few seconds.
import type { Clock } from '../../lib/clock.ts'
import { Remembered } from '../../lib/remembered.ts'
import type { Slices, Steps } from '../../lib/slices.ts'
import { groupLimits } from '../../limits/group.ts'
import type { GroupCoordinator } from './group-coordinator.ts'
import { placesOf, type TopicFinder } from './group-lag.ts'

/** A group of another kind, which knows its places by itself. */
export interface LaggingGroup {
  readonly id: string
  /** For each partition. */
  lags(): Iterable<{ readonly topic: string; readonly lag: number }>
}

export interface GroupLagsParts {
  readonly groups: GroupCoordinator
  readonly otherGroups: { list(): Iterable<LaggingGroup> }
  readonly clock: Clock
  readonly slices: Slices
  /** Of the virtual host that Kafka's clients are in. */
  readonly topics: TopicFinder
}

/** What the groups that read a topic add up to. */
export interface TopicLag {
  /** The one that is behind by the most. */
  readonly slowest: string
  /** Messages that it has not read. */
  readonly lag: number
  readonly groupCount: number
}

/** A group at a time, in milliseconds since the Unix epoch. */
export interface LagSample {
  readonly time: number
  readonly lag: number
}

export class GroupLags {
  readonly #parts: GroupLagsParts
  readonly #byTopic: Remembered<ReadonlyMap<string, TopicLag>>
  /** The group that was seen longest ago first. */
  #histories = new Map<string, LagSample[]>()

  constructor(parts: GroupLagsParts) {
    this.#parts = parts
    this.#byTopic = new Remembered(parts.clock, groupLimits.lagsGoodMs, () =>
      parts.slices.run(this.#lookAtAll()),
    )
  }

  /** By name of the topic; a few seconds old. */
  byTopic(): Promise<ReadonlyMap<string, TopicLag>> {
    return this.#byTopic.get()
  }

  /** As far back as somebody has looked at lags, oldest first. */
  historyOf(group: string): readonly LagSample[] {
    return this.#histories.get(group) ?? []
  }

  *#lookAtAll(): Steps<ReadonlyMap<string, TopicLag>> {
    const { clock } = this.#parts
    const byTopic = new Map<string, TopicLag>()
    const seen = new Map<string, LagSample[]>()
    let looked = 0
    for (const group of this.#allGroups()) {
      const { id: groupId } = group
      let sum = 0
      const own = new Map<string, number>()
      for (const { topic, lag } of group.lags()) {
        sum += lag
        own.set(topic, (own.get(topic) ?? 0) + lag)
        if (++looked % groupLimits.placesPerStep === 0) yield
      }
      for (const [topic, lag] of own) addTo(byTopic, topic, { group: groupId, lag })
      if (seen.size < groupLimits.lagHistoriesMax) {
        const history = this.#histories.get(groupId) ?? []
        history.push({ time: clock.now(), lag: sum })
        if (history.length > groupLimits.lagSamplesMax) history.shift()
        seen.set(groupId, history)
      }
      yield
    }
    this.#histories = seen
    return byTopic
  }

  *#allGroups(): Generator<LaggingGroup> {
    const { groups, otherGroups, topics } = this.#parts
    for (const { groupId: id } of groups.list({ states: [], types: [] })) {
      yield { id, lags: () => placesOf(groups, id, topics) }
    }
    for (const group of otherGroups.list()) yield { id: group.id, lags: () => group.lags() }
  }
}

function addTo(
  byTopic: Map<string, TopicLag>,
  topic: string,
  { group, lag }: { readonly group: string; readonly lag: number },
): void {
  const known = byTopic.get(topic)
  const isSlower = known === undefined || lag > known.lag
  byTopic.set(topic, {
    slowest: isSlower ? group : known.slowest,
    lag: isSlower ? lag : known.lag,
    groupCount: (known?.groupCount ?? 0) + 1,
  })
}
