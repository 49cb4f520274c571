import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FieldTable, type FieldValue } from '../record/message/field-table.ts'
import { describeInert, inertArguments, inertConfigs } from './inert-settings.ts'
import { InertWatch } from './inert-watch.ts'

const longstr = (value: string): FieldValue => ({ type: 'longstr', value })

test('arguments without effect are named with what comes of it', () => {
  const args = FieldTable.from([
    ['x-queue-type', longstr('quorum')],
    ['x-quorum-initial-group-size', { type: 'signedint', value: 3 }],
    ['toString', longstr('mine')],
    ['x-quorum-initial-group-size', { type: 'signedint', value: 3 }],
  ])
  const settings = inertArguments('queue', args)
  assert.equal(
    describeInert({ kind: 'queue', vhost: '/', name: 'q', settings }),
    "Queue 'q' was declared with arguments that have no effect here: " +
      'x-quorum-initial-group-size (there is one copy, on this machine)',
  )
})

test('what has no effect on a queue may have one on a stream', () => {
  const args = FieldTable.from([
    ['x-quorum-initial-group-size', { type: 'signedint', value: 3 }],
    ['x-initial-cluster-size', { type: 'signedint', value: 3 }],
  ])
  const names = (kind: 'queue' | 'stream'): string[] =>
    inertArguments(kind, args).map(({ name }) => name)
  assert.deepEqual(names('queue'), ['x-quorum-initial-group-size'])
  assert.deepEqual(names('stream'), ['x-initial-cluster-size'])
})

test('topic settings count with the values that would do something', () => {
  const names = (configs: Record<string, string>): string[] =>
    inertConfigs(configs).map(({ name }) => name)
  const usual = { 'cleanup.policy': 'delete', 'compression.type': 'producer' }
  assert.deepEqual(names({ ...usual, 'min.insync.replicas': '1' }), [])
  const others = { 'cleanup.policy': 'compact,delete', 'compression.type': 'zstd' }
  assert.deepEqual(names({ ...others, 'min.insync.replicas': '2' }), [
    'compression.type=zstd',
    'min.insync.replicas=2',
  ])
})

test('what has no effect is told each time it is declared, and nothing never', () => {
  const told: string[] = []
  const watch = new InertWatch(({ kind, name }) => told.push(`${kind} ${name}`))
  const settings = [{ name: 'x', consequence: 'y' }]
  for (let times = 0; times < 2; times++) {
    watch.tell({ kind: 'queue', vhost: '/', name: 'a', settings })
    watch.tell({ kind: 'queue', vhost: '/', name: 'a', settings: [] })
  }
  assert.deepEqual(told, ['queue a', 'queue a'])
})
