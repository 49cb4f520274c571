import assert from 'node:assert/strict'
import { test } from 'node:test'
import { QueueUnderTest } from '../../../test/support/queue-under-test.ts'
import type { PolicyDefinition } from '../../meta/topology-change.ts'
import { table } from '../../record/message/field-table.ts'

function apply({ queue }: QueueUnderTest, definition: PolicyDefinition | undefined): void {
  const names = { policy: 'p', operatorPolicy: undefined }
  queue.applyPolicy(definition && { ...names, definition })
}

function profilesOf({ queue }: QueueUnderTest): (string | undefined)[] {
  return queue.cursors.map(({ log }) => log.profile)
}

test('a queue writes as it was declared, else as policies say', () => {
  const plain = new QueueUnderTest()
  assert.deepEqual(profilesOf(plain), [undefined])
  apply(plain, { profile: 'throughput' })
  assert.deepEqual(profilesOf(plain), ['throughput'])
  apply(plain, undefined)
  assert.deepEqual(profilesOf(plain), [undefined])
  const declared = new QueueUnderTest({ arguments: table({ 'x-profile': 'throughput' }) })
  assert.deepEqual(profilesOf(declared), ['throughput'])
  apply(declared, { profile: 'latency' })
  assert.deepEqual(profilesOf(declared), ['throughput'])
})

test('the logs of all priorities do, those to come and those restored', () => {
  const args = table({ 'x-max-priority': 5, 'x-profile': 'throughput' })
  const it = new QueueUnderTest({ arguments: args })
  it.publish('a', { priority: 3 })
  assert.deepEqual(profilesOf(it), ['throughput', 'throughput'])
  for (const { log } of it.queue.cursors) log.profile = undefined
  const reopened = it.reopen()
  assert.deepEqual(
    reopened.cursors.map(({ log }) => log.profile),
    ['throughput', 'throughput'],
  )
})
