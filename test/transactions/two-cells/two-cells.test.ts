// A short part of `npm run check:cells`.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PendingOffsets } from '../../../src/broker/group/pending-offsets.ts'
import { HeldWork } from '../../../src/broker/transaction/held-work.ts'
import type { Planted } from './mistakes.ts'
import { simulate } from './simulate.ts'

const seedsMax = 60

for (const seed of [2]) {
  test(`transactions over two cells are whole, whichever crashes (seed ${seed})`, async () => {
    const result = await simulate({ seed, transactions: 12 })
    assert.deepEqual(result.faults, [])
    assert.ok(result.committed > 0 && result.aborted > 0 && result.stops > 0)
  })
}

const planted: readonly { readonly bug: Planted; readonly seed: number }[] = [
  { bug: 'markers before Prepare is durable', seed: 2 },
  { bug: 'Complete before markers are durable', seed: 6 },
  { bug: 'a retry that does not wait for the first', seed: 53 },
  { bug: 'a write before its part is durable', seed: 3 },
  { bug: 'a write that does not see an end', seed: 10 },
  { bug: 'an end that comes late', seed: 8 },
  { bug: 'an end of an old coordinator', seed: 8 },
]

for (const { bug, seed } of planted) {
  test(`the simulation finds ${bug}`, async () => {
    assert.notEqual(await findFault(seed, bug), 'nothing')
  })
}

test('the simulation finds work of AMQP that a restart forgets', async (t) => {
  t.mock.method(HeldWork.prototype, 'restore', () => undefined)
  assert.match(await findFault(11), /has 0 results of/)
})

test('the simulation finds offsets that an end forgets', async (t) => {
  t.mock.method(PendingOffsets.prototype, 'take', () => [])
  assert.match(await findFault(1), /its offset is/)
})

/** What the first seed that finds anything finds: what is loaded on the way takes a time that no seed decides. */
async function findFault(from: number, bug?: Planted): Promise<string> {
  for (let seed = from; seed < from + seedsMax; seed++) {
    const { faults } = await simulate({ seed, transactions: 12, planted: bug })
    if (faults.length > 0) return faults.join('\n')
  }
  return 'nothing'
}
