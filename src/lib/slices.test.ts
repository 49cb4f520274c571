import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { VirtualClock } from '../testing/virtual-clock.ts'
import { Slices, type Steps } from './slices.ts'

/** A clock whose turns the test ends, on which each step takes a millisecond. */
class TurnClock extends VirtualClock {
  spentMs = 0
  readonly #due: (() => void)[] = []

  override monotonic(): number {
    return this.spentMs
  }

  override atEndOfTurn(callback: () => void): void {
    this.#due.push(callback)
  }

  async finishTurn(): Promise<void> {
    for (const callback of this.#due.splice(0)) callback()
    await Promise.resolve()
  }
}

const sliceMs = 5

function* steps(clock: TurnClock, count: number, onStep: () => void): Steps<string> {
  for (let step = 0; step < count; step++) {
    clock.spentMs++
    onStep()
    yield
  }
  return 'done'
}

describe('Slices', () => {
  it('does what is short at once', async () => {
    const clock = new TurnClock()
    const slices = new Slices(clock, sliceMs)
    assert.equal(await slices.run(steps(clock, 3, () => undefined)), 'done')
  })

  it('gives all work together one slice of each turn', async () => {
    const clock = new TurnClock()
    const slices = new Slices(clock, sliceMs)
    const done: string[] = []
    const counts = [0, 0, 0]
    for (const [index] of counts.entries()) {
      const work = steps(clock, 20, () => counts[index]!++)
      void slices.run(work).then(() => done.push(`work ${index}`))
    }
    let before = 0
    for (let turn = 0; done.length < 3; turn++) {
      assert.ok(clock.spentMs - before <= sliceMs, 'a turn')
      assert.ok(turn < 20, 'it comes to an end')
      before = clock.spentMs
      await clock.finishTurn()
    }
    assert.deepEqual(counts, [20, 20, 20])
    assert.deepEqual(done, ['work 0', 'work 1', 'work 2'])
  })

  it('lets others go on while one waits for something', async () => {
    const clock = new TurnClock()
    const slices = new Slices(clock, sliceMs)
    const gate = Promise.withResolvers<void>()
    const order: string[] = []
    function* waiting(): Steps<void> {
      yield gate.promise
      order.push('waited')
    }
    const first = slices.run(waiting())
    await slices.run(steps(clock, 2, () => order.push('step')))
    gate.resolve()
    await Promise.resolve()
    await clock.finishTurn()
    await first
    assert.deepEqual(order, ['step', 'step', 'waited'])
  })

  it('rejects with what a step throws, and goes on with the next', async () => {
    const clock = new TurnClock()
    const slices = new Slices(clock, sliceMs)
    function* failing(): Steps<void> {
      yield
      throw new Error('no')
    }
    await assert.rejects(slices.run(failing()), /no/)
    assert.equal(await slices.run(steps(clock, 1, () => undefined)), 'done')
  })
})
