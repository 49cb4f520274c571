import assert from 'node:assert/strict'
import { test } from 'node:test'
import { judge } from './judge.ts'
import type { Outcome } from './read-results.ts'
import { suites } from './suites.ts'

const suite = {
  ...suites[0]!,
  commit: 'abc',
  hopeless: [
    { tests: /^proxy/, reason: 'needs a proxy' },
    { tests: /^race/, reason: 'needs luck', isSometimes: true as const },
  ],
}

function judged(outcomes: Readonly<Record<string, Outcome>>): ReturnType<typeof judge> {
  return judge(suite, new Map(Object.entries(outcomes)))
}

test('judge() counts what cannot pass by its reason', () => {
  const { result, surprises } = judged({ a: 'passed', 'proxy 1': 'failed', 'proxy 2': 'skipped' })
  assert.deepEqual(surprises, [])
  assert.deepEqual(result, {
    commit: 'abc',
    passed: 1,
    total: 3,
    hopeless: { 'needs a proxy': 2 },
    failed: [],
  })
})

test('judge() is surprised by a test that fails or is skipped for no known reason', () => {
  const { surprises } = judged({ a: 'failed', b: 'skipped', proxy: 'failed' })
  assert.deepEqual(surprises, ['failed: a', 'failed: b'])
})

test('judge() is surprised when a reason holds no more, and when nothing ran', () => {
  assert.match(judged({ proxy: 'passed' }).surprises[0] ?? '', /take it out of suites.ts/)
  assert.ok(judged({}).surprises.includes('it ran no test'))
})

test('judge() is not surprised when a test passes that passes sometimes', () => {
  assert.deepEqual(judged({ proxy: 'failed', race: 'passed' }).surprises, [])
  const { result, surprises } = judged({ proxy: 'failed', race: 'failed' })
  assert.deepEqual([result.hopeless['needs luck'], surprises], [1, []])
})
