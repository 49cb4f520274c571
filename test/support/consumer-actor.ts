// A member of a consumer group for simulations (KIP-848): it does what a client does, in its own time, and knows
// which partitions it works on. A slow one takes long to give partitions up; one that has crashed works on until it
// hears that it is out.
import {
  areEqual,
  type Assignment,
  joined,
  noPartitions,
} from '../../src/broker/group/consumer/assignment.ts'
import type {
  ConsumerHeartbeat,
  ConsumerHeartbeatAnswer,
} from '../../src/broker/group/consumer/consumer-messages.ts'
import type { Refusal } from '../../src/broker/group/refusal.ts'
import type { GroupFixture } from './group-fixture.ts'

export interface Subscription {
  readonly topicNames: readonly string[]
  readonly topicPattern: string
}

export const rebalanceTimeoutMs = 20_000

/** What a client sends that leaves nothing out. */
export function fullHeartbeat(
  memberId: string,
  asked: Partial<ConsumerHeartbeat> = {},
): ConsumerHeartbeat {
  return {
    groupId: 'g',
    memberId,
    hasOwnMemberId: true,
    memberEpoch: 0,
    instanceId: undefined,
    clientId: 'client',
    clientHost: '/127.0.0.1',
    rackId: undefined,
    rebalanceTimeoutMs,
    topicNames: ['orders'],
    topicPattern: undefined,
    assignor: undefined,
    owned: noPartitions,
    mayDescribe: () => true,
    ...asked,
  }
}

/** What a client sends that has nothing new to say. */
export function briefHeartbeat(
  memberId: string,
  memberEpoch: number,
  asked: Partial<ConsumerHeartbeat> = {},
): ConsumerHeartbeat {
  return fullHeartbeat(memberId, {
    memberEpoch,
    rebalanceTimeoutMs: undefined,
    topicNames: undefined,
    topicPattern: undefined,
    owned: undefined,
    ...asked,
  })
}

export class ConsumerActor {
  readonly instanceId: string | undefined
  readonly #prefix: string
  #lives = 0
  memberId: string
  epoch = 0
  /** What it works on. */
  owned: Assignment = noPartitions
  /** What it was told to have. */
  #told: Assignment = noPartitions
  subscription: Subscription = { topicNames: ['orders'], topicPattern: '' }
  assignor: string | undefined
  isSlow = false
  /** The request whose answer counts; undefined when none is on its way. */
  #asked: symbol | undefined
  #isComplete = true

  constructor(prefix: string, isStatic: boolean) {
    this.#prefix = prefix
    this.instanceId = isStatic ? `instance ${prefix}` : undefined
    this.memberId = `${prefix}-0`
  }

  get isReconciled(): boolean {
    return this.epoch > 0 && !this.#isComplete && areEqual(this.owned, this.#told)
  }

  /** Heartbeats, unless an answer is on its way. */
  step(fixture: GroupFixture): void {
    if (!this.isSlow) this.giveUp()
    if (this.#asked !== undefined) return
    const request = Symbol('request')
    this.#asked = request
    const { memberId, subscription } = this
    const isJoining = this.epoch === 0
    const asked = {
      instanceId: this.instanceId,
      assignor: this.assignor,
      ...(isJoining || this.#isComplete
        ? { rebalanceTimeoutMs, ...subscription }
        : { rebalanceTimeoutMs: undefined, topicNames: undefined, topicPattern: undefined }),
      owned: isJoining ? noPartitions : this.owned,
    }
    fixture.coordinator.consumerHeartbeat(briefHeartbeat(memberId, this.epoch, asked), (answer) =>
      this.#onAnswer(request, subscription, answer),
    )
  }

  /** Stops working on what it was told to give up. */
  giveUp(): void {
    this.owned = this.#told
  }

  /** The answers on their way never arrive, and what it said last may be lost. */
  reconnect(): void {
    this.#asked = undefined
    this.#isComplete = true
  }

  changeSubscription(subscription: Subscription): void {
    this.subscription = subscription
    this.#isComplete = true
  }

  /** The process dies, and another one begins in its place. */
  restart(): void {
    this.reconnect()
    this.#lives++
    this.memberId = `${this.#prefix}-${this.#lives}`
    this.#abandon()
  }

  leave(fixture: GroupFixture, isForGood: boolean): void {
    const { memberId, instanceId } = this
    const memberEpoch = !isForGood && instanceId !== undefined ? -2 : -1
    this.restart()
    fixture.coordinator.consumerHeartbeat(
      briefHeartbeat(memberId, memberEpoch, { instanceId }),
      () => {},
    )
  }

  #abandon(): void {
    this.epoch = 0
    this.owned = noPartitions
    this.#told = noPartitions
    this.#isComplete = true
  }

  #onAnswer(
    request: symbol,
    subscription: Subscription,
    answer: ConsumerHeartbeatAnswer | Refusal,
  ): void {
    if (request !== this.#asked) return
    this.#asked = undefined
    if ('error' in answer) {
      this.#isComplete = true
      const isOut = ['fenced_member_epoch', 'unknown_member_id', 'group_id_not_found']
      if (isOut.includes(answer.error)) this.#abandon()
      return
    }
    this.#isComplete = subscription !== this.subscription
    this.epoch = answer.memberEpoch
    if (answer.assignment === undefined) return
    this.#told = answer.assignment
    // What is new it has at once, what is gone it gives up in its own time.
    if (this.isSlow) this.owned = joined(this.owned, this.#told)
    else this.giveUp()
  }
}
