import type { Steps } from '../../../lib/slices.ts'
import type { Assignment } from './assignment.ts'

/** A member as assignors see it. */
export interface Subscriber {
  readonly memberId: string
  readonly instanceId: string | undefined
  /** Ids of topics that exist. */
  readonly topicIds: readonly string[]
  /** What it was to have until now. */
  readonly target: Assignment
}

export interface AssignmentAsked {
  readonly subscribers: readonly Subscriber[]
  /** How many partitions each of their topics has. */
  readonly partitionCounts: ReadonlyMap<string, number>
}

/** For each subscriber, in order. Every partition of a topic that somebody reads is in exactly one of them. */
export type Assignor = (asked: AssignmentAsked) => Steps<Assignment[]>
