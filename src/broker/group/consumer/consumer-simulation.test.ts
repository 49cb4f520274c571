// Random members of one consumer group, from a seed: they join, crash, come back, change what they read, take long
// to give partitions up, and leave; topics come and go; the disk is slow or refuses; the broker dies and starts
// again. No partition may ever be with two members. When all behave again, each partition must be with one of them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConsumerActor, rebalanceTimeoutMs } from '../../../../test/support/consumer-actor.ts'
import { GroupFixture, place } from '../../../../test/support/group-fixture.ts'
import type { Random } from '../../../lib/random.ts'
import { seededRandom } from '../../../testing/seeded-random.ts'

const seeds = Number(process.env['SIMULATION_SEEDS'] ?? 60)
const stepsPerSeed = 300
const sessionMs = 45_000
const subscriptions = [
  { topicNames: ['orders'], topicPattern: '' },
  { topicNames: ['orders', 'users'], topicPattern: '' },
  { topicNames: ['users', 'missing'], topicPattern: '' },
  { topicNames: [], topicPattern: 'or.*' },
  { topicNames: ['users'], topicPattern: '.*s' },
  { topicNames: [], topicPattern: '' },
]

class Simulation {
  readonly actors: readonly ConsumerActor[]
  readonly #random: Random
  fixture: GroupFixture = new GroupFixture()

  constructor(seed: number) {
    this.#random = seededRandom(seed)
    const count = 1 + this.#random.below(6)
    this.actors = Array.from(
      { length: count },
      (_, index) => new ConsumerActor(`c${index}`, this.#random.below(3) === 0),
    )
    // An offset that keeps the group from being swept away.
    this.fixture.commit([place('users', 0, 1)])
    this.fixture.clock.endTurn()
  }

  disturb(): void {
    const { clock, store } = this.fixture
    const actor = this.#pick(this.actors)
    this.#choose([
      [50, () => actor.step(this.fixture)],
      [12, () => clock.advance(this.#random.below(3000))],
      [3, () => clock.advance(this.#random.below(sessionMs))],
      [5, () => actor.changeSubscription(this.#pick(subscriptions))],
      [3, () => (actor.isSlow = !actor.isSlow)],
      [3, () => actor.giveUp()],
      [4, () => actor.restart()],
      [4, () => actor.reconnect()],
      [3, () => actor.leave(this.fixture, this.#random.below(2) === 0)],
      [3, () => (store.isHeld = true)],
      [3, () => store.release()],
      [1, () => (store.refusals = 1)],
      [2, () => this.changeTopics()],
      [1, () => (actor.assignor = this.#pick([undefined, 'range', 'uniform']))],
      [1, () => this.crash()],
      [2, () => clock.endTurn()],
    ])
    this.check()
  }

  /** Something, by its weight. */
  #choose(choices: readonly (readonly [weight: number, action: () => unknown])[]): void {
    let left = this.#random.below(choices.reduce((sum, [weight]) => sum + weight, 0))
    choices.find(([weight]) => (left -= weight) < 0)?.[1]()
  }

  crash(): void {
    const { topics, topicsVersion } = this.fixture
    this.fixture = this.fixture.crash({ topics, topicsVersion })
    for (const actor of this.actors) actor.reconnect()
  }

  changeTopics(): void {
    const { topics } = this.fixture
    const name = this.#pick(['orders', 'users', 'others'])
    if (!topics.delete(name)) topics.add(name)
    this.fixture.topicsVersion++
  }

  /** Nobody works on what somebody else has. */
  check(): void {
    const described = this.fixture.coordinator.describeConsumerGroup('g')
    const holders = new Map<string, string>()
    for (const { memberId, assigned } of described?.members ?? []) {
      for (const { topicId, partitions } of assigned) {
        for (const partition of partitions) take(holders, `${topicId} ${partition}`, memberId)
      }
    }
    const known = new Set(described?.members.map(({ memberId }) => memberId))
    for (const { memberId, owned } of this.actors) {
      if (!known.has(memberId)) continue
      for (const [topicId, partitions] of owned) {
        for (const partition of partitions) take(holders, `${topicId} ${partition}`, memberId)
      }
    }
  }

  /** Everyone does as it should, until each has what it is to have, and together they have all. */
  settle(): void {
    const { store, topics } = this.fixture
    store.refusals = 0
    store.release()
    for (const name of ['orders', 'users']) topics.add(name)
    this.fixture.topicsVersion++
    for (const actor of this.actors) actor.isSlow = false
    for (let round = 0; round < 1500; round++) {
      for (const actor of this.actors) actor.step(this.fixture)
      this.fixture.clock.advance(round % 3 === 0 ? 5000 : 100)
      this.check()
      if (this.#isSettled()) return
    }
    const described = this.fixture.coordinator.describeConsumerGroup('g')
    const actors = this.actors.map((actor) => [actor.memberId, actor.subscription, ...actor.owned])
    assert.fail(`never settled: ${JSON.stringify([described, actors])}`)
  }

  #isSettled(): boolean {
    const described = this.fixture.coordinator.describeConsumerGroup('g')
    if (described?.state !== 'Stable') return false
    const ids = described.members.map(({ memberId }) => memberId).sort()
    const mine = this.actors.map(({ memberId }) => memberId).sort()
    if (ids.join() !== mine.join()) return false
    if (!this.actors.every((actor) => actor.isReconciled)) return false
    const read = new Set<string>()
    for (const { subscription } of this.actors) {
      for (const name of this.fixture.topics) {
        const isMatched = new RegExp(`^(?:${subscription.topicPattern})$`).test(name)
        if (isMatched || subscription.topicNames.includes(name)) read.add(`id of ${name}`)
      }
    }
    const owned = this.actors.reduce(
      (sum, actor) => sum + Array.from(actor.owned.values()).flat().length,
      0,
    )
    return owned === read.size * 10
  }

  /** All die at once; time does the rest. */
  die(): void {
    for (const actor of this.actors) actor.restart()
    this.fixture.clock.advance(sessionMs + rebalanceTimeoutMs)
    assert.equal(this.fixture.state(), 'Empty')
    assert.equal(this.fixture.store.waitingCount, 0)
    // What looks for old offsets goes on; nothing else does.
    assert.equal(this.fixture.clock.timerCount, 1)
    // The group row, and the offset if its topic was never deleted.
    assert.ok(this.fixture.store.rowCount <= 2, 'no row is left of members and patterns')
  }

  #pick<T>(from: readonly T[]): T {
    return from[this.#random.below(from.length)]!
  }
}

function take(holders: Map<string, string>, what: string, memberId: string): void {
  const holder = holders.get(what) ?? memberId
  assert.equal(holder, memberId, `${what} is with two members`)
  holders.set(what, memberId)
}

test(`no partition of a consumer group has two owners (${seeds} seeds)`, () => {
  for (let seed = 1; seed <= seeds; seed++) {
    try {
      const simulation = new Simulation(seed)
      for (let step = 0; step < stepsPerSeed; step++) simulation.disturb()
      simulation.settle()
      simulation.die()
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error })
    }
  }
})
