// Places of share groups that another cell has, in the partitions that this one leads: opened, moved and forgotten as
// the groups' home asks, to which is told where the groups are. All that the home asks may be asked twice.
import type { Clock, Timer } from '../../lib/clock.ts'
import { shareLimits } from '../../limits/share.ts'
import type { Topic } from '../topic/topic.ts'
import type { Topics } from '../topic/topics.ts'
import { whenDurable } from '../when-durable.ts'
import { type DyingRow, keyOfDeaths } from './share-death-rows.ts'
import type {
  MovePlaceAsked,
  OpenPlaceAsked,
  ShareHome,
  SharePlaceFacts,
  SharePlaceName,
  ToldPlace,
} from './share-elsewhere.ts'
import { ShareGroupError } from './share-group-error.ts'
import type { ShareGroup } from './share-group.ts'
import type { SpreadPlaceRow } from './share-rows.ts'
import type { ShareStart } from './share-settings.ts'
import type { ShareTopic } from './share-topic.ts'

export interface LedPlacesParts {
  readonly clock: Clock
  readonly topics: Topics
  readonly groups: ReadonlyMap<string, ShareGroup>
  readonly getGroup: (groupId: string) => ShareGroup
  /** One that is nowhere yet. */
  readonly createPlace: (topic: Topic, owner: ShareGroup, spread: SpreadPlaceRow) => ShareTopic
  readonly startOffsets: (topic: Topic, start: ShareStart) => Promise<number[]>
  /** Throws ShareGroupError. */
  readonly checkRoom: (group: ShareGroup, topic: Topic) => void
  /** The group is not in a topic any more. */
  readonly drop: (group: ShareGroup, topicId: string) => void
}

export class LedPlaces {
  readonly #parts: LedPlacesParts
  /** One after the other, by group and topic. */
  readonly #changes = new Map<string, Promise<void>>()
  #timer: Timer | undefined
  #isTelling = false

  constructor(parts: LedPlacesParts) {
    this.#parts = parts
  }

  /** Goes on with dead records of an earlier process, which are kept by partition. */
  resume(rows: ReadonlyMap<string, DyingRow>): void {
    if (rows.size === 0) return
    for (const group of this.#parts.groups.values()) {
      for (const place of group.topics.values()) resumeIn(place, group.id, rows)
    }
  }

