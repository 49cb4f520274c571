// A consumer in the simulation of a group: does what client libraries do, step by step, and forgets
// everything when it restarts. What it is told goes to the judge.
import assert from 'node:assert/strict'
import type { GroupErrorCode } from '../../src/broker/group/group-error.ts'
import type { JoinAnswer } from '../../src/broker/group/join-answer.ts'
import type { SyncAnswer } from '../../src/broker/group/sync-answer.ts'
import { type Answered, type GroupFixture, place, protocol } from './group-fixture.ts'
import type { GroupJudge } from './group-judge.ts'

export type ActorState =
  | { readonly at: 'out' }
  | { readonly at: 'joining'; readonly answered: Answered<JoinAnswer> }
  | { readonly at: 'joined'; readonly answer: JoinAnswer }
  | {
      readonly at: 'syncing'
      readonly generation: number
      readonly answered: Answered<SyncAnswer>
    }
  | { readonly at: 'stable'; readonly generation: number }

const out: ActorState = { at: 'out' }

export class GroupActor {
  readonly name: string
  readonly instanceId: string | undefined
  readonly #judge: GroupJudge
  state: ActorState = out
  memberId = ''
  /** Changes with what it subscribes to; a change makes it join again. */
  version = 0

  constructor(name: string, isStatic: boolean, judge: GroupJudge) {
    this.name = name
    this.instanceId = isStatic ? `instance-${name}` : undefined
    this.#judge = judge
  }

  /** The process dies and starts again. Answers on their way reach nobody. */
  restart(): void {
    this.state = out
    this.memberId = ''
  }

  /** Its connection broke: it asks again with what it knows. */
  reconnect(): void {
    this.state = out
  }

  leave(fixture: GroupFixture): void {
    fixture.coordinator.leave('g', [{ memberId: this.memberId, instanceId: this.instanceId }])
    this.restart()
  }

  changeSubscription(): void {
    this.version++
    if (this.state.at === 'stable') this.state = out
  }

  /** The next thing a client would do. */
  step(fixture: GroupFixture): void {
    const { state } = this
    switch (state.at) {
      case 'out':
        this.#join(fixture)
        break
      case 'joining':
        if (!state.answered.isWaiting) this.#onJoined(state.answered.answer)
        break
      case 'joined':
        this.#sync(fixture, state.answer)
        break
      case 'syncing':
        if (!state.answered.isWaiting) this.#onSynced(state.generation, state.answered.answer)
        break
      case 'stable':
        this.#heartbeat(fixture, state.generation)
        break
    }
  }

  commit(fixture: GroupFixture): void {
    if (this.state.at !== 'stable') return
    const offset = this.#judge.nextOffset()
    const { memberId, instanceId } = this
    const request = { memberId, instanceId, generation: this.state.generation }
    this.#judge.watchCommit(offset, fixture.commit([place('orders', 0, offset)], request))
  }

  #join(fixture: GroupFixture): void {
    const { memberId, instanceId } = this
    const protocols = [
      { name: 'range', metadata: Buffer.from(`${this.name}.${this.version}`) },
      protocol('sticky'),
    ]
    const answered = fixture.join({ memberId, instanceId, protocols })
    this.#judge.watch(answered)
    this.state = { at: 'joining', answered }
  }

  #onJoined(answer: JoinAnswer): void {
    if (answer.error === undefined) {
      this.memberId = answer.memberId
      this.#judge.onJoined(this.name, answer)
      this.state = { at: 'joined', answer }
    } else if (answer.error === 'member_id_required') {
      this.memberId = answer.memberId
      this.state = out
    } else {
      this.#onError(answer.error)
    }
  }

  #sync(fixture: GroupFixture, answer: JoinAnswer): void {
    const { memberId, instanceId } = this
    const { generation, protocolName, protocolType } = answer
    const isLeader = answer.leaderId === memberId && !answer.skipsAssignment
    const assignments = isLeader ? this.#judge.assign(generation, answer.members) : []
    const answered = fixture.sync(memberId, {
      instanceId,
      generation,
      protocolName,
      protocolType,
      assignments,
    })
    this.#judge.watch(answered)
    this.state = { at: 'syncing', generation, answered }
  }

  #onSynced(generation: number, answer: SyncAnswer): void {
    if (answer.error !== undefined) {
      this.#onError(answer.error)
      return
    }
    this.#judge.onAssigned(this.name, generation, answer.assignment.toString())
    this.state = { at: 'stable', generation }
  }

  #heartbeat(fixture: GroupFixture, generation: number): void {
    const error = fixture.heartbeat(this.memberId, generation, this.instanceId)
    if (error !== undefined) this.#onError(error)
  }

  #onError(error: GroupErrorCode): void {
    this.state = out
    if (error === 'unknown_member_id' || error === 'fenced_instance_id') this.memberId = ''
    const expected: GroupErrorCode[] = [
      'unknown_member_id',
      'fenced_instance_id',
      'illegal_generation',
      'rebalance_in_progress',
      'coordinator_not_available',
      'policy_violation',
    ]
    assert.ok(expected.includes(error), `${this.name} was told ${error}`)
  }
}
