// How numbers, sizes and times read.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  ago,
  bytes,
  clockTime,
  count,
  counted,
  duration,
  isoTime,
  moment,
  rate,
  short,
} from './format.ts'

test('counts have their thousands apart', () => {
  assert.equal(count(1_234_567), '1,234,567')
  assert.equal(counted(1, 'message'), '1 message')
  assert.equal(counted(1200, 'message'), '1,200 messages')
})

test('short numbers have three significant figures', () => {
  const texts = [0, 0.523, 7, 7.25, 42.71, 999, 999.9, 1000, 12_437, 999_950, 3_210_000]
  assert.deepEqual(texts.map(short), [
    '0',
    '0.52',
    '7',
    '7.25',
    '42.7',
    '999',
    '1.00 k',
    '1.00 k',
    '12.4 k',
    '1.00 M',
    '3.21 M',
  ])
  assert.equal(rate(12_437), '12.4 k/s')
})

test('sizes are in powers of 1024', () => {
  assert.equal(bytes(0), '0 B')
  assert.equal(bytes(1023), '1,023 B')
  assert.equal(bytes(1536), '1.50 KiB')
  assert.equal(bytes(5 * 1024 ** 4), '5.00 TiB')
})

test('durations have at most two units', () => {
  const times = [0, 20, 5200, 10_000, 65_000, 3_600_000, 3_605_000, 90_000_000]
  assert.deepEqual(times.map(duration), [
    '0 ms',
    '20 ms',
    '5.2 s',
    '10 s',
    '1 min 5 s',
    '1 h',
    '1 h',
    '1 d 1 h',
  ])
})

test('moments far and near', () => {
  assert.equal(ago(1000, 1500), 'now')
  assert.equal(ago(1000, 6400), '5 s ago')
  assert.equal(ago(0, 250_000), '4 min ago')
  assert.equal(ago(7_300_000, 0), 'in 2 h')
  assert.equal(moment(1_000, 'UTC'), '1970-01-01 00:00:01.000 UTC')
})

test('a time that no calendar holds is told as the number it is', () => {
  for (const at of [8.64e15 + 1, -9.3e15, 2 ** 63, Number.NaN]) {
    assert.equal(moment(at, 'UTC'), String(at))
    assert.equal(moment(at), String(at))
    assert.equal(isoTime(at), undefined)
    assert.equal(clockTime(at), String(at))
    assert.doesNotThrow(() => ago(at, 0))
  }
  assert.equal(isoTime(0), '1970-01-01T00:00:00.000Z')
})
