// All consumer groups, by id. It finds the group, checks what needs no group, and runs each request
// as one step; what groups do is in the files of the requests.
// Invariant: what members have been told survives a crash, and so does every answered commit.
import type { Clock, Timer } from '../../lib/clock.ts'
import type { Random } from '../../lib/random.ts'
import type { Slices } from '../../lib/slices.ts'
import { groupLimits } from '../../limits/group.ts'
import { Admission } from '../admission.ts'
import { AnswerQueue } from './answer-queue.ts'
import {
  type CommitCallback,
  type CommitRequest,
  commitOffsets,
  refusalOfCommit,
} from './commit-offsets.ts'
import type { CommittedOffset, TopicPartition } from './committed-offset.ts'
import { type OffsetRequester, refusalOfConsumerFetch } from './consumer/check-offset-request.ts'
import type { ConsumerHeartbeats } from './consumer/consumer-heartbeats.ts'
import type { ConsumerHeartbeat, ConsumerHeartbeatCallback } from './consumer/consumer-messages.ts'
import { consumerParts } from './consumer/consumer-parts.ts'
import { type GroupTopics, hasPartition } from './consumer/group-topics.ts'
import {
  deleteGroup,
  deleteOffsets,
  expiredOffsets,
  refusalOfOffsetDelete,
} from './delete-offsets.ts'
import { GroupBudget } from './group-budget.ts'
import { consumerGroupTimes, defaultGroupConfig, type GroupConfig } from './group-config.ts'
import type { GroupContext, GroupEvents } from './group-context.ts'
import {
  type ConsumerGroupDescription,
  describeConsumerGroup,
  describeGroup,
  type GroupDescription,
  type GroupFilter,
  type GroupListing,
  listGroup,
  passes,
} from './group-description.ts'
import type { GroupErrorCode } from './group-error.ts'
import type { GroupRow, GroupStore, GroupVerdict } from './group-store.ts'
import { type AnyGroup, GroupTable } from './group-table.ts'
import { type JoinCallback, refusedJoin } from './join-answer.ts'
import { joinAny } from './join-any.ts'
import type { JoinRequest } from './join-group.ts'
import { leaveGroup, type LeavingMember } from './leave-group.ts'
import { refusal } from './refusal.ts'
import { restoreGroups, startGroup } from './restore-groups.ts'
import {
  endPending,
  type GroupsEnd,
  refusalOfStaging,
  stageOffsets,
  type TransactionalCommit,
} from './stage-offsets.ts'
import { refusedSync, type SyncCallback } from './sync-answer.ts'
import { syncGroup, type SyncRequest } from './sync-group.ts'

export interface GroupCoordinatorOptions {
  readonly clock: Clock
  readonly random: Random
  readonly store: GroupStore
  readonly config?: Partial<GroupConfig>
  /** What a group has settings of its own for, by Kafka's names; nothing by default. */
  readonly settingsOf?: (groupId: string) => Readonly<Record<string, string>>
  readonly events?: GroupEvents
  /** Whether there may be more members, groups and offsets; always by default. */
  readonly admission?: Admission
  readonly topics: GroupTopics
  /** For what takes longer than a turn. */
  readonly slices?: Slices
}

/** A sign of life. */
export interface HeartbeatRequest {
  readonly groupId: string
  readonly memberId: string
  readonly instanceId: string | undefined
  readonly generation: number
}

/** An answer for each partition asked for, or the reason for none. */
export interface OffsetDeleteAnswer {
  readonly error: GroupErrorCode | undefined
  /** In the order of the partitions asked for; empty with an error. */
  readonly errors: readonly (GroupErrorCode | undefined)[]
}

/** A partition with its committed offset; undefined when there is none. */
export interface FetchedOffset extends TopicPartition {
  readonly committed: CommittedOffset | undefined
}

/** What is done with offsets: they are committed, or staged for the end of a transaction. */
interface OffsetsWay<Request> {
  readonly refusalOf: (group: AnyGroup, request: Request) => GroupErrorCode | undefined
  readonly take: (
    group: AnyGroup,
    request: Request,
    errors: (GroupErrorCode | undefined)[],
    callback: CommitCallback,
  ) => void
}

/**
 * Lifecycle: constructed → `restore` with what the store has → `start` → requests → `close`.
 * Callbacks are called exactly once, some before the call that took them returns.
 */
export class GroupCoordinator {
  readonly #context: GroupContext
  readonly #groups: GroupTable
  #sweep: Timer | undefined
  #heartbeats: ConsumerHeartbeats | undefined
  #isClosed = false

