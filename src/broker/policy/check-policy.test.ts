// Texts are what RabbitMQ answers: 3.10, as its management plugin said them, and the source of 4.2.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { checkPolicy, restorePolicy } from './check-policy.ts'
import { policyKeys } from './policy-keys.ts'

interface Asked {
  readonly definition?: unknown
  readonly pattern?: unknown
  readonly priority?: unknown
  readonly applyTo?: unknown
}

function check(asked: Asked, isOperator = false): ReturnType<typeof checkPolicy> {
  const usual = { vhost: '/', name: 'p', isOperator, pattern: '^a' }
  return checkPolicy({ ...usual, definition: { 'max-length': 5 }, ...asked })
}

test('a policy that is fine is kept as it is, with defaults', () => {
  const { policy } = check({})
  assert.ok(policy)
  const { matches, ...row } = policy
  assert.deepEqual(row, {
    vhost: '/',
    name: 'p',
    isOperator: false,
    pattern: '^a',
    definition: { 'max-length': 5 },
    priority: 0,
    applyTo: 'all',
  })
  assert.deepEqual([matches('ab'), matches('ba')], [true, false])
})

const refusals: readonly [string, Asked, readonly string[]][] = [
  [
    'a key that is unknown',
    { definition: { foo: [1, 'a', { b: null, c: 1.5, d: true }] } },
    [
      '[{<<"foo">>,[1,<<"a">>,#{<<"b">> => null,<<"c">> => 1.5,<<"d">> => true}]}] are not recognised policy settings',
    ],
  ],
  [
    'a name of an object',
    { definition: { toString: 1 } },
    ['[{<<"toString">>,1}] are not recognised policy settings'],
  ],
  ['an empty definition', { definition: {} }, ['no policy provided']],
  ['a definition that is a list', { definition: [] }, ['definition must be a dictionary: []']],
  [
    'a definition that is a text',
    { definition: 'ü' },
    ['definition must be a dictionary: <<"ü"/utf8>>'],
  ],
  ['no definition', { definition: undefined }, ['definition must be a dictionary: undefined']],
  [
    'a pattern that is none',
    { pattern: '(' },
    ['pattern should be regular expression but is invalid: missing closing ): `(`'],
  ],
  ['a pattern that is a number', { pattern: 5 }, ['pattern should be a binary but was 5']],
  [
    'all that is wrong, in one answer',
    { priority: 'x', applyTo: 'foo', definition: {} },
    [
      'no policy provided',
      "apply-to 'foo' unrecognised; should be one of: 'queues', 'classic_queues',  'quorum_queues', 'streams', 'exchanges', or 'all'",
      'priority should be a number, actually was <<"x">>',
    ],
  ],
  [
    'a priority without end',
    { priority: Infinity },
    ['priority should be a number, actually was null'],
  ],
  [
    'two upstreams',
    { definition: { 'federation-upstream': 'a', 'federation-upstream-set': 'b' } },
    [
      'cannot specify federation-upstream, federation-upstream-set or federation-upstream-pattern together',
    ],
  ],
  [
    'a key of shards without their number',
    { definition: { 'routing-key': 'a' } },
    ['shards-per-node must be specified'],
  ],
  [
    'a retry without a time',
    { definition: { 'delayed-retry-type': 'all' } },
    ['delayed-retry-min is required when delayed-retry-type is all'],
  ],
  [
    'a retry whose times are crossed',
    { definition: { 'delayed-retry-min': 5, 'delayed-retry-max': 4 } },
    ['delayed-retry-max (4) must not be smaller than delayed-retry-min (5)'],
  ],
]
for (const [what, asked, problems] of refusals) {
  test(`${what} is refused`, () => assert.deepEqual(check(asked).problems, problems))
}

