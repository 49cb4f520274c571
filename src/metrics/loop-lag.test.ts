import assert from 'node:assert/strict'
import { test } from 'node:test'
import { metricsLimits } from '../limits/metrics.ts'
import { VirtualClock } from '../testing/virtual-clock.ts'
import { LoopLag } from './loop-lag.ts'

test('nobody looks before it is started, and nobody after it is closed', () => {
  const clock = new VirtualClock()
  const lag = new LoopLag(clock)
  assert.equal(clock.timerCount, 0)
  lag.start()
  lag.start()
  clock.advance(3 * metricsLimits.lagCheckMs)
  assert.equal(lag.seconds.counts[0], 3)
  lag[Symbol.dispose]()
  clock.advance(3 * metricsLimits.lagCheckMs)
  assert.equal(lag.seconds.counts[0], 3)
})

test('a timer that comes late says by how much', () => {
  const clock = new VirtualClock()
  clock.after(metricsLimits.lagCheckMs, () => clock.pass(70))
  using lag = new LoopLag(clock)
  lag.start()
  clock.advance(metricsLimits.lagCheckMs + 70)
  assert.equal(lag.seconds.sum, 0.07)
})
