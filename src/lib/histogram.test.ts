import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Histogram } from './histogram.ts'

test('a value counts in the first bucket whose bound is not below it', () => {
  const histogram = new Histogram([1, 10])
  for (const value of [0, 1, 2, 10, 10.5, 1000]) histogram.observe(value)
  assert.deepEqual(histogram.counts, [2, 2, 2])
  assert.equal(histogram.sum, 1023.5)
})
