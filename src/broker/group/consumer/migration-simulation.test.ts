// Random members of both protocols in one group, from a seed: they come and go until only one protocol is left, and
// the group is of that. No partition may ever be with two members, whichever protocol each of them speaks; when all
// behave, each partition must be with one.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ClassicActor, classicSessionMs } from '../../../../test/support/classic-actor.ts'
import { ConsumerActor } from '../../../../test/support/consumer-actor.ts'
import { GroupFixture, place } from '../../../../test/support/group-fixture.ts'
import type { Random } from '../../../lib/random.ts'
import { seededRandom } from '../../../testing/seeded-random.ts'
import type { Assignment } from './assignment.ts'

const seeds = Number(process.env['SIMULATION_SEEDS'] ?? 15)
const stepsPerSeed = 250
const topics = [['orders'], ['orders', 'users'], ['users']] as const

type Actor = ClassicActor | ConsumerActor

class Simulation {
  readonly #random: Random
  fixture: GroupFixture = new GroupFixture()
  /** Those that take part now. */
  readonly actors: Actor[] = []
  #made = 0

  constructor(seed: number) {
    this.#random = seededRandom(seed)
    this.fixture.commit([place('users', 0, 1)])
    this.fixture.clock.endTurn()
    this.add()
  }

  add(isClassic: boolean = this.#random.below(2) === 0): void {
    if (this.actors.length >= 5) return
    const name = `c${this.#made++}`
    this.actors.push(
      isClassic
        ? new ClassicActor(this.#random.below(2) === 0)
        : new ConsumerActor(name, this.#random.below(3) === 0),
    )
  }

  remove(actor: Actor): void {
    if (this.actors.length === 1) return
    this.actors.splice(this.actors.indexOf(actor), 1)
    if (this.#random.below(3) === 0) return
    if (actor instanceof ClassicActor) actor.leave(this.fixture)
    else actor.leave(this.fixture, true)
  }

  /** After a while of this and that. */
  become(type: 'classic' | 'consumer'): void {
    for (let step = 0; step < stepsPerSeed; step++) this.disturb()
    this.keepOnly(type)
    this.settle(type)
  }

  disturb(): void {
    const { clock, store } = this.fixture
    const actor = this.#pick(this.actors)
    const dice = this.#random.below(100)
    if (dice < 60) actor.step(this.fixture)
    else if (dice < 75) clock.advance(this.#random.below(1500))
    else if (dice < 77) clock.advance(this.#random.below(classicSessionMs))
    else if (dice < 81) this.add()
    else if (dice < 85) this.remove(actor)
    else if (dice < 88) this.#changeTopics(actor)
    else if (dice < 91) actor.restart()
    else if (dice < 93) actor.reconnect()
    else if (dice < 95) store.isHeld = true
    else if (dice < 98) store.release()
    else if (dice < 99) this.crash()
    else clock.endTurn()
    this.check()
  }

  #changeTopics(actor: Actor): void {
    const topicNames = this.#pick(topics)
    if (actor instanceof ClassicActor) actor.changeTopics(topicNames)
    else actor.changeSubscription({ topicNames, topicPattern: '' })
  }

  crash(): void {
    this.fixture = this.fixture.crash()
    for (const actor of this.actors) actor.reconnect()
  }

  check(): void {
    const members = this.fixture.coordinator.describe('g')?.members ?? []
    const known = new Set(members.map(({ memberId }) => memberId))
    const holders = new Map<string, string>()
    for (const { memberId, owned } of this.actors) {
      if (!known.has(memberId)) continue
      for (const partition of placesOf(owned)) {
        const holder = holders.get(partition) ?? memberId
        assert.equal(holder, memberId, `${partition} is with two members`)
        holders.set(partition, memberId)
      }
    }
  }

  /** Everyone does as it should, until the group is stable and each partition with one member. */
  settle(type: 'classic' | 'consumer'): void {
    this.fixture.store.release()
    for (let round = 0; round < 2000; round++) {
      for (const actor of this.actors) actor.step(this.fixture)
      this.fixture.clock.advance(200)
      this.check()
      if (this.#isSettled(type)) return
    }
    const { coordinator } = this.fixture
    const seen = [coordinator.describeConsumerGroup('g') ?? coordinator.describe('g'), this.actors]
    assert.fail(`never settled as ${type}: ${JSON.stringify(seen)}`)
  }

  #isSettled(type: string): boolean {
    const described = this.fixture.coordinator.describe('g')
    if (described?.state !== 'Stable' || described.type !== type) return false
    if (described.members.length !== this.actors.length) return false
    const isIn = (actor: Actor): boolean =>
      actor instanceof ClassicActor ? actor.isIn : actor.isReconciled
    if (!this.actors.every(isIn)) return false
    const read = new Set(
      this.actors.flatMap((actor) =>
        actor instanceof ClassicActor ? actor.topicNames : actor.subscription.topicNames,
      ),
    )
    const owned = this.actors.reduce((sum, actor) => sum + placesOf(actor.owned).length, 0)
    return owned === read.size * 10
  }

  /** Whoever speaks another protocol leaves. */
  keepOnly(type: 'classic' | 'consumer'): void {
    const isKept = (actor: Actor): boolean => actor instanceof ClassicActor === (type === 'classic')
    this.add(type === 'classic')
    if (!this.actors.some(isKept)) {
      this.remove(this.actors[0]!)
      this.add(type === 'classic')
    }
    const leaving = this.actors.filter((actor) => !isKept(actor))
    for (const actor of leaving) this.remove(actor)
  }

  #pick<T>(from: readonly T[]): T {
    return from[this.#random.below(from.length)]!
  }
}

function placesOf(assignment: Assignment): string[] {
  return Array.from(assignment).flatMap(([topicId, partitions]) =>
    partitions.map((partition) => `${topicId} ${partition}`),
  )
}

test(`a group goes over to the other protocol and back, and no partition has two owners (${seeds} seeds)`, () => {
  for (let seed = 1; seed <= seeds; seed++) {
    try {
      const simulation = new Simulation(seed)
      for (const type of ['consumer', 'classic', 'consumer'] as const) simulation.become(type)
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error })
    }
  }
})
