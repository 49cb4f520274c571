import type { Clock } from '../../lib/clock.ts'
import type { Random } from '../../lib/random.ts'
import type { Slices } from '../../lib/slices.ts'
import type { Admission } from '../admission.ts'
import type { AnswerQueue } from './answer-queue.ts'
import type { TopicPartition } from './committed-offset.ts'
import type { GroupTopics } from './consumer/group-topics.ts'
import type { GroupBudget } from './group-budget.ts'
import type { ConsumerGroupTimes, GroupConfig } from './group-config.ts'
import type { GroupStore } from './group-store.ts'

/** Told what an operator wants to see in the log. Nothing may be called back. */
export interface GroupEvents {
  /** A generation has its assignment. */
  onStable?(groupId: string, generation: number, memberCount: number): void
  /** A member was silent for too long, or did not come to a rebalance, and is out. */
  onMemberLost?(groupId: string, memberId: string): void
  /** It has committed an offset, and that is durable. */
  onCommitted?(groupId: string, at: TopicPartition, offset: number): void
  /** The last member is gone. */
  onEmpty?(groupId: string, generation: number): void
}

/** What all groups of a coordinator share. */
export interface GroupContext {
  readonly clock: Clock
  readonly random: Random
  readonly store: GroupStore
  readonly config: GroupConfig
  readonly events: GroupEvents
  readonly answers: AnswerQueue
  readonly budget: GroupBudget
  readonly admission: Admission
  readonly topics: GroupTopics
  /** For what takes longer than a turn; without them all is done at once. */
  readonly slices?: Slices | undefined
  /** Settings of a group of the consumer protocol: they may change at any time. */
  consumerConfigOf(groupId: string): ConsumerGroupTimes
}
