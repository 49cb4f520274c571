import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from '../testing/virtual-clock.ts'
import { ServingGate } from './serving-gate.ts'

class Waiter {
  told = ''
  onGateOpened(): void {
    this.told += 'opened '
  }
  onGateLost(): void {
    this.told += 'lost '
  }
}

test('it is open until the time that was said, whoever looks and whenever', () => {
  const clock = new VirtualClock()
  const gate = new ServingGate(clock)
  assert.equal(gate.isOpen, false)
  gate.openUntil(clock.monotonic() + 3000)
  clock.pass(2999)
  assert.deepEqual([gate.isOpen, gate.isShut], [true, false])
  clock.pass(1)
  assert.equal(gate.isShut, false)
  assert.equal(gate.isOpen, false)
  assert.equal(gate.isShut, true)
})

test('who waits is told once when it opens, and not by news that is too old', () => {
  const clock = new VirtualClock()
  const gate = new ServingGate(clock)
  const [waiter, forgotten] = [new Waiter(), new Waiter()]
  clock.pass(10_000)
  gate.wait(waiter)
  gate.wait(forgotten)
  gate.forget(forgotten)
  gate.openUntil(9000)
  assert.equal(waiter.told, '')
  gate.openUntil(13_000)
  gate.openUntil(14_000)
  assert.deepEqual([waiter.told, forgotten.told], ['opened ', ''])
})

test('what was said later is not taken back by an answer that comes after it', () => {
  const clock = new VirtualClock()
  const gate = new ServingGate(clock)
  gate.openUntil(5000)
  gate.openUntil(4000)
  clock.pass(4500)
  assert.equal(gate.isOpen, true)
})

test('once lost it never opens, and whoever waits then hears it at once', () => {
  const clock = new VirtualClock()
  const gate = new ServingGate(clock)
  gate.openUntil(5000)
  const [before, after] = [new Waiter(), new Waiter()]
  gate.wait(before)
  gate.lose()
  gate.openUntil(9000)
  gate.wait(after)
  assert.deepEqual(
    [gate.isOpen, gate.isLost, before.told, after.told],
    [false, true, 'lost ', 'lost '],
  )
})
