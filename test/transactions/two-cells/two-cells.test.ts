// A short part of `npm run check:cells`.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Planted } from './cluster.ts'
import { simulate } from './simulate.ts'

for (const seed of [2]) {
  test(`transactions over two cells are whole, whichever crashes (seed ${seed})`, async () => {
    const result = await simulate({ seed, transactions: 12 })
    assert.deepEqual(result.faults, [])
    assert.ok(result.committed > 0 && result.aborted > 0 && result.stops > 0)
  })
}

const planted: readonly { readonly bug: Planted; readonly seed: number }[] = [
  { bug: 'markers before Prepare is durable', seed: 1 },
  { bug: 'Complete before markers are durable', seed: 1 },
  { bug: 'a write before its part is durable', seed: 16 },
  { bug: 'a write that does not see an end', seed: 2 },
]

for (const { bug, seed } of planted) {
  test(`the simulation finds ${bug}`, async () => {
    const { faults } = await simulate({ seed, transactions: 12, planted: bug })
    assert.notDeepEqual(faults, [])
  })
}
