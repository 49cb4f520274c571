// A member of a consumer group (KIP-848): what it asks for, and how far it is with what it is to have.
import type { Deadline } from '../../../lib/deadline.ts'
import type { MemberIdentity, MemberProtocol } from '../group-member.ts'
import { sizeOfProtocols } from '../group-member.ts'
import { type Assignment, countOf, noPartitions } from './assignment.ts'

/**
 * `stable`: it has all that its epoch gives it. `unrevoked`: it has been told to give partitions up and has not
 * said that it did. `unreleased`: partitions that it is to get are still somebody else's.
 */
export type MemberState = 'stable' | 'unrevoked' | 'unreleased'

/** What a member of the classic protocol has said when it joined, which nobody else says. */
export interface ClassicTerms {
  readonly sessionTimeoutMs: number
  /** Most wanted first. */
  readonly protocols: readonly MemberProtocol[]
}

/** What a member asks for. */
export interface MemberWishes {
  readonly rackId: string | undefined
  readonly rebalanceTimeoutMs: number
  /** Sorted, no name twice. */
  readonly topicNames: readonly string[]
  /** Empty for none. */
  readonly topicPattern: string
  /** Undefined: whatever the others want. */
  readonly assignor: string | undefined
  /** Undefined for a member that speaks the consumer protocol. */
  readonly classic: ClassicTerms | undefined
}

/** Where a member is on its way to its target. */
export interface MemberProgress {
  readonly epoch: number
  readonly previousEpoch: number
  readonly state: MemberState
  readonly assigned: Assignment
  /** That it has been told to give up. */
  readonly revoking: Assignment
}

/** Its session, and for how long it may be what it is. */
export interface MemberDeadlines {
  readonly session: Deadline
  /** For giving partitions up, or (classic protocol) for joining again. */
  readonly rebalance: Deadline
  /** For fetching an assignment, after a join of the classic protocol. */
  readonly sync: Deadline
}

/** Epoch of a static member that is away and keeps its place. */
export const awayEpoch = -2

/** Objects, map entries and timers around a member's texts, roughly. */
const memberOverhead = 1536
/** A place in the target, in what it has, and among the owners. */
const partitionSize = 24

/** Changed by its group only. */
export class ConsumerMember {
  readonly id: string
  readonly instanceId: string | undefined
  readonly deadlines: MemberDeadlines
  clientId: string
  clientHost: string
  wishes: MemberWishes
  progress: MemberProgress = {
    epoch: 0,
    previousEpoch: 0,
    state: 'stable',
    assigned: noPartitions,
    revoking: noPartitions,
  }
  /** What it is to have in the end. */
  target: Assignment = noPartitions

  constructor(identity: MemberIdentity, wishes: MemberWishes, deadlines: MemberDeadlines) {
    this.id = identity.memberId
    this.instanceId = identity.instanceId
    this.clientId = identity.clientId
    this.clientHost = identity.clientHost
    this.wishes = wishes
    this.deadlines = deadlines
  }

  get isClassic(): boolean {
    return this.wishes.classic !== undefined
  }

  get epoch(): number {
    return this.progress.epoch
  }

  isReconciledTo(epoch: number): boolean {
    return this.progress.state === 'stable' && this.progress.epoch === epoch
  }

  clearDeadlines(): void {
    this.deadlines.session.clear()
    this.deadlines.rebalance.clear()
    this.deadlines.sync.clear()
  }

  /** Bytes it makes us keep. */
  get size(): number {
    const places = countOf(this.progress.assigned) + countOf(this.target)
    return memberOverhead + sizeOfWishes(this.wishes) + places * partitionSize
  }
}

/** Bytes of names, patterns and metadata. */
export function sizeOfWishes({ topicNames, topicPattern, classic }: MemberWishes): number {
  const names = topicNames.reduce((size, name) => size + name.length + 16, 0)
  return names + topicPattern.length + sizeOfProtocols(classic?.protocols ?? [])
}