/** Of each key: values that may be set, and others with what is said of them. */
const values: Record<string, { good: readonly unknown[]; bad: readonly [unknown, string][] }> = {
  'alternate-exchange': { good: ['x', ''], bad: [[5, '5 is not a valid alternate exchange name']] },
  'dead-letter-exchange': {
    good: ['x', ''],
    bad: [[null, 'null is not a valid dead letter exchange name']],
  },
  'dead-letter-routing-key': {
    good: ['k'],
    bad: [[[], '[] is not a valid dead letter routing key']],
  },
  'dead-letter-strategy': {
    good: ['at-most-once', 'at-least-once'],
    bad: [['never', '<<"never">> is not a valid dead letter strategy']],
  },
  'message-ttl': {
    good: [0, 1],
    bad: [
      [-1, '-1 is not a valid message TTL'],
      [1.5, '1.5 is not a valid message TTL'],
      ['5', '<<"5">> is not a valid message TTL'],
    ],
  },
  expires: { good: [1], bad: [[0, '0 is not a valid queue expiry']] },
  'max-length': { good: [0], bad: [[-5, '-5 is not a valid maximum length']] },
  'max-length-bytes': { good: [0], bad: [[-5, '-5 is not a valid maximum length in bytes']] },
  'max-publish-rate': { good: [1], bad: [[0, '0 is not a valid maximum publish rate']] },
  'max-publish-bytes-rate': {
    good: [1],
    bad: [[-1, '-1 is not a valid maximum publish rate in bytes']],
  },
  'max-in-memory-length': { good: [0], bad: [[-1, '-1 is not a valid maximum memory in bytes']] },
  'max-in-memory-bytes': { good: [0], bad: [[-1, '-1 is not a valid maximum memory in bytes']] },
  'queue-mode': {
    good: ['default', 'lazy'],
    bad: [['x', '<<"x">> is not a valid queue-mode value']],
  },
  'queue-version': { good: [1, 2], bad: [[3, '3 is not a valid queue-version value']] },
  overflow: {
    good: ['drop-head', 'reject-publish', 'reject-publish-dlx'],
    bad: [['ümlaut', '<<"ümlaut"/utf8>> is not a valid overflow value']],
  },
  'delivery-limit': {
    good: [-1, 0, 20],
    bad: [[0.5, '0.5 is not a valid delivery limit']],
  },
  'consumer-timeout': { good: [0], bad: [[-1, '-1 is not a valid consumer timeout']] },
  'consumer-disconnected-timeout': {
    good: [0],
    bad: [[-1, '-1 is not a valid consumer disconnected timeout']],
  },
  profile: {
    good: ['latency', 'throughput'],
    bad: [['x', '<<"x">> is not a valid profile']],
  },
  'delayed-retry-type': {
    good: ['disabled'],
    bad: [
      [
        'x',
        '<<"x">> is not a valid delayed retry type. Must be one of: all, failed, returned, disabled',
      ],
    ],
  },
  'delayed-retry-min': {
    good: [1],
    bad: [[0, '0 is not a valid delayed retry minimum delay. Must be a positive integer']],
  },
  'delayed-retry-max': {
    good: [1],
    bad: [[0, '0 is not a valid delayed retry maximum delay. Must be a positive integer']],
  },
  'order-by-key': {
    good: [true, false],
    bad: [[1, '1 is not a valid order by key. Must be true or false']],
  },
  'retention-ms': { good: [1], bad: [[0, '0 is not a valid retention time']] },
  'retention-bytes': { good: [1], bad: [[0, '0 is not a valid retention size in bytes']] },
  'max-age': {
    good: ['7D', '1Y', '30s'],
    bad: [
      ['7x', '<<"7x">> is not a valid max age'],
      [7, '7 is not a valid max age'],
    ],
  },
  'stream-max-segment-size-bytes': {
    good: [0, 3e9],
    bad: [[3e9 + 1, '3000000001 is not a valid segment size']],
  },
  'stream-filter-size-bytes': {
    good: [16, 255],
    bad: [[15, '15 is not a valid filter size. Valid range is 16-255']],
  },
  'queue-leader-locator': {
    good: ['client-local', 'balanced', 'random', 'least-leaders'],
    bad: [['x', '<<"x">> is not a valid queue leader locator value']],
  },
  'queue-master-locator': {
    good: ['min-masters'],
    bad: [['x', '<<"x">> is not a valid master locator']],
  },
  'initial-cluster-size': { good: [0], bad: [[-1, '-1 is not a valid cluster size']] },
  'target-group-size': { good: [1], bad: [[0, '0 is not a valid qq target count value']] },
  'member-placement-tag': {
    good: ['a'],
    bad: [['', '<<"">> is not a valid member-placement-tag value. Must be a non-empty string']],
  },
  'x-message-deduplication': {
    good: [true, false],
    bad: [['x', '"x-message-deduplication" must be a boolean, got <<"x">>']],
  },
  'x-cache-size': {
    good: [1],
    bad: [[0, '"x-cache-size" must be an integer greater than 0, got 0']],
  },
  'x-cache-ttl': {
    good: [1],
    bad: [[0, '"x-cache-ttl" must be an integer greater than 0, got 0']],
  },
  'x-cache-persistence': {
    good: ['disk', 'memory'],
    bad: [['x', '"x-cache-persistence" must be either "disk" or "memory", got <<"x">>']],
  },
  'federation-upstream': {
    good: ['a'],
    bad: [[1, '1 is not a valid federation upstream name']],
  },
  'federation-upstream-set': {
    good: ['all'],
    bad: [[1, '1 is not a valid federation upstream set name']],
  },
  'federation-upstream-pattern': {
    good: ['a'],
    bad: [[1, '1 is not a valid federation upstream pattern name']],
  },
  'shards-per-node': { good: [2], bad: [[-2, '-2 is not a valid number of shards']] },
  'routing-key': { good: [], bad: [[1, '1 is not a valid routing key of shards']] },
  'ha-mode': { good: ['all'], bad: [['x', '<<"x">> is not a valid ha-mode value']] },
  'ha-params': {
    good: [2, ['rabbit@a']],
    bad: [[[1], '[1] is not a valid ha-params value']],
  },
  'ha-sync-mode': {
    good: ['automatic'],
    bad: [['x', '<<"x">> is not a valid ha-sync-mode value']],
  },
  'ha-sync-batch-size': { good: [1], bad: [[0, '0 is not a valid ha-sync-batch-size value']] },
  'ha-promote-on-shutdown': {
    good: ['always'],
    bad: [['x', '<<"x">> is not a valid ha-promote-on-shutdown value']],
  },
  'ha-promote-on-failure': {
    good: ['when-synced'],
    bad: [['x', '<<"x">> is not a valid ha-promote-on-failure value']],
  },
}

