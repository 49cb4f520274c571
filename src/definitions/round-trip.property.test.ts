// Whatever a file asks for, odd names and arguments included: it is imported once, twice is once, and what
// comes out goes into another broker and comes out the same.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { DefinitionsUnderTest } from '../../test/support/definitions-under-test.ts'
import { MalformedError } from './import-definitions.ts'
import type { DefinitionsReport } from './report.ts'

const vhost = fc.constantFrom('/', 'v', 'a/b%', 'none')
const name = fc.constantFrom('a', 'b', 'x y', 'ü/\n"', '\udcff', 'amq.direct', '')
const pattern = fc.constantFrom('', '.*', '^a', '(', '^{username}')
const value = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom(1, 5000, 0.5, 'a', 'quorum', 'stream', 'classic', 'all', true),
  },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 3 }) },
)
const argument = fc.constantFrom(
  'x-queue-type',
  'x-max-length',
  'x-dead-letter-exchange',
  'alternate-exchange',
  'x-match',
  'x-source',
  'x-message-ttl',
  'other',
)
const args = fc.dictionary(argument, value, { maxKeys: 2 })
const flags = { durable: fc.boolean(), auto_delete: fc.boolean() }
const type = fc.constantFrom('direct', 'fanout', 'topic', 'headers', 'x-consistent-hash', 'none')
const limits = fc.dictionary(fc.constantFrom('max-queues', 'max-connections', 'max'), fc.integer())
const policy = {
  pattern,
  'apply-to': fc.constantFrom('all', 'queues', 'streams', 'none'),
  priority: value,
  definition: fc.dictionary(fc.constantFrom('max-length', 'expires', 'odd'), value),
}

function listOf(model: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<unknown[]> {
  return fc.array(fc.record(model), { maxLength: 4 })
}

const file = fc.record({
  vhosts: listOf({
    name: fc.constantFrom('/', 'v', 'a/b%'),
    metadata: fc.record({ description: fc.string(), default_queue_type: value }),
    limits,
  }),
  users: listOf({ name: fc.constantFrom('u', 'guest'), tags: fc.array(fc.string()), limits }),
  permissions: listOf({
    user: fc.constantFrom('u', 'guest', 'no'),
    vhost,
    configure: pattern,
    write: pattern,
    read: pattern,
  }),
  policies: listOf({ vhost, name: fc.constantFrom('p', 'o'), ...policy }),
  parameters: listOf({
    vhost,
    component: fc.constantFrom('operator_policy', 'shovel'),
    name: fc.constantFrom('p', 'o'),
    value: fc.record(policy),
  }),
  exchanges: listOf({ vhost, name, type, internal: fc.boolean(), ...flags, arguments: args }),
  queues: listOf({ vhost, name, ...flags, arguments: args }),
  bindings: listOf({
    vhost,
    source: name,
    destination: name,
    destination_type: fc.constantFrom('queue', 'exchange'),
    routing_key: fc.string({ maxLength: 5 }),
    arguments: args,
  }),
})

test('what was imported is exported, and imported elsewhere as the same', async () => {
  let importedCount = 0
  await fc.assert(
    fc.asyncProperty(file, file, async (earlier, asked) => {
      const first = new DefinitionsUnderTest()
      await importOf(first, earlier, false)
      const checked = await importOf(first, asked, true)
      if (checked === undefined) return
      importedCount += 1
      const done = await importOf(first, asked, false)
      assert.deepEqual(done?.counts, checked.counts, 'a check says what an import does')
      const { sequence } = first.broker.topology
      const exported = await first.exportText()
      await first.import(exported)
      await first.import(asked)
      assert.equal(first.broker.topology.sequence, sequence, 'twice is once')
      const second = new DefinitionsUnderTest()
      const { counts } = await second.import(exported)
      for (const [kind, { ignored }] of Object.entries(counts)) assert.equal(ignored, 0, kind)
      assert.equal(await second.exportText(), exported)
    }),
    { numRuns: 300 },
  )
  assert.ok(importedCount > 100, `${importedCount} files were imported`)
})

/** Undefined when it is no such file. */
async function importOf(
  under: DefinitionsUnderTest,
  asked: unknown,
  isCheck: boolean,
): Promise<DefinitionsReport | undefined> {
  try {
    return await under.import(asked, { isCheck })
  } catch (error) {
    assert.ok(error instanceof MalformedError)
    return undefined
  }
}
