// What a policy would be for, and where another one stays in force.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DefinitionsUnderTest } from '../../../test/support/definitions-under-test.ts'
import { runAtOnce } from '../../lib/slices.ts'
import { checkPolicy } from './check-policy.ts'
import { type PolicyPreview, previewPolicy } from './preview-policy.ts'

const under = new DefinitionsUnderTest()
const queue = { vhost: '/', durable: true, auto_delete: false, arguments: {} }
await under.import({
  queues: ['a.1', 'a.2', 'b.1'].map((name) => ({ ...queue, name })),
  policies: [
    {
      vhost: '/',
      name: 'strong',
      pattern: '^a\\.2$',
      'apply-to': 'queues',
      definition: { expires: 100_000 },
      priority: 5,
    },
  ],
})

async function preview(asked: object): Promise<PolicyPreview> {
  const { policy, problems } = checkPolicy({
    vhost: '/',
    name: 'new',
    isOperator: false,
    pattern: '^a\\.',
    definition: { 'max-length': 5 },
    applyTo: 'queues',
    ...asked,
  })
  assert.ok(policy, problems?.join())
  return runAtOnce(previewPolicy(under.broker.getVHost('/'), policy))
}

test('it is for what it fits, and in force where no stronger one is', async () => {
  const { streams, exchanges, wins, leaves, examples } = await preview({})
  assert.deepEqual(streams, { total: 3, matched: 2 })
  assert.equal(exchanges.matched, 0)
  assert.deepEqual([wins, leaves], [1, 0])
  assert.deepEqual(
    examples.map((each) => [each.name, each.policyNow, each.wins]),
    [
      ['a.1', undefined, true],
      ['a.2', 'strong', false],
    ],
  )
  assert.equal((await preview({ priority: 6 })).wins, 2)
})

test('one that is there counts as replaced', async () => {
  const { wins, leaves } = await preview({ name: 'strong', pattern: '^b' })
  assert.deepEqual([wins, leaves], [1, 1])
})