  /** Begins to tell the home. */
  start(home: Pick<ShareHome, 'tell'>): void {
    this.#timer ??= this.#parts.clock.every(shareLimits.shareTellMs, () => {
      if (this.#isTelling || this.#parts.groups.size === 0) return
      this.#isTelling = true
      void this.#tell(home).finally(() => (this.#isTelling = false))
    })
  }

  close(): void {
    this.#timer?.stop()
  }

  /** Rejects with ShareGroupError. */
  open(asked: OpenPlaceAsked): Promise<void> {
    return this.#oneByOne(asked, () => this.#open(asked))
  }

  /** Rejects with ShareGroupError where the group has no such place. */
  move(asked: MovePlaceAsked): Promise<void> {
    return this.#oneByOne(asked, async () => {
      const place = this.#find(asked)
      if (place?.spread === undefined) throw unknownPlace(asked)
      if (place.spread.moveId === asked.moveId) return
      const { numbers = [] } = place.topic
      const places = asked.places.map(({ partition, offset }) => {
        return { partition: numbers.indexOf(partition), offset }
      })
      if (places.some(({ partition }) => !place.has(partition))) throw unknownPlace(asked)
      place.spread = { ...place.spread, moveId: asked.moveId }
      await whenDurable(place.move(places))
    })
  }

  forget(name: SharePlaceName): Promise<void> {
    return this.#oneByOne(name, () => {
      const group = this.#parts.groups.get(name.groupId)
      if (group !== undefined && this.#find(name) !== undefined) {
        this.#parts.drop(group, name.topicId)
      }
    })
  }

  describe(groupId: string): ToldPlace[] {
    const group = this.#parts.groups.get(groupId)
    return group === undefined ? [] : [...toldOf(group)]
  }

  async #open({ groupId, topicId, placeId, ...asked }: OpenPlaceAsked): Promise<void> {
    const { topics, getGroup, createPlace, drop } = this.#parts
    const topic = topics.findById(topicId)?.topic
    const isPart = topic?.numbers !== undefined
    if (!isPart || topic.isDeleted) throw unknownPlace({ groupId, topicId })
    const before = this.#parts.groups.get(groupId)?.topics.get(topicId)
    if (before !== undefined && before.spread?.placeId !== placeId) drop(getGroup(groupId), topicId)
    const count = countOf(topic, asked.partitions)
    // The home has made partitions that this cell has not heard of.
    if (count < asked.partitions.length) throw unknownPlace({ groupId, topicId })
    const offsets = await this.#offsetsIn(topic, asked)
    if (topic.isDeleted) throw unknownPlace({ groupId, topicId })
    const group = getGroup(groupId)
    const known = group.topics.get(topicId)
    if (known === undefined) this.#parts.checkRoom(group, topic)
    const spread = { placeId, initialCount: asked.initialCount }
    const opened = known ?? createPlace(topic, group, spread)
    const ticket = opened.open(offsets, count)
    if (ticket === 'full') {
      throw new ShareGroupError('policy_violation', 'Share groups have too many partitions.')
    }
    group.topics.set(topicId, opened)
    await whenDurable(ticket)
  }

  /** What is new in a topic that the group reads is read from its beginning: nothing of it is missed. */
  async #offsetsIn(
    topic: Topic,
    { start, initialCount }: Pick<OpenPlaceAsked, 'start' | 'initialCount'>,
  ): Promise<number[]> {
    const offsets = await this.#parts.startOffsets(topic, start)
    return offsets.map((offset, at) => ((topic.numbers?.[at] ?? 0) < initialCount ? offset : 0))
  }

  #find({ groupId, topicId, placeId }: SharePlaceName): ShareTopic | undefined {
    const place = this.#parts.groups.get(groupId)?.topics.get(topicId)
    return place?.spread?.placeId === placeId ? place : undefined
  }

  async #tell(home: Pick<ShareHome, 'tell'>): Promise<void> {
    for (const places of inParts(this.#parts.groups.values())) {
      let gone: readonly SharePlaceName[]
      try {
        gone = await home.tell(places)
      } catch {
        // Nobody has it at this moment.
        return
      }
      for (const name of gone) await this.forget(name)
    }
  }

  async #oneByOne(
    { groupId, topicId }: Pick<SharePlaceName, 'groupId' | 'topicId'>,
    change: () => Promise<void> | void,
  ): Promise<void> {
    const key = `${groupId}/${topicId}`
    const before = this.#changes.get(key) ?? Promise.resolve()
    const done = before.catch(() => undefined).then(change)
    this.#changes.set(key, done)
    try {
      await done
    } finally {
      if (this.#changes.get(key) === done) this.#changes.delete(key)
    }
  }
}

function resumeIn(place: ShareTopic, groupId: string, rows: ReadonlyMap<string, DyingRow>): void {
  const { topicId, topic, spread } = place
  for (const [at, partition] of (topic.numbers ?? []).entries()) {
    const row = rows.get(keyOfDeaths({ groupId, topicId, partition }))
    if (row === undefined || row.placeId !== spread?.placeId || row.deaths.length === 0) continue
    place.share(at)?.restoreDying(row.deaths.map(({ offset }) => offset))
  }
}

/** How many of a part's partitions are asked for: from the first on, since both rise. */
function countOf({ numbers = [] }: Topic, asked: readonly number[]): number {
  let count = 0
  while (count < numbers.length && numbers[count] === asked[count]) count++
  return count
}

function* toldOf(group: ShareGroup): Generator<ToldPlace> {
  for (const place of group.topics.values()) {
    if (place.spread === undefined) continue
    const facts: SharePlaceFacts[] = []
    for (let at = 0; at < place.partitionCount; at++) {
      const each = place.factsOf(at)
      if (each !== undefined) facts.push(each)
    }
    const { topicId, spread } = place
    yield { groupId: group.id, topicId, placeId: spread.placeId, facts }
  }
}

/** As much at a time as one call may tell. */
function* inParts(groups: Iterable<ShareGroup>): Generator<ToldPlace[]> {
  let part: ToldPlace[] = []
  let count = 0
  for (const group of groups) {
    for (const place of toldOf(group)) {
      part.push(place)
      count += place.facts.length
      if (count < shareLimits.shareToldAtOnceMax) continue
      yield part
      part = []
      count = 0
    }
  }
  if (part.length > 0) yield part
}

function unknownPlace({
  groupId,
  topicId,
}: Pick<SharePlaceName, 'groupId' | 'topicId'>): ShareGroupError {
  const text = `Group ${groupId} has no place in topic ${topicId} here.`
  return new ShareGroupError('unknown_topic_or_partition', text)
}
