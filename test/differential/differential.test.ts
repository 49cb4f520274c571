// Scripts of AMQP operations have the same answers, deliveries and counts from Pabal and from RabbitMQ.
// More seeds: npm run differential -- --seeds 1000
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Comparison, compareScripts } from './compare.ts'
import { hasRabbitmq, startBrokers } from './start-brokers.ts'

const seedCount = 24
const atOnce = 6
const length = 40

test(
  'a client cannot tell Pabal from RabbitMQ',
  { skip: hasRabbitmq ? false : 'needs RabbitMQ: apt-get install rabbitmq-server' },
  async (t) => {
    await using brokers = await startBrokers()
    const results: Comparison[] = []
    let next = 1
    const playSome = async (): Promise<void> => {
      while (next <= seedCount)
        results.push(await compareScripts(brokers, { seed: next++, length }))
    }
    await Promise.all(Array.from({ length: atOnce }, playSome))
    for (const { seed, difference } of results) {
      assert.equal(difference, undefined, `npm run differential -- --seed ${seed}\n${difference}`)
    }
    const steps = results.reduce((sum, { stepCount }) => sum + stepCount, 0)
    const accepted = results.filter((result) => result.accepted !== undefined)
    t.diagnostic(`${steps} steps, ${accepted.length} scripts ended at a change of a later release`)
    assert.ok(steps > (seedCount * length) / 3, `${steps} steps`)
  },
)
