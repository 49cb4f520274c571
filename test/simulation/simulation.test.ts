import assert from 'node:assert/strict'
import { test } from 'node:test'
import { logLimits } from '../../src/limits/log.ts'
import { simulate, type SimulationResult } from './simulation.ts'

/** Other seeds are for `npm run simulate`. */
const seedCount = 45

function explain({ seed, violation, recent }: SimulationResult): string {
  return [
    `seed ${seed}: ${violation?.message}`,
    ...recent,
    `To see all of it: npm run simulate -- --seed ${seed} --trace`,
  ].join('\n')
}

test('a broker keeps its promises whatever becomes of disk, connections and process', async () => {
  for (let seed = 1; seed <= seedCount; seed++) {
    const result = await simulate({ seed })
    assert.equal(result.violation, undefined, explain(result))
  }
})

test('the limits of a plan are in force to the end of its run, and no longer', async () => {
  const before = logLimits.walFileSizeMax
  let planned: number | undefined
  let last: number | undefined
  await simulate({
    seed: 1,
    adapt: (plan) => {
      const limits = { ...plan.limits, log: { ...plan.limits.log, walFileSizeMax: before / 2 } }
      planned = limits.log.walFileSizeMax
      return { ...plan, limits }
    },
    write: () => {
      last = logLimits.walFileSizeMax
    },
  })
  assert.equal(last, planned)
  assert.equal(logLimits.walFileSizeMax, before)
})

test('the same seed is the same run', async () => {
  for (const seed of [1, 2, 3]) {
    const [first, second] = [await simulate({ seed }), await simulate({ seed })]
    assert.equal(second.eventCount, first.eventCount)
    assert.equal(second.hash, first.hash)
  }
})
