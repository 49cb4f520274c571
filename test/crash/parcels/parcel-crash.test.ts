import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemRandom } from '../../../src/lib/random.ts'
import { onlyPabal } from '../../support/broker-under-test.ts'
import { runParcelCrashRounds } from './parcel-crash-run.ts'

const seed = systemRandom.below(1_000_000)

for (const hasSmallFiles of [false, true]) {
  const files = hasSmallFiles ? 'small files' : 'files of usual size'
  test(
    `messages are there once, again and in each subscription after kills, with ${files}`,
    onlyPabal,
    async (t) => {
      const options = { seed, rounds: 6, hasSmallFiles, hasSlowDisk: true }
      const { confirmed, rewinds } = await runParcelCrashRounds(options)
      t.diagnostic(`seed ${seed}: ${confirmed} confirmed, ${rewinds} rewinds`)
      assert.ok(confirmed > 100, `${confirmed} confirmed`)
      assert.ok(rewinds > 0, `${rewinds} rewinds`)
    },
  )
}
