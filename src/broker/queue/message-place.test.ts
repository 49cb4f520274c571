import assert from 'node:assert/strict'
import { test } from 'node:test'
import { logIndexIn, offsetIn, placeOf } from './message-place.ts'

test('a place is one number for any offset in any of 256 logs, and the offset itself in the first', () => {
  const places = new Set<number>()
  for (const offset of [0, 1, 2 ** 31, 2 ** 32 + 1, 2 ** 45 - 1]) {
    assert.equal(placeOf(0, offset), offset)
    for (const index of [0, 1, 128, 255]) {
      const place = placeOf(index, offset)
      assert.ok(Number.isSafeInteger(place))
      assert.deepEqual([logIndexIn(place), offsetIn(place)], [index, offset])
      places.add(place)
    }
  }
  assert.equal(places.size, 20)
})
