import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runKafkaFuzz } from './kafka-run.ts'

/** Of each run, so that the test stays below 20 s on a machine that runs others. */
const secondsMax = 6

test('Kafka connections that are damaged at random never harm the broker or another client', async (t) => {
  const seed = Date.now() % 1_000_000_000
  t.diagnostic(`repeat with: npm run fuzz -- --protocol kafka --seed ${seed} --connections 300`)
  const { honestRounds } = await runKafkaFuzz({ seed, connections: 300, secondsMax })
  assert.ok(honestRounds > 0)
})

test('damaged Kafka connections do as little harm where clients must log in', async () => {
  const { ends } = await runKafkaFuzz({ seed: 1, connections: 200, needsLogin: true, secondsMax })
  for (const end of ['answered', 'refused'] as const) assert.ok(ends.has(end), end)
})
