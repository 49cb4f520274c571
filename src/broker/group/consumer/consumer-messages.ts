// What members of the consumer protocol say, and are told.
import type { Refusal } from '../refusal.ts'
import type { Assignment } from './assignment.ts'

export interface ConsumerHeartbeat {
  readonly groupId: string
  /** Empty: it wants to be given one. */
  readonly memberId: string
  /** Members make their ids themselves (version 1, KIP-1082). */
  readonly hasOwnMemberId: boolean
  /** 0 joins, −1 leaves, −2 leaves for a while as a static member. */
  readonly memberEpoch: number
  readonly instanceId: string | undefined
  readonly clientId: string
  readonly clientHost: string
  /** The following are undefined when they are what they were. */
  readonly rackId: string | undefined
  readonly rebalanceTimeoutMs: number | undefined
  readonly topicNames: readonly string[] | undefined
  readonly topicPattern: string | undefined
  readonly assignor: string | undefined
  readonly owned: Assignment | undefined
  /** Which topics whoever asks may know of. */
  mayDescribe(topic: string): boolean
}

export interface ConsumerHeartbeatAnswer {
  readonly memberId: string
  readonly memberEpoch: number
  readonly heartbeatIntervalMs: number
  /** Undefined: what it was. */
  readonly assignment: Assignment | undefined
}

/** Called exactly once. */
export type ConsumerHeartbeatCallback = (answer: ConsumerHeartbeatAnswer | Refusal) => void
