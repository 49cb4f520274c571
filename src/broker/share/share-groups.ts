// All share groups of a virtual host (KIP-932). A share group reads topics as the consumers of a work queue
// do: members get records one by one, and each is accepted, given back or rejected by itself. In a cluster one cell has
// the groups; the others have the places of groups in the partitions that they lead, and no members.
//
// Lifecycle: constructed → `restore` with the log's keyed state → `start` → in a cluster `connect` → requests → `close`.
import type { Timer } from '../../lib/clock.ts'
import type { Steps } from '../../lib/slices.ts'
import { shareLimits } from '../../limits/share.ts'
import { findCursor, type LogCursor } from '../../log/log-cursor.ts'
import type { LogStore } from '../../log/log-store.ts'
import type { Topic } from '../topic/topic.ts'
import { whenDurable } from '../when-durable.ts'
import type { DeadRecords } from './dead-records.ts'
import type { DyingPlace } from './dying-place.ts'
import type { LedPlaces } from './led-places.ts'
import type { ShareBurials } from './share-burials.ts'
import type { ShareCounters } from './share-counters.ts'
import {
  type BuriedRow,
  buriedRowsOf,
  type DyingRow,
  dyingRowsOf,
  keyOfDeaths,
} from './share-death-rows.ts'
import type { ShareElsewhere, SharePlace } from './share-elsewhere.ts'
import { ShareGroupError } from './share-group-error.ts'
import type { ShareGroup, ShareMember } from './share-group.ts'
import type { ShareGroupsOptions } from './share-groups-options.ts'
import type { ShareHeartbeat, ShareHeartbeatAnswer } from './share-heartbeat.ts'
import type { SharedRecords, SharePartition } from './share-partition.ts'
import { shareParts, spreadShareParts } from './share-parts.ts'
import { dropShareRow, shareRowsOf } from './share-rows.ts'
import {
  shareMaximaOf,
  type ShareSettings,
  shareSettingsOf,
  type ShareStart,
} from './share-settings.ts'
import type { ShareTopic } from './share-topic.ts'
import type { SpreadPlaces } from './spread-places.ts'

export class ShareGroups {
  readonly counters: ShareCounters = { accepted: 0, archived: 0, dead: 0 }
  readonly shared: SharedRecords = { count: 0, heldCount: 0 }
  readonly #options: ShareGroupsOptions
  readonly #groups = new Map<string, ShareGroup>()
  /** Topics in which a group is being given its places, by group and topic id. */
  readonly #opening = new Map<string, Promise<void>>()
  /** What an earlier process has kept of dead records, until it goes on with them. */
  #dying: ReadonlyMap<string, DyingRow> = new Map()
  #buried: ReadonlyMap<string, BuriedRow> = new Map()
  #elsewhere: ShareElsewhere | undefined
  /** In a cluster, where the groups are, … */
  spread: SpreadPlaces | undefined
  burials: ShareBurials | undefined
  /** … and in the other cells. */
  led: LedPlaces | undefined
  #check: Timer | undefined
  #isChecking = false
  #isClosed = false

  constructor(options: ShareGroupsOptions) {
    this.#options = options
  }

  get store(): LogStore {
    return this.#options.store
  }

  get groupCount(): number {
    return this.#options.isPart ? 0 : this.#groups.size
  }

