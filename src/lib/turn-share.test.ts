import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Clock } from './clock.ts'
import { TurnShare } from './turn-share.ts'

test('work that has used its share of a turn goes on in the next, in order', () => {
  let now = 0
  let endTurn = (): void => undefined
  const clock: Pick<Clock, 'monotonic' | 'atEndOfTurn'> = {
    monotonic: () => now,
    atEndOfTurn: (callback) => {
      endTurn = callback
    },
  }
  const share = new TurnShare(clock as Clock, 10)
  assert.equal(share.isSpent, false)
  now = 9
  assert.equal(share.isSpent, false)
  now = 10
  assert.equal(share.isSpent, true)
  const done: string[] = []
  for (const name of ['first', 'second', 'third']) {
    share.whenLeft(() => {
      done.push(name)
      if (name === 'second') now += 10
    })
  }
  assert.deepEqual(done, [])
  endTurn()
  assert.deepEqual(done, ['first', 'second'], 'the second used all of it')
  endTurn()
  assert.deepEqual(done, ['first', 'second', 'third'])
})
