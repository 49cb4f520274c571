import { test } from 'node:test'
import { systemRandom } from '../../../src/lib/random.ts'
import { onlyPabal } from '../../support/broker-under-test.ts'
import { runMqttCrashRounds } from './mqtt-crash-run.ts'

test('a broker killed at any moment keeps what MQTT clients were told', onlyPabal, async (t) => {
  const seed = systemRandom.below(1_000_000)
  t.diagnostic(`seed ${seed}`)
  await runMqttCrashRounds({ seed, rounds: 3, hasSmallFiles: false, hasSlowDisk: true })
})
