import assert from 'node:assert/strict'
import { test } from 'node:test'
import { delayOf, deliverAtOf, timeOf, wholeNumberOf } from './delivery-headers.ts'

test('a time is milliseconds, or a text with its zone; what makes no sense is none', () => {
  for (const [text, time] of [
    ['1764460800000', 1_764_460_800_000],
    ['2025-11-30T00:00:00Z', 1_764_460_800_000],
    ['2025-11-30T01:00:00.000+01:00', 1_764_460_800_000],
    ['0', 0],
    ['2025-11-30', undefined],
    ['2025-11-30T00:00:00', undefined],
    ['2025-99-99T00:00:00Z', undefined],
    // Microseconds.
    ['1764460800000000', undefined],
    ['-1', undefined],
    ['1e3', undefined],
    ['', undefined],
    [' 1', undefined],
  ] as const) {
    assert.equal(timeOf(Buffer.from(text)), time, text)
  }
  assert.equal(timeOf(Buffer.from([0xff, 0xfe])), undefined)
})

test('a delay is a whole number of milliseconds, up to ten years', () => {
  assert.equal(delayOf(Buffer.from('5000')), 5000)
  assert.equal(delayOf(Buffer.from(`${20 * 366 * 24 * 3_600_000}`)), undefined)
  assert.equal(wholeNumberOf(Buffer.from('12345678901234567')), undefined)
})

test('a time wins over a delay, which counts from the time of the record', () => {
  const [at, after] = [Buffer.from('9000'), Buffer.from('50')]
  assert.equal(deliverAtOf({ at, after }, 1000), 9000)
  assert.equal(deliverAtOf({ at: Buffer.from('soon'), after }, 1000), 1050)
  assert.equal(deliverAtOf({ at: undefined, after: Buffer.from('0') }, 1000), 0)
  assert.equal(deliverAtOf({ at: undefined, after: undefined }, 1000), 0)
})
