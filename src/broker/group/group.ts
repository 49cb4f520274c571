// One classic consumer group: who is in it, in which state and generation it is, how far it has read.
// It answers questions and keeps itself consistent; what happens when is in rebalance.ts and in the
// files named after the requests. State machine (Kafka's ClassicGroupState):
//
//   Empty → PreparingRebalance → CompletingRebalance → Stable      Dead: being deleted
//     ▲          │      ▲                │               │
//     └──────────┘      └────────────────┴───────────────┘
import { assert } from '../../lib/assert.ts'
import { Deadline } from '../../lib/deadline.ts'
import type { GroupContext } from './group-context.ts'
import type { GroupErrorCode } from './group-error.ts'
import type { GroupMember, MemberProtocol } from './group-member.ts'
import { GroupMembers } from './group-members.ts'
import { GroupOffsets } from './group-offsets.ts'
import {
  type JoinAnswer,
  type JoinCallback,
  type JoinedMember,
  refusedJoin,
} from './join-answer.ts'
import { subscribedTopics } from './subscribed-topics.ts'
import { refusedSync, type SyncAnswer, type SyncCallback } from './sync-answer.ts'

/** Spelled as Kafka shows them. */
export type GroupState = 'Empty' | 'PreparingRebalance' | 'CompletingRebalance' | 'Stable' | 'Dead'

const statesBefore: Readonly<Record<GroupState, readonly GroupState[]>> = {
  // From Dead when the delete could not be stored.
  Empty: ['PreparingRebalance', 'Dead'],
  PreparingRebalance: ['Stable', 'CompletingRebalance', 'Empty'],
  CompletingRebalance: ['PreparingRebalance'],
  Stable: ['CompletingRebalance'],
  Dead: ['Empty'],
}

/** Protocol type of groups whose members share the partitions of topics. */
export const consumerProtocolType = 'consumer'

/** What the first rebalance of an empty group still waits for. */
export interface InitialDelay {
  remainingMs: number
  hasNewMember: boolean
}

/** Called when a rebalance has waited long enough, for joins or for syncs. */
export interface GroupDeadlines {
  onJoinDeadline(group: Group): void
  onSyncDeadline(group: Group): void
}

/**
 * A group. Every join and sync is answered exactly once. Callbacks only take the answer down: they
 * must not call back into the group.
 */
export class Group {
  readonly kind = 'classic'
  readonly id: string
  readonly context: GroupContext
  readonly members: GroupMembers
  readonly offsets: GroupOffsets
  /** Member ids given out in the first step of a join, and until when they may be used. */
  readonly pendingJoins: Map<string, Deadline> = new Map()
  /** Members of this generation that have not synced. */
  readonly pendingSyncs: Set<string> = new Set()
  readonly joinDeadline: Deadline
  readonly syncDeadline: Deadline
  /** Rows of what the group was before, which go with the next write. */
  readonly formerKeys: Buffer[] = []
  /** Set while a rebalance that began in Empty waits for more members. */
  initialDelay: InitialDelay | undefined
  /** The generation whose assignment is, or was last, on its way to the disk. */
  storingGeneration: number | undefined
  #state: GroupState = 'Empty'
  #stateSinceMs: number
  #generation = 0
  #protocolType: string | undefined
  #protocolName: string | undefined
  #leaderId: string | undefined
  #subscribedTopics: ReadonlySet<string> | undefined

  /** `offsets` of a group of the same name that it takes the place of. */
  // oxlint-disable-next-line max-params -- what a group is made of, and what it was before
  constructor(
    id: string,
    context: GroupContext,
    deadlines: GroupDeadlines,
    offsets: GroupOffsets = new GroupOffsets(context.budget),
  ) {
    this.id = id
    this.context = context
    this.members = new GroupMembers(context.budget)
    this.offsets = offsets
    const { clock, answers } = context
    this.joinDeadline = new Deadline(clock, () => {
      answers.run(() => deadlines.onJoinDeadline(this))
    })
    this.syncDeadline = new Deadline(clock, () => {
      answers.run(() => deadlines.onSyncDeadline(this))
    })
    this.#stateSinceMs = clock.now()
  }

