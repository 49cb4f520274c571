import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { VirtualClock } from './virtual-clock.ts'

describe('VirtualClock', () => {
  test('stands still until it is moved, then both clocks move alike', () => {
    const clock = new VirtualClock(1000)
    assert.equal(clock.now(), 1000)
    assert.equal(clock.monotonic(), 0)
    clock.advance(5)
    assert.equal(clock.now(), 1005)
    assert.equal(clock.monotonic(), 5)
  })

  test('fires timers in order of their time, each at its own moment', () => {
    const clock = new VirtualClock()
    const fired: [string, number][] = []
    const note = (name: string) => () => void fired.push([name, clock.monotonic()])
    clock.after(20, note('late'))
    clock.after(10, note('first'))
    clock.after(10, note('second'))
    clock.advance(15)
    assert.deepEqual(fired, [
      ['first', 10],
      ['second', 10],
    ])
    clock.advance(5)
    assert.deepEqual(fired.at(-1), ['late', 20])
  })

  test('fires what a timer sets when that falls due in the same advance', () => {
    const clock = new VirtualClock()
    let fired = 0
    clock.after(10, () => clock.after(10, () => fired++))
    clock.advance(20)
    assert.equal(fired, 1)
  })

  test('does not fire a stopped timer, and stopping twice does nothing', () => {
    const clock = new VirtualClock()
    const timer = clock.after(1, () => assert.fail('stopped'))
    timer.stop()
    timer.stop()
    clock.advance(2)
    assert.equal(clock.timerCount, 0)
  })

  test('repeats until stopped, also from within', () => {
    const clock = new VirtualClock()
    let count = 0
    const timer = clock.every(10, () => {
      if (++count === 3) timer.stop()
    })
    clock.advance(100)
    assert.equal(count, 3)
    assert.equal(clock.timerCount, 0)
  })

  test('runs the end of a turn when told, and after each timer', () => {
    const clock = new VirtualClock()
    const seen: string[] = []
    clock.atEndOfTurn(() => clock.atEndOfTurn(() => seen.push('nested')))
    assert.equal(seen.length, 0)
    clock.endTurn()
    assert.equal(seen.join(), 'nested')
    clock.after(1, () => clock.atEndOfTurn(() => seen.push('end of first')))
    clock.after(1, () => seen.push('second'))
    clock.advance(1)
    assert.equal(seen.join(), 'nested,end of first,second')
  })

  test('nextTimer() passes exactly the time that is needed', () => {
    const clock = new VirtualClock()
    clock.after(7, () => {})
    assert.equal(clock.nextTimer(), true)
    assert.equal(clock.monotonic(), 7)
    assert.equal(clock.nextTimer(), false)
  })

  test('shiftWallClock() moves the wall clock alone', () => {
    const clock = new VirtualClock(1000)
    clock.shiftWallClock(-100)
    assert.equal(clock.now(), 900)
    assert.equal(clock.monotonic(), 0)
  })
})