  /** Takes over what the log's keyed state has, once, before anything else. `shareParts` are loaded if it has any. */
  restore(state: ReadonlyMap<string, Buffer>): void {
    const { store, topics } = this.#options
    store.beginAtom()
    for (const row of shareRowsOf(state)) {
      const topic = topics.findById(row.topicId)?.topic
      if (topic === undefined) {
        dropShareRow(store, row)
        continue
      }
      const group = this.#getOrCreate(row.groupId)
      group.restoreEpoch(row.epoch)
      const cursors = row.cursorIds.map((id, index) => this.#cursorOf(topic, index, id))
      const parts = { store, owner: group, spread: row.spread }
      const place = new shareParts.value.ShareTopic(topic, cursors, parts)
      group.topics.set(row.topicId, place)
      // One of them was lost, and is made anew.
      if (cursors.some((cursor, index) => (cursor?.id ?? -1) !== row.cursorIds[index])) place.save()
    }
    store.endAtom()
    this.#dying = new Map(dyingRowsOf(state).map(([key, row]) => [keyOfDeaths(key), row]))
    this.#buried = new Map(buriedRowsOf(state).map(([key, row]) => [keyOfDeaths(key), row]))
  }

  /** In a cell of a cluster, before anybody reads: the way to the other cells. */
  async connect(elsewhere: ShareElsewhere): Promise<void> {
    await Promise.all([shareParts.load(), spreadShareParts.load()])
    const { clock, newId, isPart, openBurials } = this.#options
    const groups = this.#groups
    this.#elsewhere = elsewhere
    if (isPart) {
      this.led = this.#openLed()
      this.led.start(elsewhere.home)
      this.led.resume(this.#dying)
      this.#dying = new Map()
    } else {
      const { leaders } = elsewhere
      this.spread = new spreadShareParts.value.SpreadPlaces({ clock, newId, leaders, groups })
      this.burials = openBurials(groups, this.#buried)
    }
  }

  /** Begins to look for topics that have gone, and for records that retention has passed. */
  start(): void {
    const { clock, slices } = this.#options
    this.#check = clock.every(shareLimits.shareCheckMs, () => {
      if (this.#isChecking || this.#groups.size === 0) return
      this.#isChecking = true
      void slices.run(this.#checkTopics()).finally(() => (this.#isChecking = false))
    })
  }

  close(): void {
    this.#isClosed = true
    this.#check?.stop()
    this.led?.close()
    for (const group of this.#groups.values()) group.close()
  }

  /**
   * A member is there; `shareParts` are loaded. Answered once it has an assignment, and its places in new topics are durable.
   * Rejects with ShareGroupError.
   */
  async heartbeat(beat: ShareHeartbeat): Promise<ShareHeartbeatAnswer> {
    const group = this.#groupForHeartbeat(beat)
    const member = shareParts.value.admitMember(group, beat, {
      membersMax: shareMaximaOf(this.#options).members,
      memberCount: this.#sum(({ members }) => members.size),
      subscriptionCount: this.#sum(({ subscriptionCount }) => subscriptionCount),
    })
    // Whoever waits for an answer is alive.
    member.session?.stop()
    try {
      await this.#openTopics(group, member)
      await group.assign()
    } finally {
      this.#watchSession(group, member)
    }
    if (this.#isClosed) throw notAvailable()
    if (group.members.get(beat.memberId) !== member) throw unknownMember(beat)
    const isAsked = beat.memberEpoch === 0 || beat.subscribed !== undefined
    const assignment = group.tell(member, isAsked)
    const heartbeatMs = group.settings.heartbeatMs
    return { memberEpoch: member.epoch, heartbeatMs, assignment }
  }

  /** A member goes. Throws ShareGroupError. */
  leave(groupId: string, memberId: string): void {
    const group = this.get(groupId)
    const member = group.members.get(memberId)
    if (member === undefined) throw unknownMember({ groupId, memberId })
    group.dismissMember(member)
    this.#dropIfUnused(group)
  }

  find(groupId: string): ShareGroup | undefined {
    return this.#groups.get(groupId)
  }

  /** Throws ShareGroupError. */
  get(groupId: string): ShareGroup {
    if (this.#isClosed) throw notAvailable()
    const group = this.#groups.get(groupId)
    if (group !== undefined) return group
    throw new ShareGroupError('group_id_not_found', this.whyMissing(groupId))
  }

  /** Of a group that `find` does not find. */
  whyMissing(groupId: string): string {
    return this.#options.isTaken(groupId)
      ? `Group ${groupId} is not a share group.`
      : `Group ${groupId} not found.`
  }

  /** All groups; they may come and go meanwhile. */
  list(): Iterable<ShareGroup> {
    return this.#options.isPart ? [] : this.#groups.values()
  }

  /**
   * What members of a group have read of the partition of this number; undefined when the group has no place there, or
   * another cell leads it.
   */
  findShare(groupId: string, topicId: string, partition: number): SharePartition | undefined {
    const place = this.#groups.get(groupId)?.topics.get(topicId)
    const { numbers } = place?.topic ?? {}
    return place?.share(numbers === undefined ? partition : numbers.indexOf(partition))
  }

  /** Moves a group without members. Resolves, when that is durable, with the partitions whose leaders did not answer. */
  async move(
    group: ShareGroup,
    place: ShareTopic,
    places: readonly SharePlace[],
  ): Promise<ReadonlySet<number>> {
    const ticket = place.move(places)
    const missing = await this.spread?.move(group, place, places)
    await whenDurable(ticket)
    return missing ?? new Set()
  }

  /** Asks other cells where the group is: see `ShareTopic.factsOf`. */
  async look(group: ShareGroup): Promise<void> {
    await this.spread?.look(group)
  }

  /** Gives a group without members a place in all partitions of a topic. Rejects with ShareGroupError. */
  async openTopic(group: ShareGroup, topic: Topic): Promise<ShareTopic> {
    await this.#openOnce(group, topic)
    const opened = group.topics.get(topic.topicId)
    if (opened !== undefined) return opened
    throw new ShareGroupError('unknown_topic_or_partition', `Topic ${topic.name} is gone.`)
  }

  /** A group without members forgets its place in topics. Resolves when that is durable. */
  async forgetTopics(group: ShareGroup, topics: readonly ShareTopic[]): Promise<void> {
    const { store } = this.#options
    for (const topic of topics) {
      store.beginAtom()
      topic.delete()
      group.topics.delete(topic.topicId)
      this.burials?.forget(group.id, topic.topicId, topic.partitionCount)
      await whenDurable(store.endAtom())
    }
    const { spread } = this
    if (spread === undefined) return
    await Promise.all(topics.map((topic) => spread.forget(group, topic)))
  }

  /** Deletes a group without members. Rejects with ShareGroupError. */
  async deleteGroup(groupId: string): Promise<void> {
    const group = this.get(groupId)
    checkEmpty(group)
    await this.forgetTopics(group, [...group.topics.values()])
    // Somebody may have joined meanwhile.
    this.#dropIfUnused(group)
  }

  /** The topic is about to be deleted, with its logs and so with cursors. */
  onTopicDeleted(topic: Topic): void {
    for (const group of this.#groups.values()) {
      if (group.topics.has(topic.topicId)) this.#dropTopic(group, topic.topicId)
    }
  }

  #groupForHeartbeat({ groupId, memberEpoch }: ShareHeartbeat): ShareGroup {
    if (this.#isClosed) throw notAvailable()
    const { isTaken, admission } = this.#options
    if (this.#groups.has(groupId) || memberEpoch !== 0 || isTaken(groupId)) return this.get(groupId)
    if (!admission.mayEnter) throw notAvailable()
    if (this.#groups.size < shareLimits.shareGroupsMax) return this.#getOrCreate(groupId)
    throw new ShareGroupError('policy_violation', 'There are too many share groups.')
  }

  #getOrCreate(groupId: string): ShareGroup {
    const known = this.#groups.get(groupId)
    if (known !== undefined) return known
    const { clock, topics } = this.#options
    const settings = (): ShareSettings => shareSettingsOf(this.#options, groupId)
    const group = new shareParts.value.ShareGroup({
      id: groupId,
      clock,
      settings,
      findTopic: (name) => topics.find(name)?.topic,
      createShare: (owner, topic, index) => this.#createShare(owner, topic, index),
    })
    this.#groups.set(groupId, group)
    return group
  }

  #createShare(group: ShareGroup, place: ShareTopic, index: number): SharePartition {
    const { store, clock } = this.#options
    const { topic } = place
    const settings = (): ShareSettings => group.settings
    const partition = topic.numbers?.[index] ?? index
    return new shareParts.value.SharePartition(topic.partitions[index]!, place.cursorOf(index)!, {
      store,
      clock,
      settings,
      shared: this.shared,
      deadRecords: (share) =>
        this.#deadRecords({ groupId: group.id, topic, partition, share, settings }, place),
      onSettled: (outcome, count) => {
        this.counters[outcome] += count
        if (outcome === 'accepted') topic.counters.acked += count
      },
    })
  }

  #deadRecords(dying: DyingPlace, { spread }: ShareTopic): DeadRecords | undefined {
    const { clock, newId, isPart, deadRecords } = this.#options
    const home = this.#elsewhere?.home
    if (!isPart || spread === undefined || home === undefined) return deadRecords(dying)
    const { groupId, topic, partition } = dying
    const known = this.#dying.get(keyOfDeaths({ groupId, topicId: topic.topicId, partition }))
    if (known === undefined && dying.settings().deadLetter === undefined) return undefined
    const context = { clock, newId, home, known, placeId: spread.placeId }
    return new spreadShareParts.value.ShareDeadElsewhere(dying, context)
  }

  #openLed(): LedPlaces {
    const { store, clock, topics } = this.#options
    return new spreadShareParts.value.LedPlaces({
      clock,
      topics,
      groups: this.#groups,
      getGroup: (groupId) => this.#getOrCreate(groupId),
      createPlace: (topic, owner, spread) =>
        new shareParts.value.ShareTopic(topic, [], { store, owner, spread }),
      startOffsets: (topic, start) => this.#startOffsets(topic, start),
      checkRoom: (group, topic) => this.#checkRoom(group, topic),
      drop: (group, topicId) => this.#dropTopic(group, topicId),
    })
  }

  #watchSession(group: ShareGroup, member: ShareMember): void {
    member.session?.stop()
    const { clock } = this.#options
    member.session = clock.after(group.settings.sessionTimeoutMs, () => {
      group.removeMember(member)
      this.spread?.release(group, member.id)
      this.#dropIfUnused(group)
    })
  }

  /** Gives the group places in the topics that a member subscribes to. */
  async #openTopics(group: ShareGroup, member: ShareMember): Promise<void> {
    for (const topic of group.topicsOf(member)) {
      const known = group.topics.get(topic.topicId)
      if (known?.partitionCount !== topic.partitions.length) await this.#openOnce(group, topic)
      // A cell that did not answer is asked again, and nobody waits for it.
      else if (this.spread?.isOpen(known) === false) void this.spread.open(group, known)
    }
  }

  /** Others who ask for the same wait for it. */
  #openOnce(group: ShareGroup, topic: Topic): Promise<void> {
    const key = `${group.id}/${topic.topicId}`
    const opening = this.#opening.get(key)
    if (opening !== undefined) return opening
    const opened = this.#openTopic(group, topic).finally(() => this.#opening.delete(key))
    this.#opening.set(key, opened)
    return opened
  }

  async #openTopic(group: ShareGroup, topic: Topic): Promise<void> {
    const { store } = this.#options
    const known = group.topics.get(topic.topicId)
    // What is new in a topic that the group reads is read from its beginning: nothing of it is missed.
    const offsets = known === undefined ? await this.#startOffsets(topic, group.settings.start) : []
    if (topic.isDeleted || this.#groups.get(group.id) !== group) return
    this.#checkRoom(group, topic)
    const spread = topic.spread > 0 ? this.#spreadPlaces().rowFor(topic) : undefined
    const parts = { store, owner: group, spread }
    const opened = known ?? new shareParts.value.ShareTopic(topic, [], parts)
    const ticket = opened.open(offsets)
    if (ticket === 'full') throw tooMany()
    group.topics.set(topic.topicId, opened)
    group.onChanged()
    await whenDurable(ticket)
    await this.spread?.open(group, opened)
  }

  #spreadPlaces(): SpreadPlaces {
    if (this.spread === undefined) throw notAvailable()
    return this.spread
  }

  #checkRoom(group: ShareGroup, topic: Topic): void {
    const { sharePartitionsPerGroupMax, sharePartitionsMax } = shareLimits
    const more = topic.partitions.length
    if (group.partitionCount + more > sharePartitionsPerGroupMax) throw tooMany()
    if (this.#sum(({ partitionCount }) => partitionCount) + more > sharePartitionsMax) {
      throw tooMany()
    }
  }

  /** Of partitions that this cell leads, by where they are in the topic, or in the part of it that is here. */
  async #startOffsets(topic: Topic, start: ShareStart): Promise<number[]> {
    const { clock, offsetAt } = this.#options
    if (start.kind === 'earliest') return []
    if (start.kind === 'latest') return topic.partitions.map(({ log }) => log.endOffset)
    const time = clock.now() - start.ms
    const offsets: number[] = []
    for (const [index, { remote }] of topic.partitions.entries()) {
      offsets.push(remote === undefined ? await offsetAt(topic, index, time) : 0)
    }
    return offsets
  }

