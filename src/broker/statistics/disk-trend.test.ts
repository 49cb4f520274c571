// When the disk is full, and when nobody can tell.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DiskTrend } from './disk-trend.ts'

const GiB = 2 ** 30

/** A sample every five seconds. */
function trendOf(seconds: number, freeAt: (second: number) => number): DiskTrend {
  const trend = new DiskTrend()
  for (let second = 0; second <= seconds; second += 5) {
    trend.add(second * 1000, { freeSize: freeAt(second), walSize: 1, cleanSize: 0 })
  }
  return trend
}

test('too little is known at first', () => {
  assert.equal(new DiskTrend().forecast.direction, 'unknown')
  assert.equal(trendOf(240, (second) => GiB - second).forecast.direction, 'unknown')
})

test('what falls evenly is told with its pace', () => {
  const { direction, bytesPerSecond, spanMs } = trendOf(
    600,
    (second) => GiB - 1000 * second,
  ).forecast
  assert.deepEqual([direction, Math.round(bytesPerSecond)], ['filling', -1000])
  assert.ok(spanMs >= 300_000)
  assert.equal(trendOf(600, (second) => GiB + second).forecast.direction, 'emptying')
})

test('files that are made ahead of time come in steps, which count when there are several', () => {
  const stepsOf = (seconds: number) => (second: number) => GiB - Math.floor(second / seconds) * 1e6
  assert.equal(trendOf(600, stepsOf(30)).forecast.direction, 'filling')
  assert.equal(trendOf(600, stepsOf(290)).forecast.direction, 'steady')
})

test('what goes up and down is steady, and so is what does not change', () => {
  const swing = trendOf(3600, (second) => GiB + 1e6 * Math.sin(second / 40))
  assert.equal(swing.forecast.direction, 'steady')
  assert.equal(trendOf(600, () => GiB).forecast.direction, 'steady')
})

test('two days take no more room than an hour', () => {
  const { samples, forecast } = trendOf(2 * 86_400, (second) => 1e12 - 1000 * second)
  assert.ok(samples.length < 512)
  assert.ok(samples.at(-1)!.time - samples[0]!.time > 20 * 3_600_000)
  assert.equal(Math.round(forecast.bytesPerSecond), -1000)
})
