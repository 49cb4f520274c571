// Scripts of AMQP operations have the same answers, deliveries and counts from Pabal and from RabbitMQ.
// More seeds: npm run differential -- --seeds 1000, and with --access
import assert from 'node:assert/strict'
import { after, before, test, type TestContext } from 'node:test'
import { compareStomp } from './compare-stomp.ts'
import { type Comparison, compareScripts } from './compare.ts'
import { compareCalls } from './management/compare-calls.ts'
import { hasRabbitmq, type StartedBrokers, startBrokers } from './start-brokers.ts'

const atOnce = 6
const length = 40

const options = { skip: hasRabbitmq ? false : 'needs RabbitMQ: apt-get install rabbitmq-server' }

let brokers: StartedBrokers
before(async () => {
  if (hasRabbitmq) brokers = await startBrokers()
})
after(() => brokers?.[Symbol.asyncDispose]())

test('monitors cannot tell Pabal from RabbitMQ', options, async (t) => {
  const { count, differences } = await compareCalls(brokers)
  assert.deepEqual(differences, [])
  assert.ok(count > 200)
  t.diagnostic(`${count} calls`)
})

test('a client of STOMP cannot tell Pabal from RabbitMQ', options, async (t) => {
  const { count, differences } = await compareStomp(brokers)
  assert.deepEqual(differences, [])
  t.diagnostic(`${count} scripts`)
})

test('a client cannot tell Pabal from RabbitMQ', options, async (t) => {
  await expectSame(t, { seedCount: 10, hasAccess: false })
})

test('nor can clients of users whose rights change', options, async (t) => {
  await expectSame(t, { seedCount: 6, hasAccess: true })
})

async function expectSame(
  t: TestContext,
  { seedCount, hasAccess }: { readonly seedCount: number; readonly hasAccess: boolean },
): Promise<void> {
  const results: Comparison[] = []
  let next = 1
  const playSome = async (): Promise<void> => {
    while (next <= seedCount) {
      results.push(await compareScripts(brokers, { seed: next++, length, hasAccess }))
    }
  }
  await Promise.all(Array.from({ length: atOnce }, playSome))
  const flags = hasAccess ? '--access --seed' : '--seed'
  const differing = results.filter(({ difference }) => difference !== undefined)
  const found = differing.map(({ seed, difference }) => {
    return `npm run differential -- ${flags} ${seed}\n${difference}`
  })
  if (found.length > 0) assert.fail(found.join('\n'))
  const steps = results.reduce((sum, { stepCount }) => sum + stepCount, 0)
  const accepted = results.filter((result) => result.accepted !== undefined)
  t.diagnostic(`${steps} steps, ${accepted.length} scripts ended at a known difference`)
  assert.ok(steps > (seedCount * length) / 3, `${steps} steps`)
}
