import { test } from 'node:test'
import { systemRandom } from '../../../src/lib/random.ts'
import { onlyPabal } from '../../support/broker-under-test.ts'
import { runKafkaCrashRounds } from './kafka-crash-run.ts'

const seed = systemRandom.below(1_000_000)

test('a broker killed at any moment keeps what Kafka clients were told', onlyPabal, async (t) => {
  await runKafkaCrashRounds({
    seed,
    rounds: 4,
    hasSmallFiles: false,
    hasSlowDisk: true,
    onRound: (line) => t.diagnostic(`seed ${seed}, ${line}`),
  })
})

test('so does one killed while its files come and go', onlyPabal, async (t) => {
  await runKafkaCrashRounds({
    seed,
    rounds: 3,
    hasSmallFiles: true,
    onRound: (line) => t.diagnostic(`seed ${seed}, ${line}`),
  })
})
