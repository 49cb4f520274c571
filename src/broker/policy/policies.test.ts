import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { PolicyDefinition, PolicyScope } from '../../meta/topology-change.ts'
import type { QueueType } from '../queue-arguments.ts'
import { checkPolicy } from './check-policy.ts'
import { Policies } from './policies.ts'
import { mergeDefinitions, type Policy, type PolicyTarget } from './policy.ts'

interface Given {
  readonly pattern?: string
  readonly priority?: number
  readonly applyTo?: PolicyScope
  readonly definition?: PolicyDefinition
  readonly isOperator?: boolean
}

function policyOf(name: string, given: Given = {}): Policy {
  const usual = { vhost: '/', name, isOperator: false, pattern: '.*' }
  const { policy } = checkPolicy({ ...usual, definition: { 'max-length-bytes': 5 }, ...given })
  assert.ok(policy)
  return policy
}

const queue = (name: string, type: QueueType = 'classic'): PolicyTarget => ({
  kind: type === 'stream' ? 'topic' : 'queue',
  name,
  type,
})
const exchange = (name: string): PolicyTarget => ({ kind: 'exchange', name })

test('of those that match the one with the highest priority applies', () => {
  const policies = new Policies()
  assert.equal(policies.of(queue('orders')), undefined)
  policies.put(policyOf('low', { priority: -1 }))
  policies.put(policyOf('orders', { pattern: '^orders', priority: 2 }))
  policies.put(policyOf('b', { pattern: '^o', priority: 1 }))
  policies.put(policyOf('a', { pattern: '^o', priority: 1 }))
  const names = ['orders', 'other', 'x'].map((name) => policies.of(queue(name))?.policy)
  assert.deepEqual(names, ['orders', 'a', 'low'])
  assert.deepEqual(
    policies.list(false).map(({ name }) => name),
    ['orders', 'a', 'b', 'low'],
  )
  policies.put(policyOf('orders', { pattern: '^nothing$', priority: 2 }))
  policies.delete(false, 'a')
  assert.equal(policies.of(queue('orders'))?.policy, 'b')
  for (const name of ['b', 'low', 'orders', 'never there']) policies.delete(false, name)
  assert.equal(policies.isEmpty, true)
  assert.equal(policies.of(queue('orders')), undefined)
})

const scopes: readonly [PolicyScope, readonly string[]][] = [
  ['all', ['classic', 'quorum', 'stream', 'exchange']],
  ['queues', ['classic', 'quorum', 'stream']],
  ['classic_queues', ['classic']],
  ['quorum_queues', ['quorum']],
  ['streams', ['stream']],
  ['exchanges', ['exchange']],
]
for (const [applyTo, expected] of scopes) {
  test(`apply-to ${applyTo} means ${expected.join(', ')}`, () => {
    const policies = new Policies()
    policies.put(policyOf('p', { applyTo }))
    const targets = {
      classic: queue('q'),
      quorum: queue('q', 'quorum'),
      stream: queue('q', 'stream'),
      exchange: exchange('q'),
    }
    const found = Object.entries(targets).filter(([, target]) => policies.of(target))
    assert.deepEqual(
      found.map(([name]) => name),
      expected,
    )
  })
}

test('a policy with a key that a type of queue does not know leaves it to others', () => {
  const policies = new Policies()
  policies.put(policyOf('limit', { priority: 1, definition: { 'delivery-limit': 3 } }))
  policies.put(policyOf('age', { priority: 1, definition: { 'max-age': '1D' } }))
  policies.put(policyOf('ttl', { definition: { 'message-ttl': 3 } }))
  const types = ['classic', 'quorum', 'stream'] as const
  const names = types.map((type) => policies.of(queue('q', type))?.policy)
  assert.deepEqual(names, ['ttl', 'limit', 'age'])
  // RabbitMQ asks exchanges nothing of the kind.
  assert.equal(policies.of(exchange('x'))?.policy, 'age')
})

test('an operator has policies of the same names, which are merged into those of users', () => {
  const policies = new Policies()
  policies.put(policyOf('p', { definition: { 'max-length': 5, overflow: 'reject-publish' } }))
  const operators = { isOperator: true, pattern: '^q' }
  policies.put(policyOf('p', { ...operators, definition: { 'max-length': 3, expires: 9 } }))
  assert.deepEqual(policies.of(queue('q')), {
    policy: 'p',
    operatorPolicy: 'p',
    definition: { 'max-length': 3, overflow: 'reject-publish', expires: 9 },
  })
  assert.equal(policies.of(queue('x'))?.operatorPolicy, undefined)
  policies.delete(false, 'p')
  assert.deepEqual(policies.of(queue('q')), {
    policy: undefined,
    operatorPolicy: 'p',
    definition: { 'max-length': 3, expires: 9 },
  })
  assert.equal(policies.of(queue('x')), undefined)
})

test('what applies is the same object until one of its policies changes', () => {
  const policies = new Policies()
  policies.put(policyOf('a', { pattern: '^a' }))
  policies.put(policyOf('b', { pattern: '^b' }))
  const [first, other] = [policies.of(queue('a1')), policies.of(queue('b'))]
  assert.equal(policies.of(queue('a2')), first)
  policies.put(policyOf('a', { pattern: '^a' }))
  assert.notEqual(policies.of(queue('a1')), first)
  assert.equal(policies.of(queue('b')), other)
})

describe("an operator's value", () => {
  type Value = PolicyDefinition[string]
  const cases: readonly [string, Value, Value, Value][] = [
    ['message-ttl', 5, 3, 3],
    ['message-ttl', 3, 5, 3],
    ['expires', 5, 3, 3],
    ['max-length', 0, 3, 0],
    ['max-length-bytes', 5, 3, 3],
    ['max-in-memory-length', 5, 3, 3],
    ['max-in-memory-bytes', 5, 3, 3],
    ['delivery-limit', 5, 3, 3],
    ['delivery-limit', -1, 3, 3],
    ['delivery-limit', 5, -1, 5],
    ['overflow', 'drop-head', 'reject-publish', 'reject-publish'],
    ['queue-version', 1, 2, 2],
    ['target-group-size', 5, 3, 5],
    ['member-placement-tag', 'a', 'b', 'b'],
    ['delayed-retry-type', 'all', 'failed', 'failed'],
    ['delayed-retry-min', 5, 3, 5],
    ['delayed-retry-max', 5, 3, 3],
  ]
  for (const [key, value, operatorValue, merged] of cases) {
    test(`of ${key}: ${String(value)} and ${String(operatorValue)} are ${String(merged)}`, () => {
      assert.deepEqual(mergeDefinitions({ [key]: value }, { [key]: operatorValue }), {
        [key]: merged,
      })
    })
  }
})

test('one for all queues is not for retained messages, one that names their queue is', () => {
  const policies = new Policies()
  policies.put(policyOf('all', { definition: { expires: 1000 } }))
  policies.put(policyOf('all', { isOperator: true, definition: { 'max-length': 1 } }))
  assert.equal(policies.of(queue('mqtt-retained')), undefined)
  assert.equal(policies.of(queue('mqtt-retained-2'))?.policy, 'all')
  policies.put(policyOf('theirs', { pattern: '^mqtt-retained$' }))
  const effective = policies.of(queue('mqtt-retained'))
  assert.deepEqual([effective?.policy, effective?.operatorPolicy], ['theirs', undefined])
})
