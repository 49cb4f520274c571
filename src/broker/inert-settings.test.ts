import assert from 'node:assert/strict'
import { test } from 'node:test'
import { table } from '../record/message/field-table.ts'
import { describeInert, inertArguments, inertConfigs } from './inert-settings.ts'

test('arguments without effect are named with what comes of it', () => {
  const settings = inertArguments(
    table({
      'x-queue-type': 'quorum',
      'x-delivery-limit': 3,
      toString: 'mine',
      'x-max-priority': 10,
    }),
  )
  assert.equal(
    describeInert({ kind: 'queue', vhost: '/', name: 'q', settings }),
    'A queue was declared with settings that have no effect yet: ' +
      'x-delivery-limit (a message is delivered as often as it comes back), ' +
      'x-max-priority (messages are delivered in the order they came)',
  )
})

test('topic settings count with the values that would do something', () => {
  const names = (configs: Record<string, string>): string[] =>
    inertConfigs(configs).map(({ name }) => name)
  assert.deepEqual(names({ 'cleanup.policy': 'delete', 'compression.type': 'producer' }), [])
  assert.deepEqual(names({ 'cleanup.policy': 'compact,delete', 'compression.type': 'zstd' }), [
    'cleanup.policy=compact',
    'compression.type=zstd',
  ])
})
