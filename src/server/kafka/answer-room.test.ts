import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryAccount } from '../../broker/memory-account.ts'
import { AnswerRoom } from './answer-room.ts'

test('over the budget the answer that was begun first goes on, unless clients take nothing', () => {
  const memory = new MemoryAccount({ watermark: 0, onReceived: () => undefined })
  const room = new AnswerRoom(memory)
  const half = memory.budgets.output / 2
  const first = { size: half }
  const second = { size: half }
  const mayGrow = (): boolean[] => {
    for (const answer of [first, second]) room.note(answer)
    return [first, second].map((answer) => room.mayGrow(answer))
  }
  const share = memory.open({ onMemoryNeeded: () => undefined })
  share.set('output', half * 2)
  assert.deepEqual(mayGrow(), [true, true])
  second.size += 1
  share.set('output', half * 2 + 1)
  assert.deepEqual(mayGrow(), [true, false])
  share.set('output', half * 5)
  assert.deepEqual(mayGrow(), [false, false])
  share.set('output', half * 2 + 1)
  room.forget(first)
  assert.equal(room.mayGrow(second), true)
})