  /** Undefined for a partition that another cell leads. */
  #cursorOf(topic: Topic, index: number, id: number): LogCursor | undefined {
    const { log, startOffset, remote } = topic.partitions[index]!
    if (remote !== undefined) return undefined
    return findCursor(log, id) ?? this.#options.store.createCursor(log, startOffset)
  }

  *#checkTopics(): Steps<void> {
    for (const group of this.#groups.values()) {
      for (const topic of group.topics.values()) {
        yield
        if (this.#isClosed) return
        if (topic.topic.isDeleted) this.#dropTopic(group, topic.topicId)
        else topic.passRetention()
      }
      // Members hear of topics that came or grew when they call next.
    }
  }

  #dropTopic(group: ShareGroup, topicId: string): void {
    const { store } = this.#options
    store.beginAtom()
    group.topics.get(topicId)?.delete()
    store.endAtom()
    group.topics.delete(topicId)
    group.onChanged()
    this.#dropIfUnused(group)
  }

  #dropIfUnused(group: ShareGroup): void {
    if (group.members.size === 0 && group.topics.size === 0) this.#groups.delete(group.id)
  }

  #sum(valueOf: (group: ShareGroup) => number): number {
    let sum = 0
    for (const group of this.#groups.values()) sum += valueOf(group)
    return sum
  }
}

/** Throws ShareGroupError. */
export function checkEmpty(group: ShareGroup): void {
  if (group.members.size === 0) return
  throw new ShareGroupError('non_empty_group', `Group ${group.id} is not empty.`)
}

function notAvailable(): ShareGroupError {
  return new ShareGroupError('coordinator_not_available', 'The coordinator is not available.')
}

function unknownMember({
  groupId,
  memberId,
}: Pick<ShareHeartbeat, 'groupId' | 'memberId'>): ShareGroupError {
  const text = `Member ${memberId} is not a member of group ${groupId}.`
  return new ShareGroupError('unknown_member_id', text)
}

function tooMany(): ShareGroupError {
  return new ShareGroupError('policy_violation', 'Share groups have too many partitions.')
}
