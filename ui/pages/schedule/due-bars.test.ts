// Bars of a histogram of due times.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { barsOf, niceMax, sumOf, windowOf, windows } from './due-bars.ts'

const due = {
  from: 1000,
  bin_ms: 10,
  bins: [
    { from: 1000, delayed: 3, expiring: 1, retried: 0 },
    { from: 1010, delayed: 0, expiring: 0, retried: 0 },
    { from: 1020, delayed: 0, expiring: 0, retried: 8 },
  ],
  overdue: 0,
  later: 0,
  unknown: 0,
  is_exact: true,
}

test('a bar is made of its kinds, one on the other', () => {
  const { bars, max } = barsOf(due)
  assert.equal(max, 10)
  assert.deepEqual(bars[0]?.parts, [
    { kind: 'delayed', from: 0, share: 0.3 },
    { kind: 'expiring', from: 0.3, share: 0.1 },
  ])
  assert.deepEqual([bars[1]?.parts, bars[2]?.total, bars[2]?.to], [[], 8, 1030])
  assert.equal(sumOf(due, 'retried'), 8)
})

test('the scale ends at a round number', () => {
  const found = [0, 1, 2, 3, 11, 21, 99, 100, 4999].map(niceMax)
  assert.deepEqual(found, [1, 1, 2, 5, 20, 50, 100, 100, 5000])
})

test('an unknown window is an hour, and marks divide the bars', () => {
  assert.equal(windowOf('constructor'), 'hour')
  assert.equal(windowOf('day'), 'day')
  for (const { bins, marks } of Object.values(windows)) assert.equal(bins % marks, 0)
})
