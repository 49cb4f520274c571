import assert from 'node:assert/strict'
import { test } from 'node:test'
import { firstState, press } from './keys.ts'

const [up, down, right, left] = ['\u001b[A', '\u001b[B', '\u001b[C', '\u001b[D'] as const

test('left and right go through the columns and begin again at the end', () => {
  const unacked = press(firstState, right)
  assert.deepEqual(unacked.order, { column: 'messages_unacknowledged', isReverse: true })
  const name = press(press(unacked, right), right)
  assert.deepEqual(name.order, { column: 'name', isReverse: false })
  assert.equal(press(name, left).order.column, 'consumers')
})

test('r turns the order round', () => {
  assert.equal(press(firstState, 'r').order.isReverse, false)
})

test('up and down scroll, and never above the first; another order begins at the top', () => {
  const below = press(press(firstState, down), down)
  assert.equal(below.skipped, 2)
  assert.equal(press(below, up).skipped, 1)
  assert.equal(press(firstState, up).skipped, 0)
  assert.equal(press(below, right).skipped, 0)
})

test('q and Ctrl-C end it, other keys do nothing', () => {
  assert.ok(press(firstState, 'q').hasEnded)
  assert.ok(press(firstState, '\u0003').hasEnded)
  assert.equal(press(firstState, 'x'), firstState)
})
