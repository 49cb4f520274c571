import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from '../testing/virtual-clock.ts'
import { Brake } from './brake.ts'

test('one event passes each time, and says how many were held back before it', () => {
  const clock = new VirtualClock()
  const brake = new Brake(clock, 1000)
  assert.equal(brake.pass(), 0)
  assert.equal(brake.pass(), undefined)
  clock.advance(999)
  assert.equal(brake.pass(), undefined)
  clock.advance(1)
  assert.equal(brake.pass(), 2)
  clock.advance(5000)
  assert.equal(brake.pass(), 0)
})
