import assert from 'node:assert/strict'
import { test } from 'node:test'
import { answerEach } from './answer-each.ts'

function stepsFor(asked: readonly number[]): {
  readonly steps: number
  readonly answers: number[]
} {
  const work = answerEach(asked, (one) => one * 2)
  for (let steps = 0; ; steps++) {
    const { value, done } = work.next()
    if (done === true) return { steps, answers: value }
  }
}

test('answers are in the order of what is asked, and others may have their turn after each', () => {
  const { steps, answers } = stepsFor([3, 1, 2])
  assert.deepEqual(answers, [6, 2, 4])
  assert.ok(steps >= 3)
})

test('of many topics without partitions, each is a step', () => {
  const { steps, answers } = stepsFor([])
  assert.deepEqual(answers, [])
  assert.ok(steps >= 1)
})
