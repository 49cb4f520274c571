import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemRandom } from '../../../src/lib/random.ts'
import { onlyPabal } from '../../support/broker-under-test.ts'
import { runParcelCrashRounds } from './parcel-crash-run.ts'

const seed = systemRandom.below(1_000_000)
const runsMax = 10

for (const hasSmallFiles of [false, true]) {
  const files = hasSmallFiles ? 'small files' : 'files of usual size'
  test(
    `messages are there once, again and in each subscription after kills, with ${files}`,
    onlyPabal,
    async (t) => {
      const done = { confirmed: 0, rewinds: 0 }
      // On a busy machine all rounds of a seed may be over before much has happened: then the next ones last longer.
      for (let run = 0; run < runsMax && (done.confirmed <= 100 || done.rewinds === 0); run++) {
        const disk = { hasSmallFiles, hasSlowDisk: true }
        const options = { seed: seed + run, rounds: 6, loadMsMax: 500 * (run + 1), ...disk }
        const { confirmed, rewinds } = await runParcelCrashRounds(options)
        t.diagnostic(`seed ${seed + run}: ${confirmed} confirmed, ${rewinds} rewinds`)
        done.confirmed += confirmed
        done.rewinds += rewinds
      }
      assert.ok(done.confirmed > 100, `${done.confirmed} confirmed`)
      assert.ok(done.rewinds > 0, `${done.rewinds} rewinds`)
    },
  )
}