  constructor(options: GroupCoordinatorOptions) {
    const config = { ...defaultGroupConfig, ...options.config }
    const settingsOf = options.settingsOf ?? (() => ({}))
    this.#context = {
      ...options,
      config,
      events: options.events ?? {},
      admission: options.admission ?? new Admission(),
      answers: new AnswerQueue(),
      budget: new GroupBudget(),
      consumerConfigOf: (groupId) => consumerGroupTimes(config.consumer, settingsOf(groupId)),
    }
    this.#groups = new GroupTable(this.#context)
  }

  get config(): GroupConfig {
    return this.#context.config
  }

  /** Ids that groups of another kind have. */
  leaveOut(isTaken: (groupId: string) => boolean): void {
    this.#groups.isTaken = isTaken
  }

  /** Groups may not hold more than `size` bytes together, where that is less than the usual limit. */
  limitMemory(size: number): void {
    this.#context.budget.sizeMax = Math.min(groupLimits.groupMemorySizeMax, size)
  }

  /**
   * Takes over what was stored, once, before anything else, and forgets offsets of partitions that are
   * no more. Throws GroupFormatError.
   */
  restore(rows: Iterable<GroupRow>): void {
    const context = this.#context
    const unowned = restoreGroups(this.#groups, [...rows])
    for (let start = 0; start < unowned.length; start += groupLimits.unownedRowsPerWriteMax) {
      const keys = unowned.slice(start, start + groupLimits.unownedRowsPerWriteMax)
      context.store.write(
        keys.map((key) => ({ key, value: undefined })),
        () => {},
      )
    }
  }

  /** Begins to watch over members and offsets. Members have their whole session to come back. */
  start(): void {
    this.#context.answers.run(() => {
      for (const group of this.#groups.values()) startGroup(group)
    })
    this.#sweep = this.#context.clock.every(this.#context.config.offsetsRetentionCheckMs, () =>
      this.expireOffsets(),
    )
  }

  /** Answers everyone who waits with `coordinator_not_available`, and all who come later. */
  close(): void {
    this.#isClosed = true
    this.#sweep?.stop()
    this.#context.answers.run(() => {
      for (const group of this.#groups.values()) {
        if (group.kind === 'classic') group.close('coordinator_not_available')
        else group.retire()
      }
    })
  }

  join(request: JoinRequest, callback: JoinCallback): void {
    this.#context.answers.run(() => {
      const answer: JoinCallback = (said) => this.#context.answers.push(() => callback(said))
      const { groupId, memberId } = request
      const error = this.#refusalOf(groupId) ?? this.#refusalOfSession(request.sessionTimeoutMs)
      if (error !== undefined) {
        answer(refusedJoin(memberId, error))
        return
      }
      if (this.#groups.isTaken(groupId)) {
        answer(refusedJoin(memberId, 'inconsistent_group_protocol'))
        return
      }
      const isNew = memberId === ''
      if (isNew && !this.#groups.mayMake(groupId)) {
        answer(refusedJoin(memberId, 'coordinator_not_available'))
        return
      }
      const group = isNew ? this.#groups.findOrCreate(groupId) : this.#groups.find(groupId)
      if (group !== undefined) joinAny(this.#groups, group, { request, callback: answer })
      else answer(refusedJoin(memberId, isNew ? 'group_max_size_reached' : 'unknown_member_id'))
    })
  }

  sync(request: SyncRequest, callback: SyncCallback): void {
    this.#context.answers.run(() => {
      const answer: SyncCallback = (said) => this.#context.answers.push(() => callback(said))
      const error = this.#refusalOf(request.groupId)
      const group = this.#groups.find(request.groupId)
      if (error !== undefined) answer(refusedSync(error))
      else if (group === undefined) answer(refusedSync('unknown_member_id'))
      else if (group.kind === 'consumer') consumerParts.value.syncAsClassic(group, request, answer)
      else syncGroup(group, request, answer)
    })
  }

  /** Undefined: all is well. `rebalance_in_progress`: join again. */
  heartbeat(request: HeartbeatRequest): GroupErrorCode | undefined {
    const { groupId, memberId, instanceId, generation } = request
    const refused = this.#refusalOf(groupId)
    if (refused !== undefined) return refused
    const group = this.#groups.find(groupId)
    if (group === undefined) return 'unknown_member_id'
    if (group.state === 'Dead') return 'coordinator_not_available'
    if (group.kind === 'consumer') return consumerParts.value.heartbeatAsClassic(group, request)
    const error = group.checkMember(memberId, instanceId)
    if (error !== undefined) return error
    if (generation !== group.generation) return 'illegal_generation'
    group.members.find(memberId)?.touch()
    return group.state === 'PreparingRebalance' ? 'rebalance_in_progress' : undefined
  }

  /** One error per member, in order; or one for all. */
  leave(
    groupId: string,
    leaving: readonly LeavingMember[],
  ): GroupErrorCode | readonly (GroupErrorCode | undefined)[] {
    const refused = this.#refusalOf(groupId)
    if (refused !== undefined) return refused
    const group = this.#groups.find(groupId)
    if (group === undefined) return leaving.map(() => 'unknown_member_id')
    if (group.state === 'Dead') return 'coordinator_not_available'
    return this.#context.answers.run(() =>
      group.kind === 'classic'
        ? leaveGroup(group, leaving)
        : consumerParts.value.leaveAsClassic(this.#groups, group, leaving),
    )
  }

  /** A heartbeat of the consumer protocol (KIP-848): what members of it do, all of it. `consumerParts` are loaded. */
  consumerHeartbeat(request: ConsumerHeartbeat, callback: ConsumerHeartbeatCallback): void {
    if (this.#isClosed) {
      callback(refusal('coordinator_not_available', 'The broker stops.'))
      return
    }
    this.#heartbeats ??= new consumerParts.value.ConsumerHeartbeats(this.#groups)
    this.#heartbeats.take(request, callback)
  }

  /** The callback comes when all that was accepted is on stable storage. */
  commitOffsets(request: CommitRequest, callback: CommitCallback): void {
    this.#takeOffsets(request, { refusalOf: refusalOfCommit, take: commitOffsets }, callback)
  }

  /** Why a member of that name may not ask for the offsets of the group. */
  refusalOfFetch(
    groupId: string,
    request: Pick<OffsetRequester, 'memberId' | 'generation'>,
  ): GroupErrorCode | undefined {
    const group = this.#findAlive(groupId)
    return group?.kind === 'consumer' ? refusalOfConsumerFetch(group, request) : undefined
  }

  /** The same for a transaction, with whose end they show. The callback comes when all that was accepted is kept. */
  stageOffsets(request: TransactionalCommit, callback: CommitCallback): void {
    this.#takeOffsets(request, { refusalOf: refusalOfStaging, take: stageOffsets }, callback)
  }

  /**
   * Ends what a transaction has committed to groups; does nothing twice. Within an atom; what it returns is to be
   * called when that is durable.
   */
  endTransaction({ groups, ...end }: GroupsEnd): () => void {
    const ended = groups.map((groupId) => {
      const group = this.#findAlive(groupId)
      return group && endPending(group, end)
    })
    return () => this.#context.answers.run(() => ended.forEach((settle) => settle?.()))
  }

  /** Whether an open transaction has committed an offset of a partition (KIP-447). */
  isUnstable(groupId: string, place: TopicPartition): boolean {
    return this.#findAlive(groupId)?.offsets.pending.isUnstable(place) === true
  }

  /** The durable offset of a partition. */
  fetchOffset(groupId: string, place: TopicPartition): FetchedOffset {
    return { ...place, committed: this.#findAlive(groupId)?.offsets.find(place) }
  }

  /** Durable offsets of all partitions, topic by topic. */
  fetchAllOffsets(groupId: string): FetchedOffset[] {
    const offsets = this.#findAlive(groupId)?.offsets
    if (offsets === undefined) return []
    return Array.from(offsets.partitions(), (place) => ({
      ...place,
      committed: offsets.find(place),
    })).filter(({ committed }) => committed !== undefined)
  }

  deleteOffsets(
    groupId: string,
    places: readonly TopicPartition[],
    callback: (answer: OffsetDeleteAnswer) => void,
  ): void {
    const group = this.#groups.find(groupId)
    const error = group === undefined ? 'group_id_not_found' : refusalOfOffsetDelete(group)
    if (group === undefined || error !== undefined) {
      callback({ error, errors: [] })
      return
    }
    const errors = this.#unknownPartitions(places)
    const wanted = places.filter((place, index) => {
      if (errors[index] !== undefined) return false
      if (group.isSubscribedTo(place.topic)) errors[index] = 'group_subscribed_to_topic'
      return errors[index] === undefined && group.offsets.holds(place)
    })
    if (wanted.length === 0) {
      callback({ error: undefined, errors })
      return
    }
    deleteOffsets(group, wanted, (verdict) => {
      const isFull = verdict === 'full'
      callback({ error: isFull ? 'policy_violation' : undefined, errors })
    })
  }

  /** Only an empty group can be deleted. */
  deleteGroup(groupId: string, callback: (error: GroupErrorCode | undefined) => void): void {
    const group = this.#groups.find(groupId)
    if (group === undefined || group.state === 'Dead') callback('group_id_not_found')
    else if (group.state !== 'Empty') callback('non_empty_group')
    else {
      this.#deleteGroup(group, (verdict) => {
        callback(verdict === 'full' ? 'policy_violation' : undefined)
      })
    }
  }

  /**
   * Forgets all offsets of a topic. Call it just before the topic itself is deleted: if a crash
   * parts the two, the offsets are gone and the topic is not, never the other way round.
   */
  deleteTopic(topic: string): void {
    for (const group of this.#groups.values()) {
      const places = [...group.offsets.partitions(topic)]
      if (places.length > 0) deleteOffsets(group, places, () => {})
    }
  }

  /** Looks for offsets past their retention, and for empty groups without any; both go. */
  expireOffsets(): void {
    for (const group of this.#groups.values()) {
      if (group.state === 'Dead') continue
      const expired = expiredOffsets(group)
      const isJoining = group.kind === 'classic' && group.pendingJoins.size > 0
      const isUnused = group.state === 'Empty' && !isJoining
      if (isUnused && expired.length === group.offsets.count) this.#deleteGroup(group, () => {})
      else if (expired.length > 0) deleteOffsets(group, expired, () => {})
    }
  }

  /** Undefined when there is no such group. */
  describe(groupId: string): GroupDescription | undefined {
    const group = this.#findAlive(groupId)
    return group && describeGroup(group)
  }

  /** Undefined when there is no such group of the consumer protocol. */
  describeConsumerGroup(groupId: string): ConsumerGroupDescription | undefined {
    const group = this.#findAlive(groupId)
    return group?.kind === 'consumer' ? describeConsumerGroup(group) : undefined
  }

  list(filter: GroupFilter): GroupListing[] {
    return Array.from(this.#groups.values(), listGroup).filter((group) => passes(group, filter))
  }

  #deleteGroup(group: AnyGroup, done: (verdict: GroupVerdict) => void): void {
    deleteGroup(group, (verdict) => {
      if (verdict === 'durable') this.#groups.delete(group)
      done(verdict)
    })
  }

  #findAlive(groupId: string): AnyGroup | undefined {
    const group = this.#groups.find(groupId)
    return group?.state === 'Dead' ? undefined : group
  }

  /** Takes what a request commits, in either way, unless its group or its member may not. */
  #takeOffsets<Request extends CommitRequest | TransactionalCommit>(
    request: Request,
    way: OffsetsWay<Request>,
    callback: CommitCallback,
  ): void {
    this.#context.answers.run(() => {
      const answer: CommitCallback = (said) => this.#context.answers.push(() => callback(said))
      const errors = this.#unknownPartitions(request.offsets)
      if (!errors.includes(undefined)) {
        answer(errors)
        return
      }
      const group = this.#groupForCommit(request)
      const error = typeof group === 'string' ? group : way.refusalOf(group, request)
      if (typeof group === 'string' || error !== undefined) {
        answer(errors.map((unknown) => unknown ?? error))
        return
      }
      way.take(group, request, errors, answer)
    })
  }

  /** Who is no member may commit to a group that does not exist: that makes it (a simple group). */
  #groupForCommit(
    request: Pick<CommitRequest, 'groupId' | 'generation' | 'knowsMissingGroup'>,
  ): AnyGroup | GroupErrorCode {
    if (this.#isClosed) return 'coordinator_not_available'
    if (this.#groups.isTaken(request.groupId)) return 'group_id_not_found'
    const group = this.#groups.find(request.groupId)
    if (group !== undefined) return group
    if (request.generation < 0) {
      if (!this.#groups.mayMake(request.groupId)) return 'coordinator_not_available'
      return this.#groups.findOrCreate(request.groupId) ?? 'policy_violation'
    }
    return request.knowsMissingGroup ? 'group_id_not_found' : 'illegal_generation'
  }

  #unknownPartitions(places: readonly TopicPartition[]): (GroupErrorCode | undefined)[] {
    return places.map((place) =>
      hasPartition(this.#context.topics, place) ? undefined : 'unknown_topic_or_partition',
    )
  }

  #refusalOf(groupId: string): GroupErrorCode | undefined {
    if (this.#isClosed) return 'coordinator_not_available'
    return groupId === '' ? 'invalid_group_id' : undefined
  }

  #refusalOfSession(sessionTimeoutMs: number): GroupErrorCode | undefined {
    const { sessionTimeoutMsMin, sessionTimeoutMsMax } = this.#context.config
    const isAllowed =
      sessionTimeoutMs >= sessionTimeoutMsMin && sessionTimeoutMs <= sessionTimeoutMsMax
    return isAllowed ? undefined : 'invalid_session_timeout'
  }
}
