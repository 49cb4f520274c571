// One consumer group (KIP-848): its members, epochs, and who has which partition. It answers questions and keeps
// itself consistent; what happens when is in the files named after the requests. Each change raises `epoch`; an
// assignment for an epoch makes `assignmentEpoch` that; a member has reached it when its own epoch is that, too.
//
//   Empty      nobody is in it
//   Assigning  something has changed, and nobody has made an assignment since
//   Reconciling  members are on their way to what they are to have
//   Stable     each has what it is to have
//   Dead       it is being deleted, or is a classic group by now
import { assert } from '../../../lib/assert.ts'
import { Deadline } from '../../../lib/deadline.ts'
import type { GroupContext } from '../group-context.ts'
import type { MemberIdentity } from '../group-member.ts'
import { GroupOffsets } from '../group-offsets.ts'
import type { Assignment } from './assignment.ts'
import {
  ConsumerMember,
  type MemberDeadlines,
  type MemberProgress,
  type MemberWishes,
} from './consumer-member.ts'
import { GroupPatterns } from './group-patterns.ts'
import { PartitionOwners } from './partition-owners.ts'
import { UnsavedChanges } from './unsaved-changes.ts'

/** Spelled as Kafka shows them. */
export type ConsumerGroupState = 'Empty' | 'Assigning' | 'Reconciling' | 'Stable' | 'Dead'

export type MemberDeadline = keyof MemberDeadlines

/** Called when a member was silent, or has not done what it was to do, for too long. */
export interface ConsumerGroupHooks {
  onDeadline(group: ConsumerGroup, memberId: string, which: MemberDeadline): void
}

/** What the topics were when somebody looked last. */
export interface TopicsLook {
  /** Of the topics at that time, on the monotonic clock. */
  readonly version: number
  readonly atMs: number
}

export class ConsumerGroup {
  readonly kind = 'consumer'
  readonly id: string
  readonly context: GroupContext
  readonly offsets: GroupOffsets
  readonly owners: PartitionOwners = new PartitionOwners()
  readonly patterns: GroupPatterns = new GroupPatterns()
  /** What the disk does not have yet. */
  readonly unsaved: UnsavedChanges = new UnsavedChanges()
  /** Names, ids and partitions of the topics that members are subscribed to, in short. */
  topicsHash = ''
  topicsLook: TopicsLook | undefined
  /** When the assignment was made, on the monotonic clock, and how long that took. */
  assigned: { readonly atMs: number; readonly tookMs: number } | undefined
  /** One is being made. */
  isAssigning = false
  readonly #hooks: ConsumerGroupHooks
  readonly #members = new Map<string, ConsumerMember>()
  readonly #idsByInstance = new Map<string, string>()
  /** How many members name a topic. */
  readonly #nameCounts = new Map<string, number>()
  /** What each member was counted as. */
  readonly #sizes = new Map<string, number>()
  #state: ConsumerGroupState | undefined
  #isDead = false
  #isRetired = false
  #epoch: number
  #assignmentEpoch: number
  #stateSinceMs: number

  /** `offsets` of a group of the same name that it takes the place of, which was in `epoch`. */
  // oxlint-disable-next-line max-params -- what a group is made of, and what it was before
  constructor(
    id: string,
    context: GroupContext,
    hooks: ConsumerGroupHooks,
    before?: { readonly offsets: GroupOffsets; readonly epoch: number },
  ) {
    this.id = id
    this.context = context
    this.#hooks = hooks
    this.offsets = before?.offsets ?? new GroupOffsets(context.budget)
    this.#epoch = before?.epoch ?? 0
    this.#assignmentEpoch = this.#epoch
    this.#stateSinceMs = context.clock.now()
  }

  get state(): ConsumerGroupState {
    this.#state ??= this.#computeState()
    return this.#state
  }

  /** Wall clock of the moment when it became empty, if it is. */
  get stateSinceMs(): number {
    return this.#stateSinceMs
  }

  get epoch(): number {
    return this.#epoch
  }

  get assignmentEpoch(): number {
    return this.#assignmentEpoch
  }

  get memberCount(): number {
    return this.#members.size
  }

  /** Members in the order in which they came. May be changed while it is walked. */
  members(): IterableIterator<ConsumerMember> {
    return this.#members.values()
  }

  find(memberId: string): ConsumerMember | undefined {
    return this.#members.get(memberId)
  }

  findStatic(instanceId: string): ConsumerMember | undefined {
    const memberId = this.#idsByInstance.get(instanceId)
    return memberId === undefined ? undefined : this.#members.get(memberId)
  }

  /** Names that members have given, whether there are such topics or not. */
  subscribedNames(): IterableIterator<string> {
    return this.#nameCounts.keys()
  }

  isSubscribedTo(topic: string): boolean {
    return this.#nameCounts.has(topic) || this.patterns.includes(topic)
  }

