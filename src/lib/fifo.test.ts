import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { Fifo } from './fifo.ts'

test('a Fifo gives what an array gives that is pushed and shifted', () => {
  const step = fc.oneof(
    { weight: 5, arbitrary: fc.record({ push: fc.nat(3000) }) },
    { weight: 5, arbitrary: fc.record({ shift: fc.nat(3000) }) },
    { weight: 1, arbitrary: fc.constant({ clear: true }) },
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100, size: 'max' }), (steps) => {
      const [fifo, array]: [Fifo<number>, number[]] = [new Fifo(), []]
      let pushed = 0
      for (const { push = 0, shift = 0, clear } of steps as Partial<
        Record<'push' | 'shift', number> & { clear: boolean }
      >[]) {
        for (let n = 0; n < push; n++) {
          fifo.push(pushed)
          array.push(pushed++)
        }
        for (let n = 0; n < shift; n++) assert.equal(fifo.shift(), array.shift())
        if (clear) {
          fifo.clear()
          array.length = 0
        }
        assert.equal(fifo.size, array.length)
      }
    }),
    { numRuns: 50 },
  )
})
