import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Latencies } from './latencies.ts'

test('percentiles are right within three in a hundred', () => {
  const latencies = new Latencies()
  for (let ms = 1; ms <= 10_000; ms++) latencies.add(ms)
  for (const [share, wanted] of [
    [50, 5000],
    [99, 9900],
    [99.9, 9990],
  ] as const) {
    const found = latencies.percentile(share)
    assert.ok(found >= wanted && found <= wanted * 1.03, `${share}: ${found}`)
  }
  assert.equal(latencies.percentile(100), 10_000)
  assert.equal(latencies.max, 10_000)
})

test('one slow message among many is the maximum and not the median', () => {
  const latencies = new Latencies()
  for (let count = 0; count < 999; count++) latencies.add(0.5)
  latencies.add(700)
  assert.ok(latencies.percentile(99) < 0.52)
  assert.equal(latencies.max, 700)
})

test('no messages took no time, and too little or too much is counted', () => {
  const latencies = new Latencies()
  assert.equal(latencies.percentile(99), 0)
  latencies.add(0)
  latencies.add(1e12)
  assert.equal(latencies.count, 2)
  assert.ok(latencies.percentile(1) <= 0.002)
})
