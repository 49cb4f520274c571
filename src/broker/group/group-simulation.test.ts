// Random consumers against one group, from a seed: they join, crash, come back, change their minds
// and leave; the disk is slow or refuses; the broker dies and starts again. The judge knows what may
// never happen. When all behave again the group must settle; when all are gone it must be empty.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GroupActor } from '../../../test/support/group-actor.ts'
import { GroupFixture, place, sessionMs } from '../../../test/support/group-fixture.ts'
import { GroupJudge } from '../../../test/support/group-judge.ts'
import { type Random } from '../../lib/random.ts'
import { seededRandom } from '../../testing/seeded-random.ts'

const seeds = Number(process.env['SIMULATION_SEEDS'] ?? 80)
const stepsPerSeed = 400

class Simulation {
  readonly judge: GroupJudge = new GroupJudge()
  readonly actors: readonly GroupActor[]
  readonly #random: Random
  fixture: GroupFixture = new GroupFixture()

  constructor(seed: number) {
    this.#random = seededRandom(seed)
    const count = 1 + this.#random.below(6)
    this.actors = Array.from(
      { length: count },
      (_, index) => new GroupActor(`c${index}`, this.#random.below(3) === 0, this.judge),
    )
    // An offset that keeps the group from being swept away, and its generations from starting anew.
    this.fixture.commit([place('users', 0, 1)])
    this.fixture.clock.endTurn()
  }

  disturb(): void {
    const { clock, store } = this.fixture
    const actor = this.actors[this.#random.below(this.actors.length)]!
    const dice = this.#random.below(100)
    if (dice < 50) actor.step(this.fixture)
    else if (dice < 65) clock.advance(this.#random.below(500))
    else if (dice < 70) clock.advance(this.#random.below(sessionMs))
    else if (dice < 76) actor.commit(this.fixture)
    else if (dice < 80) actor.changeSubscription()
    else if (dice < 84) actor.restart()
    else if (dice < 87) actor.reconnect()
    else if (dice < 90) actor.leave(this.fixture)
    else if (dice < 94) store.isHeld = true
    else if (dice < 97) store.release()
    else if (dice < 98) store.refusals = 1
    else if (dice < 99) this.crash()
    else clock.endTurn()
    this.judge.check(this.fixture)
  }

  crash(): void {
    this.judge.onCrash()
    this.fixture = this.fixture.crash()
    for (const actor of this.actors) if (actor.state.at !== 'stable') actor.reconnect()
  }

  /** Everyone does as they should, until the group is stable with exactly these members. */
  settle(): void {
    this.fixture.store.refusals = 0
    this.fixture.store.release()
    for (let round = 0; round < 2000; round++) {
      for (const actor of this.actors) actor.step(this.fixture)
      this.fixture.clock.advance(100)
      this.judge.check(this.fixture)
      if (this.#isSettled()) return
    }
    assert.fail(`never settled: ${JSON.stringify(this.fixture.coordinator.describe('g'))}`)
  }

  #isSettled(): boolean {
    const described = this.fixture.coordinator.describe('g')
    if (described?.state !== 'Stable') return false
    const ids = described.members.map(({ memberId }) => memberId).sort()
    const mine = this.actors.map(({ memberId }) => memberId).sort()
    return (
      ids.join() === mine.join() &&
      this.actors.every(
        ({ state }) => state.at === 'stable' && state.generation === described.generation,
      )
    )
  }

  /** All die at once; time does the rest. */
  die(): void {
    for (const actor of this.actors) actor.restart()
    this.fixture.clock.advance(sessionMs * 3)
    this.judge.check(this.fixture)
    assert.equal(this.fixture.state(), 'Empty')
    this.judge.checkAllAnswered()
    assert.equal(this.fixture.store.waitingCount, 0)
    // What looks for old offsets goes on; nothing else does.
    assert.equal(this.fixture.clock.timerCount, 1)
  }
}

test(`a group keeps its word to random consumers (${seeds} seeds)`, () => {
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
