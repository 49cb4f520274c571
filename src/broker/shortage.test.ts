import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Shortage } from './shortage.ts'

test('publishers wait for all that is short, and are told once that it begins and ends', () => {
  const shortage = new Shortage()
  const told: boolean[] = []
  const stop = shortage.onChange((isShort) => told.push(isShort))
  shortage.set('disk', true)
  shortage.set('disk', true)
  assert.equal(shortage.reason, 'low on disk')
  shortage.set('memory', true)
  assert.equal(shortage.reason, 'low on memory & disk')
  shortage.set('disk', false)
  assert.equal(shortage.reason, 'low on memory')
  assert.deepEqual(told, [true])
  shortage.set('memory', false)
  assert.equal(shortage.reason, undefined)
  assert.deepEqual(told, [true, false])
  stop()
  shortage.set('memory', true)
  assert.deepEqual(told, [true, false])
})
