// One share group (KIP-932): its members, what each reads, and its places in topics. Members live in memory:
// after a restart they are told that they are unknown and join again, which disturbs nobody, since
// partitions belong to no one. What was given out comes again once its lock is over.
import type { Clock, Timer } from '../../lib/clock.ts'
import type { Topic } from '../topic/topic.ts'
import type { SharePartition } from './share-partition.ts'
import type { ShareSettings } from './share-settings.ts'
import type { ShareTopic, ShareTopicOwner } from './share-topic.ts'
import { assignSimply, type ShareAssignment } from './simple-assignor.ts'

export interface ShareMember {
  readonly id: string
  clientId: string
  clientHost: string
  rackId: string | undefined
  /** Names of topics. */
  subscribed: ReadonlySet<string>
  /** Of the assignment that it was told last. */
  epoch: number
  previousEpoch: number
  assignment: ShareAssignment
  /** Ends when it has been silent for too long. */
  session: Timer | undefined
}

export interface ShareGroupOptions {
  readonly id: string
  readonly clock: Clock
  readonly settings: () => ShareSettings
  readonly findTopic: (name: string) => Topic | undefined
  readonly createShare: (group: ShareGroup, topic: ShareTopic, partition: number) => SharePartition
}

export type ShareGroupState = 'Empty' | 'Stable'

const nothing: ShareAssignment = new Map()

export class ShareGroup implements ShareTopicOwner {
  readonly id: string
  readonly members: Map<string, ShareMember> = new Map()
  /** By topic id. */
  readonly topics: Map<string, ShareTopic> = new Map()
  readonly #options: ShareGroupOptions
  #epoch = 0
  #assignmentEpoch = 0
  #assigned: ReadonlyMap<string, ShareAssignment> = new Map()
  #assignedAt = Number.NEGATIVE_INFINITY
  #due: { readonly timer: Timer; readonly done: PromiseWithResolvers<void> } | undefined

  constructor(options: ShareGroupOptions) {
    this.id = options.id
    this.#options = options
  }

  get epoch(): number {
    return this.#epoch
  }

  get assignmentEpoch(): number {
    return this.#assignmentEpoch
  }

  get state(): ShareGroupState {
    return this.members.size === 0 ? 'Empty' : 'Stable'
  }

  get settings(): ShareSettings {
    return this.#options.settings()
  }

  /** Of all members together. */
  get subscriptionCount(): number {
    let count = 0
    for (const { subscribed } of this.members.values()) count += subscribed.size
    return count
  }

  get partitionCount(): number {
    let count = 0
    for (const { partitionCount } of this.topics.values()) count += partitionCount
    return count
  }

  /** Records that it is not done with, for each partition. */
  *lags(): Generator<{ readonly topic: string; readonly lag: number }> {
    for (const each of this.topics.values()) {
      for (let index = 0; index < each.partitionCount; index++) {
        yield { topic: each.topic.name, lag: each.factsOf(index)?.lag ?? 0 }
      }
    }
  }

  /** What is known of it from before a restart. */
  restoreEpoch(epoch: number): void {
    this.#epoch = Math.max(this.#epoch, epoch)
    this.#assignmentEpoch = this.#epoch
  }

  addMember(id: string): ShareMember {
    const member: ShareMember = {
      id,
      clientId: '',
      clientHost: '',
      rackId: undefined,
      subscribed: new Set(),
      epoch: 0,
      previousEpoch: -1,
      assignment: nothing,
      session: undefined,
    }
    this.members.set(id, member)
    return member
  }

  /** Its session is over: what it has is available again. */
  removeMember(member: ShareMember): void {
    if (this.members.get(member.id) !== member) return
    this.dismissMember(member)
    this.releaseMember(member.id)
  }

  /** It left. What it has stays its own until it has closed its share session: it may acknowledge that with the end. */
  dismissMember(member: ShareMember): void {
    member.session?.stop()
    this.members.delete(member.id)
    this.onChanged()
  }

  /** What a member has of any partition is available again. */
  releaseMember(memberId: string): void {
    for (const topic of this.topics.values()) {
      for (const share of topic.openShares()) share.releaseAll(share.acquired.offsets(memberId))
    }
  }

  /** Members, subscriptions or topics are others: there is another assignment soon. */
  onChanged(): void {
    this.#epoch++
  }

  /** Topics that a member subscribes to and that are there. */
  topicsOf({ subscribed }: ShareMember): Topic[] {
    return [...subscribed].flatMap((name) => this.#options.findTopic(name) ?? [])
  }

  /** Makes the assignment for what has changed: now, or when the last one is old enough. */
  async assign(): Promise<void> {
    if (this.#epoch === this.#assignmentEpoch) return
    const { clock, settings } = this.#options
    const waitMs = this.#assignedAt + settings().assignmentMs - clock.monotonic()
    if (waitMs <= 0) {
      this.#assignNow()
      return
    }
    if (this.#due === undefined) {
      const done = Promise.withResolvers<void>()
      const timer = clock.after(waitMs, () => this.#assignNow())
      this.#due = { timer, done }
    }
    await this.#due.done.promise
  }

  /** Tells a member what it reads; undefined when it knows. */
  tell(member: ShareMember, isAsked: boolean): ShareAssignment | undefined {
    const assignment = this.#assigned.get(member.id) ?? nothing
    const isOther = !isSame(assignment, member.assignment)
    member.assignment = assignment
    if (member.epoch !== this.#assignmentEpoch) {
      member.previousEpoch = member.epoch
      member.epoch = this.#assignmentEpoch
    }
    return isOther || isAsked ? assignment : undefined
  }

  createShare(topic: ShareTopic, partition: number): SharePartition {
    return this.#options.createShare(this, topic, partition)
  }

  close(): void {
    for (const { session } of this.members.values()) session?.stop()
    this.members.clear()
    for (const topic of this.topics.values()) topic.close()
    this.#due?.timer.stop()
    this.#due?.done.resolve()
  }

  #assignNow(): void {
    const { clock, findTopic } = this.#options
    const members = new Map<string, ReadonlySet<string>>()
    for (const { id, subscribed } of this.members.values()) {
      const ids = new Set<string>()
      for (const name of subscribed) {
        const topicId = findTopic(name)?.topicId
        if (topicId !== undefined) ids.add(topicId)
      }
      members.set(id, ids)
    }
    this.#assigned = assignSimply(this.topics.values(), members)
    this.#assignmentEpoch = this.#epoch
    this.#assignedAt = clock.monotonic()
    this.#due?.timer.stop()
    this.#due?.done.resolve()
    this.#due = undefined
  }
}

function isSame(one: ShareAssignment, other: ShareAssignment): boolean {
  if (one === other) return true
  if (one.size !== other.size) return false
  for (const [topicId, partitions] of one) {
    const others = other.get(topicId)
    if (others?.length !== partitions.length) return false
    if (partitions.some((partition, at) => others[at] !== partition)) return false
  }
  return true
}
