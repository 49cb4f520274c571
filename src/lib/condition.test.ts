// Waiting for something to happen: it does, it takes too long, or nobody wants to know any more.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { VirtualClock } from '../testing/virtual-clock.ts'
import { Condition } from './condition.ts'

describe('Condition', () => {
  test('all who wait go on when it happens, and wait anew for the next time', async () => {
    const clock = new VirtualClock()
    const condition = new Condition(clock)
    const waiting = [condition.wait(10), condition.wait(20)]
    condition.notifyAll()
    await Promise.all(waiting)
    assert.equal(clock.timerCount, 0)
    let hasHappened = false
    const again = condition.wait(10).then(() => (hasHappened = true))
    await Promise.resolve()
    assert.equal(hasHappened, false)
    condition.notifyAll()
    await again
  })

  test('nobody waits for longer than is said, or than is wanted', async () => {
    const clock = new VirtualClock()
    const condition = new Condition(clock)
    const wanted = new AbortController()
    const waiting = [condition.wait(10), condition.wait(20, wanted.signal)]
    clock.advance(10)
    await waiting[0]
    assert.equal(clock.timerCount, 1)
    wanted.abort()
    await waiting[1]
    assert.equal(clock.timerCount, 0)
    await condition.wait(10, wanted.signal)
  })
})
