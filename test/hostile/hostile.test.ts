// No clients, however many and whatever they send, end the broker or keep its memory.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runHostile } from './hostile-run.ts'
import { chooseKinds } from './kinds.ts'

/** Of the 28 that there are. */
const kindCount = 12
const seconds = 20
/** Always the same kinds in CI; `npm run hostile -- --seeds N` draws others. */
const seed = 911_501_154
const small = { heapMegabytes: 128, watermarkMegabytes: 300 }

test('hostile clients of many kinds neither end the broker nor stop honest clients', async (t) => {
  const kinds = chooseKinds(seed, kindCount)
  t.diagnostic(
    `repeat with: npm run hostile -- --seed ${seed} --seconds ${seconds} --kinds ${kinds.join()}`,
  )
  const result = await runHostile({ seed, seconds, kinds, ...small })
  t.diagnostic(`${result.peakMegabytes} MB at most, ${result.afterMegabytes} MB afterwards`)
  t.diagnostic(`nothing held or blocked after ${result.recoveryMs.toFixed(0)} ms`)
  for (const { kind, count, slowestMs } of result.rounds) {
    t.diagnostic(`${kind}: ${count} rounds, the slowest took ${slowestMs.toFixed(0)} ms`)
    assert.ok(count > 0, kind)
  }
})

test('a broker that lets in more than it has memory for is found out', async () => {
  const kinds = ['channels', 'consumers']
  const run = runHostile({
    seed: 1,
    seconds: 15,
    ...small,
    kinds,
    weakness: 'without-admission.ts',
  })
  await assert.rejects(run, /heap out of memory/)
})
