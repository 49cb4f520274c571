import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { NumberHeap } from './number-heap.ts'

test('an empty heap has -1 to offer', () => {
  const heap = new NumberHeap()
  assert.deepEqual([heap.size, heap.peek(), heap.pop(), heap.size], [0, -1, -1, 0])
})

test('pop() returns the smallest number whatever the order of pushes, pops and removals', () => {
  const some = fc.uniqueArray(fc.nat(1000), { maxLength: 300 })
  const step = fc.oneof(fc.nat(1000), fc.constant('pop' as const), some)
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200, size: 'max' }), (steps) => {
      const heap = new NumberHeap()
      let model: number[] = []
      for (const each of steps) {
        if (typeof each === 'number') {
          heap.push(each)
          model.push(each)
        } else if (typeof each === 'object') {
          heap.removeAll(new Set(each))
          model = model.filter((number) => !each.includes(number))
        } else {
          model.sort((a, b) => a - b)
          assert.equal(heap.pop(), model.shift() ?? -1)
        }
        assert.equal(heap.size, model.length)
        assert.equal(heap.peek(), model.length === 0 ? -1 : Math.min(...model))
      }
    }),
  )
})