  createMember(identity: MemberIdentity, wishes: MemberWishes): ConsumerMember {
    const { memberId } = identity
    const { clock, answers } = this.context
    const deadline = (which: MemberDeadline): Deadline =>
      new Deadline(clock, () => answers.run(() => this.#hooks.onDeadline(this, memberId, which)))
    return new ConsumerMember(identity, wishes, {
      session: deadline('session'),
      rebalance: deadline('rebalance'),
      sync: deadline('sync'),
    })
  }

  add(member: ConsumerMember): void {
    assert(!this.#members.has(member.id), 'a member is added once')
    if (member.instanceId !== undefined) {
      assert(!this.#idsByInstance.has(member.instanceId), 'an instance has one member')
      this.#idsByInstance.set(member.instanceId, member.id)
    }
    this.#members.set(member.id, member)
    this.#countWishes(member.wishes, 1)
    this.owners.take(member.id, member.progress.assigned)
    this.owners.take(member.id, member.progress.revoking)
    this.#onChanged(member)
  }

  /** Its partitions are free. */
  remove(member: ConsumerMember): void {
    if (!this.#members.delete(member.id)) return
    member.clearDeadlines()
    if (member.instanceId !== undefined) this.#idsByInstance.delete(member.instanceId)
    this.#countWishes(member.wishes, -1)
    this.#release(member)
    this.#resize(member.id, 0)
    this.unsaved.changeMember(member.id)
    if (this.#members.size === 0) this.#stateSinceMs = this.context.clock.now()
    this.#state = undefined
  }

  /** A static member is back under another id: `next` has all that `before` had. */
  replace(before: ConsumerMember, next: ConsumerMember): void {
    // Its wishes are counted first: a pattern is not forgotten in between.
    this.#countWishes(next.wishes, 1)
    this.remove(before)
    this.add(next)
    this.#countWishes(next.wishes, -1)
  }

  changeWishes(member: ConsumerMember, wishes: MemberWishes): void {
    this.#countWishes(wishes, 1)
    this.#countWishes(member.wishes, -1)
    member.wishes = wishes
    this.#onChanged(member)
  }

  /** What it gave up is free, what it got is taken. */
  advance(member: ConsumerMember, progress: MemberProgress): void {
    this.#release(member)
    member.progress = progress
    this.owners.take(member.id, progress.assigned)
    this.owners.take(member.id, progress.revoking)
    this.#onChanged(member)
  }

  setTarget(member: ConsumerMember, target: Assignment): void {
    member.target = target
    this.#onChanged(member)
  }

  /** Something has changed that an assignment depends on. */
  bumpEpoch(): void {
    this.#epoch++
    this.unsaved.hasGroup = true
    this.#state = undefined
  }

  /** Members have targets for what the group was in `epoch`. */
  onAssigned(epoch: number, tookMs: number): void {
    this.#assignmentEpoch = epoch
    this.assigned = { atMs: this.context.clock.monotonic(), tookMs }
    this.unsaved.hasGroup = true
    this.#state = undefined
  }

  /** As it was stored; members and patterns are in place. */
  restore(stored: {
    readonly epoch: number
    readonly assignmentEpoch: number
    readonly stateSinceMs: number
    readonly topicsHash: string
  }): void {
    this.#epoch = stored.epoch
    this.#assignmentEpoch = stored.assignmentEpoch
    this.#stateSinceMs = stored.stateSinceMs
    this.topicsHash = stored.topicsHash
    this.#state = undefined
    this.unsaved.clear()
  }

  get isRetired(): boolean {
    return this.#isRetired
  }

  /** It is being deleted. */
  beginDelete(): void {
    this.#isDead = true
    this.#state = undefined
  }

  /** It could not be deleted. */
  endDelete(): void {
    this.#isDead = false
    this.#state = undefined
  }

  /** Another object is the group from now on, or none. Its offsets stay. */
  retire(): void {
    this.#isDead = true
    this.#isRetired = true
    this.#state = undefined
    for (const member of this.#members.values()) member.clearDeadlines()
    for (const id of this.#sizes.keys()) this.#resize(id, 0)
  }

  #computeState(): ConsumerGroupState {
    if (this.#isDead) return 'Dead'
    if (this.#members.size === 0) return 'Empty'
    if (this.#epoch > this.#assignmentEpoch) return 'Assigning'
    for (const member of this.#members.values()) {
      if (!member.isReconciledTo(this.#assignmentEpoch)) return 'Reconciling'
    }
    return 'Stable'
  }

  #release({ id, progress }: ConsumerMember): void {
    this.owners.release(id, progress.assigned)
    this.owners.release(id, progress.revoking)
  }

  #onChanged(member: ConsumerMember): void {
    this.#resize(member.id, member.size)
    this.unsaved.changeMember(member.id)
    this.#state = undefined
  }

  #countWishes({ topicNames, topicPattern }: MemberWishes, change: 1 | -1): void {
    for (const name of topicNames) {
      const count = (this.#nameCounts.get(name) ?? 0) + change
      if (count === 0) this.#nameCounts.delete(name)
      else this.#nameCounts.set(name, count)
    }
    if (change === 1) this.patterns.addSubscriber(topicPattern)
    else if (this.patterns.removeSubscriber(topicPattern)) {
      this.unsaved.changePattern(topicPattern)
    }
  }

  #resize(memberId: string, size: number): void {
    const before = this.#sizes.get(memberId) ?? 0
    if (size === 0) this.#sizes.delete(memberId)
    else this.#sizes.set(memberId, size)
    const { budget } = this.context
    if (size > before) budget.take(size - before)
    else budget.giveBack(before - size)
  }
}
