import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { VirtualClock } from '../testing/virtual-clock.ts'
import { Deadline } from './deadline.ts'

function createDeadline(): { clock: VirtualClock; deadline: Deadline; passed: number[] } {
  const clock = new VirtualClock()
  const passed: number[] = []
  const deadline = new Deadline(clock, () => passed.push(clock.monotonic()))
  return { clock, deadline, passed }
}

describe('Deadline', () => {
  test('passes once', () => {
    const { clock, deadline, passed } = createDeadline()
    deadline.set(10)
    assert.equal(deadline.isSet, true)
    clock.advance(100)
    assert.deepEqual(passed, [10])
    assert.equal(deadline.isSet, false)
  })

  test('moved later, it passes only then and needs no second timer', () => {
    const { clock, deadline, passed } = createDeadline()
    deadline.set(10)
    clock.advance(9)
    deadline.set(10)
    assert.equal(clock.timerCount, 1)
    clock.advance(9)
    assert.deepEqual(passed, [])
    clock.advance(1)
    assert.deepEqual(passed, [19])
  })

  test('moved earlier, it passes earlier', () => {
    const { clock, deadline, passed } = createDeadline()
    deadline.set(100)
    deadline.set(10)
    clock.advance(200)
    assert.deepEqual(passed, [10])
  })

  test('cleared, it does not pass and leaves no timer', () => {
    const { clock, deadline, passed } = createDeadline()
    deadline.set(10)
    deadline.clear()
    assert.equal(clock.timerCount, 0)
    clock.advance(20)
    assert.deepEqual(passed, [])
  })

  test('can be set again while it passes', () => {
    const clock = new VirtualClock()
    let count = 0
    const deadline: Deadline = new Deadline(clock, () => {
      if (++count < 3) deadline.set(5)
    })
    deadline.set(5)
    clock.advance(100)
    assert.equal(count, 3)
  })
})
