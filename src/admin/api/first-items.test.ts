import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { finishAtOnce } from '../../lib/slices.ts'
import { FirstItems } from './first-items.ts'

interface Item {
  readonly key: number
  readonly serial: number
}

const byKey = (a: Item, b: Item): number => a.key - b.key

test('the first items are the beginning of all of them sorted stably, or of that in reverse', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 3000, minLength: 1 }),
      fc.oneof(fc.integer({ min: 1, max: 50 }), fc.constant(Infinity)),
      fc.boolean(),
      fc.boolean(),
      (keys, count, isReversed, isSorted) => {
        const compare = isSorted ? byKey : undefined
        const first = new FirstItems<Item>({ count, compare, isReversed })
        const items = keys.map((key, serial) => ({ key, serial }))
        for (const item of items) {
          if (first.isToTrim) finishAtOnce(first.trim())
          first.add(item)
        }
        const all = compare === undefined ? items : items.toSorted(compare)
        const expected = (isReversed ? all.toReversed() : all).slice(0, count)
        assert.deepEqual(finishAtOnce(first.items()), expected)
      },
    ),
    { numRuns: 60 },
  )
})

test('of a great many only a few are kept', () => {
  const first = new FirstItems<Item>({ count: 10, compare: byKey, isReversed: false })
  let trims = 0
  for (let serial = 0; serial < 200_000; serial++) {
    if (first.isToTrim) {
      finishAtOnce(first.trim())
      trims++
    }
    first.add({ key: (serial * 7919) % 200_003, serial })
  }
  assert.deepEqual(
    finishAtOnce(first.items()).map(({ key }) => key),
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
  )
  assert.ok(trims < 5, `${trims} times sorted`)
})