  get state(): GroupState {
    return this.#state
  }

  /** Wall clock of the last change of state. */
  get stateSinceMs(): number {
    return this.#stateSinceMs
  }

  get generation(): number {
    return this.#generation
  }

  /** Undefined for a group that only ever stored offsets. */
  get protocolType(): string | undefined {
    return this.#protocolType
  }

  get protocolName(): string | undefined {
    return this.#protocolName
  }

  get leaderId(): string | undefined {
    return this.#leaderId
  }

  /** Topics the members read; undefined when that is not known. */
  get subscribedTopics(): ReadonlySet<string> | undefined {
    return this.#subscribedTopics
  }

  get isConsumerGroup(): boolean {
    return this.#protocolType === consumerProtocolType
  }

  get hasEveryoneJoined(): boolean {
    return this.members.awaitingJoinCount === this.members.count && this.pendingJoins.size === 0
  }

  transitionTo(state: GroupState): void {
    assert(statesBefore[state].includes(this.#state), `no way from ${this.#state} to ${state}`)
    this.#state = state
    this.#stateSinceMs = this.context.clock.now()
  }

  /** Could a member of this kind take part? */
  supports(protocolType: string, protocols: readonly MemberProtocol[]): boolean {
    if (this.#state === 'Empty') return protocolType !== '' && protocols.length > 0
    return this.#protocolType === protocolType && this.members.shareOneOf(protocols)
  }

  isLeader(memberId: string): boolean {
    return this.#leaderId === memberId
  }

  isSubscribedTo(topic: string): boolean {
    return this.#subscribedTopics?.has(topic) ?? this.isConsumerGroup
  }

  /** Is this a member, and the one that holds its instance id? */
  checkMember(memberId: string, instanceId: string | undefined): GroupErrorCode | undefined {
    if (instanceId !== undefined) {
      const holder = this.members.findIdOfInstance(instanceId)
      if (holder === undefined) return 'unknown_member_id'
      if (holder !== memberId) return 'fenced_instance_id'
    }
    return this.members.find(memberId) === undefined ? 'unknown_member_id' : undefined
  }

  addMember(member: GroupMember, protocolType: string): void {
    if (this.members.count === 0) this.#protocolType = protocolType
    this.members.add(member)
    this.#leaderId ??= member.id
    this.forgetPendingJoin(member.id)
  }

  /** Takes it out of everything and answers what it waited for with `error`. */
  removeMember(member: GroupMember, error: GroupErrorCode): void {
    this.answerJoin(member, refusedJoin('', error))
    this.answerSync(member, refusedSync(error))
    member.session.clear()
    this.members.remove(member)
    this.pendingSyncs.delete(member.id)
    if (this.#leaderId === member.id) this.#leaderId = this.members.values().next().value?.id
  }

  /** A static member is back under another id: `next` takes the place of `previous`, which is fenced. */
  replaceMember(previous: GroupMember, next: GroupMember): void {
    const wasLeader = this.isLeader(previous.id)
    const owedSync = this.pendingSyncs.has(previous.id)
    const { assignment } = previous
    this.answerJoin(previous, refusedJoin(previous.id, 'fenced_instance_id'))
    this.removeMember(previous, 'fenced_instance_id')
    this.members.add(next)
    this.members.assign(next, assignment)
    next.isNew = false
    if (wasLeader) this.#leaderId = next.id
    if (owedSync) this.pendingSyncs.add(next.id)
  }

  forgetPendingJoin(memberId: string): boolean {
    this.pendingJoins.get(memberId)?.clear()
    return this.pendingJoins.delete(memberId)
  }

  /** The join waits for the rebalance. One that waited before is told to come again. */
  awaitJoin(member: GroupMember, callback: JoinCallback): void {
    this.answerJoin(member, refusedJoin(member.id, 'rebalance_in_progress'))
    this.members.awaitJoin(member, callback)
  }

  awaitSync(member: GroupMember, callback: SyncCallback): void {
    this.answerSync(member, refusedSync('rebalance_in_progress'))
    member.syncCallback = callback
  }

  /** Answers the waiting join, if there is one. */
  answerJoin(member: GroupMember, answer: JoinAnswer): void {
    this.members.takeJoin(member)?.(answer)
  }

  /** Answers the waiting sync, if there is one; says whether there was. */
  answerSync(member: GroupMember, answer: SyncAnswer): boolean {
    const callback = member.syncCallback
    if (callback === undefined) return false
    member.syncCallback = undefined
    callback(answer)
    return true
  }

  /** The present generation, as a member is told of it. */
  joinAnswerFor(memberId: string): JoinAnswer {
    return {
      error: undefined,
      memberId,
      generation: this.#generation,
      protocolType: this.#protocolType,
      protocolName: this.#protocolName,
      leaderId: this.#leaderId ?? '',
      skipsAssignment: false,
      members: this.isLeader(memberId) ? this.#joinedMembers() : [],
    }
  }

  /** The leader, or in its absence another member that has joined; false when nobody has. */
  electJoinedLeader(): boolean {
    if (this.#leaderId === undefined) return false
    if (this.members.find(this.#leaderId)?.isAwaitingJoin) return true
    for (const member of this.members.values()) {
      if (!member.isAwaitingJoin) continue
      this.#leaderId = member.id
      return true
    }
    return false
  }

  /** The join phase is over: its members are the next generation. */
  startGeneration(): void {
    this.#generation++
    const isEmpty = this.members.count === 0
    this.#protocolName = isEmpty ? undefined : this.members.vote()
    this.#subscribedTopics = this.#readSubscribedTopics()
    this.transitionTo(isEmpty ? 'Empty' : 'CompletingRebalance')
    this.pendingSyncs.clear()
  }

  /** As it was stored; members are in place. */
  restore(stored: {
    readonly generation: number
    readonly protocolType: string | undefined
    readonly protocolName: string | undefined
    readonly leaderId: string | undefined
    readonly stateSinceMs: number
  }): void {
    this.#state = this.members.count === 0 ? 'Empty' : 'Stable'
    this.#generation = stored.generation
    this.#protocolType = stored.protocolType
    this.#protocolName = stored.protocolName
    this.#leaderId = stored.leaderId
    this.#stateSinceMs = stored.stateSinceMs
    this.#subscribedTopics = this.#readSubscribedTopics()
  }

  /** Answers everyone with `error` and stops all clocks. */
  close(error: GroupErrorCode): void {
    this.joinDeadline.clear()
    this.syncDeadline.clear()
    for (const pending of this.pendingJoins.values()) pending.clear()
    this.pendingJoins.clear()
    for (const member of this.members.values()) this.removeMember(member, error)
  }

  /** Another object is the group from now on. Everyone who waits is answered with `error`; offsets stay. */
  retire(error: GroupErrorCode): void {
    for (const member of this.members.values()) {
      this.answerJoin(member, refusedJoin(member.id, error))
    }
    this.close(error)
    this.#state = 'Dead'
  }

  #joinedMembers(): JoinedMember[] {
    return Array.from(this.members.values(), (member) => ({
      memberId: member.id,
      instanceId: member.instanceId,
      metadata: member.metadataFor(this.#protocolName) ?? Buffer.alloc(0),
    }))
  }

  #readSubscribedTopics(): ReadonlySet<string> | undefined {
    if (!this.isConsumerGroup) return undefined
    const topics = new Set<string>()
    for (const member of this.members.values()) {
      const metadata = member.metadataFor(this.#protocolName)
      const subscription = metadata && subscribedTopics(metadata)
      if (subscription === undefined) return undefined
      for (const topic of subscription) topics.add(topic)
    }
    return topics
  }
}