describe('every key', () => {
  test('is in the table of this test and in that of the documentation', () => {
    assert.deepEqual(Object.keys(values).toSorted(), Object.keys(policyKeys).toSorted())
    const file = new URL('../../../docs/compatibility.md', import.meta.url)
    const text = readFileSync(file, 'utf8')
    const missing = Object.keys(policyKeys).filter((key) => !text.includes(`\`${key}\``))
    assert.deepEqual(missing, [])
  })
  for (const [key, { good, bad }] of Object.entries(values)) {
    test(`${key} takes what it may be, and says what it may not be`, () => {
      for (const value of good) {
        assert.ok(check({ definition: { [key]: value } }).policy, JSON.stringify(value))
      }
      for (const [value, problem] of bad) {
        assert.deepEqual(check({ definition: { [key]: value } }).problems, [problem])
      }
    })
  }
})

test('operators have the keys that can be merged, and no others', () => {
  const names = Object.keys(values).filter((key) => {
    const [value] = values[key]?.good ?? []
    return check({ definition: { [key]: value } }, true).policy !== undefined
  })
  assert.deepEqual(names.toSorted(), [
    'delayed-retry-max',
    'delayed-retry-min',
    'delayed-retry-type',
    'delivery-limit',
    'expires',
    'max-in-memory-bytes',
    'max-in-memory-length',
    'max-length',
    'max-length-bytes',
    'max-publish-bytes-rate',
    'max-publish-rate',
    'member-placement-tag',
    'message-ttl',
    'overflow',
    'queue-master-locator',
    'queue-version',
    'retention-bytes',
    'retention-ms',
    'target-group-size',
  ])
})

test('a policy that was kept and whose pattern is of no use any more is none', () => {
  const row = { vhost: '/', name: 'p', isOperator: false, priority: 0, applyTo: 'all' } as const
  assert.equal(restorePolicy({ ...row, pattern: '(', definition: {} }), undefined)
  assert.equal(restorePolicy({ ...row, pattern: 'a', definition: {} })?.matches('a'), true)
})
