import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { VirtualClock } from '../testing/virtual-clock.ts'
import { WakeTimer } from './wake-timer.ts'

function createTimer(): { clock: VirtualClock; timer: WakeTimer; woken: number[] } {
  const clock = new VirtualClock()
  const start = clock.now()
  const woken: number[] = []
  const timer = new WakeTimer(clock, () => woken.push(clock.now() - start))
  return { clock, timer, woken }
}

describe('WakeTimer', () => {
  test('wakes once, at the earliest time', () => {
    const { clock, timer, woken } = createTimer()
    const now = clock.now()
    for (const ms of [50, 10, 30]) timer.wakeAt(now + ms)
    assert.equal(timer.at, now + 10)
    assert.equal(clock.timerCount, 1)
    clock.advance(100)
    assert.deepEqual(woken, [10])
    assert.equal(timer.at, Infinity)
  })

  test('wakes soon for what is over, and again when it is asked again', () => {
    const { clock, timer, woken } = createTimer()
    timer.wakeAt(clock.now() - 5)
    clock.advance(0)
    timer.wakeAt(clock.now() + 7)
    clock.advance(7)
    assert.deepEqual(woken, [0, 7])
  })

  test('wakes at the latest when it is told', () => {
    const { clock, timer, woken } = createTimer()
    timer.wakeAt(clock.now() + 100, 20)
    clock.advance(200)
    assert.deepEqual(woken, [20])
  })

  test('is asked for nothing by a time that never comes, and wakes no more when stopped', () => {
    const { clock, timer, woken } = createTimer()
    timer.wakeAt(Infinity)
    assert.equal(clock.timerCount, 0)
    timer.wakeAt(clock.now() + 5)
    timer.stop()
    assert.equal(clock.timerCount, 0)
    assert.equal(timer.at, Infinity)
    clock.advance(10)
    assert.deepEqual(woken, [])
  })
})
