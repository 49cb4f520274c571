import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { readInt64, writeInt64 } from './int64.ts'

function roundTrip(value: number): number {
  const buffer = Buffer.alloc(8)
  writeInt64(buffer, 0, value)
  return readInt64(buffer, 0)
}

test('safe integers survive, in the same bytes as bigints', () => {
  fc.assert(
    fc.property(fc.maxSafeInteger(), (value) => {
      const buffer = Buffer.alloc(8)
      writeInt64(buffer, 0, value)
      assert.equal(buffer.readBigInt64BE(0), BigInt(value))
      assert.equal(readInt64(buffer, 0), value)
    }),
  )
})

test('larger numbers are rounded and stop at the ends of the type', () => {
  assert.equal(roundTrip(2 ** 60), 2 ** 60)
  assert.equal(roundTrip(-(2 ** 63)), -(2 ** 63))
  assert.equal(roundTrip(2 ** 63), 2 ** 63)
  assert.equal(roundTrip(2 ** 70), 2 ** 63)
  const buffer = Buffer.alloc(8)
  writeInt64(buffer, 0, 2 ** 63)
  assert.equal(buffer.readBigInt64BE(0), 0x7fff_ffff_ffff_ffffn)
})

test('a fraction is refused', () => {
  assert.throws(() => roundTrip(1.5), RangeError)
  assert.throws(() => roundTrip(Number.NaN), RangeError)
})
