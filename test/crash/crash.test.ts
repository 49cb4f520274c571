import { test } from 'node:test'
import { systemRandom } from '../../src/lib/random.ts'
import { onlyPabal } from '../support/broker-under-test.ts'
import { runCrashRounds } from './crash-run.ts'

const seed = systemRandom.below(1_000_000)

test('a broker killed at any moment under load keeps every promise', onlyPabal, async (t) => {
  await runCrashRounds({
    seed,
    rounds: 8,
    hasSmallFiles: false,
    onRound: (line) => t.diagnostic(`seed ${seed}, ${line}`),
  })
})

test('so does one killed while its files are sealed, cleaned and retired', onlyPabal, async (t) => {
  await runCrashRounds({
    seed,
    rounds: 7,
    hasSmallFiles: true,
    onRound: (line) => t.diagnostic(`seed ${seed}, ${line}`),
  })
})
