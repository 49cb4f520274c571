// Places of share groups in topics that are spread over cells, at the groups' home: it has the cells that lead their
// partitions open them, move them and forget them, and notes what these say of them. A place that a cell does not hear
// of in time is opened by the next heartbeat of a member, and forgotten when the cell tells of it.
import type { Clock } from '../../lib/clock.ts'
import { upTo } from '../../lib/in-time.ts'
import { shareLimits } from '../../limits/share.ts'
import type { Topic } from '../topic/topic.ts'
import type { ShareLeaders, SharePlace, SharePlaceName, ToldPlace } from './share-elsewhere.ts'
import type { ShareGroup } from './share-group.ts'
import type { SpreadPlaceRow } from './share-rows.ts'
import type { ShareTopic } from './share-topic.ts'

export interface SpreadPlacesParts {
  readonly clock: Clock
  /** One that nothing else has. */
  readonly newId: () => string
  readonly leaders: ShareLeaders
  readonly groups: ReadonlyMap<string, ShareGroup>
}

export class SpreadPlaces {
  readonly #parts: SpreadPlacesParts
  readonly #opening = new WeakMap<ShareTopic, Promise<void>>()

  constructor(parts: SpreadPlacesParts) {
    this.#parts = parts
  }

  /** Of a place that a group is about to get in a topic. */
  rowFor({ partitions }: Topic): SpreadPlaceRow {
    return { placeId: this.#parts.newId(), initialCount: partitions.length }
  }

  /** Whether there is a leader that may not have opened the group's place. */
  isOpen(place: ShareTopic): boolean {
    for (const { partition } of place.elsewhere()) {
      if (!place.openElsewhere.has(partition)) return false
    }
    return true
  }

  /** Has it opened by all who lead. Resolves when they have, or do not answer in time. */
  async open(group: ShareGroup, place: ShareTopic): Promise<void> {
    let running = this.#opening.get(place)
    if (running === undefined) {
      running = this.#open(group, place).finally(() => this.#opening.delete(place))
      this.#opening.set(place, running)
    }
    await upTo(this.#parts.clock, shareLimits.shareLeaderWaitMs, running)
  }

  /** Moves the group in partitions elsewhere. Resolves with those of them whose leaders have not done it. */
  async move(
    group: ShareGroup,
    place: ShareTopic,
    places: readonly SharePlace[],
  ): Promise<ReadonlySet<number>> {
    const moveId = this.#parts.newId()
    const missing = new Set<number>()
    const wanted = new Map(places.map((each) => [each.partition, each]))
    await this.#askEach(place, async (cell, partitions) => {
      const own = partitions.flatMap((partition) => wanted.get(partition) ?? [])
      if (own.length === 0) return
      try {
        const asked = { ...nameOf(group, place), moveId, places: own }
        await this.#parts.leaders.movePlace(cell, asked)
      } catch {
        for (const { partition } of own) missing.add(partition)
      }
    })
    return missing
  }

  /** The group has given up its place, durably. */
  async forget(group: ShareGroup, place: ShareTopic): Promise<void> {
    const { leaders, clock } = this.#parts
    const forgetting = this.#askEach(place, (cell) =>
      leaders.forgetPlace(cell, nameOf(group, place)).catch(() => undefined),
    )
    await upTo(clock, shareLimits.shareLeaderWaitMs, forgetting)
  }

  /** A member has gone: what it has is available again. */
  release(group: ShareGroup, memberId: string): void {
    const { leaders } = this.#parts
    for (const cell of cellsOf(group.topics.values())) {
      const asked = { groupId: group.id, memberId }
      void leaders.releaseMember(cell, asked).catch(() => undefined)
    }
  }

  /** Asks leaders where the group is. What those say that do not answer in time is as old as before. */
  async look(group: ShareGroup): Promise<void> {
    const { leaders, clock } = this.#parts
    const cells = [...cellsOf(group.topics.values())]
    const asking = cells.map(async (cell) => {
      const told = await leaders.describePlaces(cell, group.id).catch(() => [])
      this.note(told)
    })
    await upTo(clock, shareLimits.shareLeaderWaitMs, Promise.all(asking))
  }

  /** What a leader says. Returns the places that groups do not have. */
  note(told: readonly ToldPlace[]): SharePlaceName[] {
    const gone: SharePlaceName[] = []
    for (const { groupId, topicId, placeId, facts } of told) {
      const place = this.#parts.groups.get(groupId)?.topics.get(topicId)
      if (place?.spread?.placeId !== placeId) gone.push({ groupId, topicId, placeId })
      else for (const each of facts) place.note(each)
    }
    return gone
  }

  async #open(group: ShareGroup, place: ShareTopic): Promise<void> {
    const { initialCount = 0 } = place.spread ?? {}
    const { start } = group.settings
    await this.#askEach(place, async (cell, partitions) => {
      if (partitions.every((partition) => place.openElsewhere.has(partition))) return
      const asked = { ...nameOf(group, place), partitions, initialCount, start }
      try {
        await this.#parts.leaders.openPlace(cell, asked)
      } catch {
        return
      }
      for (const partition of partitions) place.openElsewhere.add(partition)
    })
  }

  async #askEach(
    place: ShareTopic,
    ask: (cell: number, partitions: readonly number[]) => Promise<void>,
  ): Promise<void> {
    const byCell = Map.groupBy(place.elsewhere(), ({ cell }) => cell)
    const asking = Array.from(byCell, ([cell, each]) =>
      ask(
        cell,
        each.map(({ partition }) => partition),
      ),
    )
    await Promise.all(asking)
  }
}

function nameOf(group: ShareGroup, place: ShareTopic): SharePlaceName {
  return { groupId: group.id, topicId: place.topicId, placeId: place.spread?.placeId ?? '' }
}

function cellsOf(places: Iterable<ShareTopic>): Set<number> {
  const cells = new Set<number>()
  for (const place of places) for (const { cell } of place.elsewhere()) cells.add(cell)
  return cells
}
