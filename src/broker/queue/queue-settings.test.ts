import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PolicyDefinition } from '../../meta/topology-change.ts'
import { table } from '../../record/message/field-table.ts'
import type { QueueType } from '../queue-arguments.ts'
import { type QueueSettings, readQueueSettings } from './queue-settings.ts'

const none: Omit<QueueSettings, 'priorities'> = {
  messageTtlMs: undefined,
  expiresMs: undefined,
  lengthMax: Infinity,
  sizeMax: Infinity,
  overflow: 'drop-head',
  deadLetter: undefined,
  deliveryLimit: undefined,
  sourcePriorityMax: 0,
  delayedRetry: undefined,
  consumerTimeoutMs: Infinity,
  profile: undefined,
  publishRate: { messages: undefined, bytes: undefined },
  deduplicates: false,
  isOrderedByKey: false,
  hasSingleActiveConsumer: false,
  retention: undefined,
}

interface Case {
  readonly what: string
  readonly type?: QueueType
  readonly args?: Record<string, string | number | boolean>
  readonly policy?: PolicyDefinition
  readonly expected: Partial<QueueSettings>
}

const retry = { 'delayed-retry-type': 'failed', 'delayed-retry-min': 5 } as const

const cases: readonly Case[] = [
  { what: 'nothing asks for nothing', expected: {} },
  {
    what: 'an argument asks for the order of keys',
    args: { 'x-order-by-key': true },
    expected: { isOrderedByKey: true },
  },
  {
    what: 'a policy wins over that',
    args: { 'x-order-by-key': true },
    policy: { 'order-by-key': false },
    expected: { isOrderedByKey: false },
  },
  {
    what: 'of two time-outs of consumers the lower one counts',
    args: { 'x-consumer-timeout': 1.5 },
    policy: { 'consumer-timeout': 2 },
    expected: { consumerTimeoutMs: 1.5 },
  },
  {
    what: 'a time-out of consumers that is no number asks for nothing',
    args: { 'x-consumer-timeout': '1' },
    policy: { 'consumer-timeout': 2 },
    expected: { consumerTimeoutMs: 2 },
  },
  {
    what: 'of two profiles the one it was declared with counts',
    args: { 'x-profile': 'throughput' },
    policy: { profile: 'latency' },
    expected: { profile: 'throughput' },
  },
  {
    what: 'a rate from a version that did not check it is none',
    args: { 'x-max-publish-rate': 0, 'x-max-publish-bytes-rate': 'x' },
    expected: {},
  },
  {
    what: 'of two rates the lower one counts',
    args: { 'x-max-publish-rate': 5, 'x-max-publish-bytes-rate': 6 },
    policy: { 'max-publish-rate': 4, 'max-publish-bytes-rate': 7 },
    expected: { publishRate: { messages: 4, bytes: 6 } },
  },
  {
    what: 'deduplication is on with the argument true',
    args: { 'x-message-deduplication': true },
    expected: { deduplicates: true },
  },
  {
    what: 'deduplication is on with any argument but false',
    args: { 'x-message-deduplication': 'true' },
    expected: { deduplicates: true },
  },
  {
    what: 'deduplication is off with the argument false',
    args: { 'x-message-deduplication': false },
    expected: { deduplicates: false },
  },
  {
    what: 'of deduplication the policy decides',
    args: { 'x-message-deduplication': 'true' },
    policy: { 'x-message-deduplication': false },
    expected: { deduplicates: false },
  },
  {
    what: 'a policy alone acts as arguments would',
    policy: {
      'message-ttl': 1,
      expires: 2,
      'max-length': 3,
      'max-length-bytes': 4,
      overflow: 'reject-publish',
      'dead-letter-exchange': 'x',
      'dead-letter-routing-key': 'k',
    },
    expected: {
      messageTtlMs: 1,
      expiresMs: 2,
      lengthMax: 3,
      sizeMax: 4,
      overflow: 'reject-publish',
      deadLetter: { exchange: 'x', routingKey: 'k', keepsUnroutable: false },
    },
  },
  {
    what: 'the lower limit counts when the policy has it',
    args: { 'x-message-ttl': 9, 'x-expires': 9, 'x-max-length': 9, 'x-max-length-bytes': 9 },
    policy: { 'message-ttl': 0, expires: 2, 'max-length': 3, 'max-length-bytes': 4 },
    expected: { messageTtlMs: 0, expiresMs: 2, lengthMax: 3, sizeMax: 4 },
  },
  {
    what: 'the lower limit counts when the argument has it',
    args: { 'x-message-ttl': 0, 'x-expires': 2, 'x-max-length': 3, 'x-max-length-bytes': 4 },
    policy: { 'message-ttl': 9, expires: 9, 'max-length': 9, 'max-length-bytes': 9 },
    expected: { messageTtlMs: 0, expiresMs: 2, lengthMax: 3, sizeMax: 4 },
  },
  {
    what: 'dead letters go where the argument says, each of exchange and key by itself',
    args: { 'x-dead-letter-exchange': 'own' },
    policy: { 'dead-letter-exchange': 'policy', 'dead-letter-routing-key': 'k' },
    expected: { deadLetter: { exchange: 'own', routingKey: 'k', keepsUnroutable: false } },
  },
  {
    what: 'a routing key without an exchange sends nothing anywhere',
    policy: { 'dead-letter-routing-key': 'k' },
    expected: {},
  },
  {
    what: "overflow is the argument's on a classic queue",
    args: { 'x-overflow': 'drop-head' },
    policy: { overflow: 'reject-publish' },
    expected: { overflow: 'drop-head' },
  },
  {
    what: "overflow is the policy's on a quorum queue",
    type: 'quorum',
    args: { 'x-overflow': 'drop-head' },
    policy: { overflow: 'reject-publish' },
    expected: { overflow: 'reject-publish', deliveryLimit: 20 },
  },
  {
    what: "a dead letter that no queue takes is kept with the argument's strategy and the policy's overflow",
    type: 'quorum',
    args: { 'x-dead-letter-exchange': 'x', 'x-dead-letter-strategy': 'at-least-once' },
    policy: { overflow: 'reject-publish', 'dead-letter-strategy': 'at-most-once' },
    expected: {
      overflow: 'reject-publish',
      deadLetter: { exchange: 'x', routingKey: undefined, keepsUnroutable: true },
      deliveryLimit: 20,
    },
  },
  {
    what: 'none is kept in a queue that drops messages when it is full',
    type: 'quorum',
    args: { 'x-dead-letter-exchange': 'x', 'x-dead-letter-strategy': 'at-least-once' },
    expected: {
      deadLetter: { exchange: 'x', routingKey: undefined, keepsUnroutable: false },
      deliveryLimit: 20,
    },
  },
  {
    what: 'a delivery limit is the lower one',
    type: 'quorum',
    args: { 'x-delivery-limit': 5 },
    policy: { 'delivery-limit': 3 },
    expected: { deliveryLimit: 3 },
  },
  {
    what: 'any delivery limit is lower than none',
    type: 'quorum',
    args: { 'x-delivery-limit': 5 },
    policy: { 'delivery-limit': -1 },
    expected: { deliveryLimit: 5 },
  },
  {
    what: 'none may be asked for',
    type: 'quorum',
    policy: { 'delivery-limit': -1 },
    expected: { deliveryLimit: undefined },
  },
  {
    what: 'a delayed retry without an upper time has the lower one always',
    type: 'quorum',
    policy: retry,
    expected: { deliveryLimit: 20, delayedRetry: { type: 'failed', minMs: 5, maxMs: 5 } },
  },
  {
    what: "a delayed retry is of the policy's type and of the lower times",
    type: 'quorum',
    args: { 'x-delayed-retry-type': 'all', 'x-delayed-retry-min': 3, 'x-delayed-retry-max': 9 },
    policy: { ...retry, 'delayed-retry-max': 7 },
    expected: { deliveryLimit: 20, delayedRetry: { type: 'failed', minMs: 3, maxMs: 7 } },
  },
  {
    what: 'a policy may end a delayed retry',
    type: 'quorum',
    args: { 'x-delayed-retry-type': 'all', 'x-delayed-retry-min': 3 },
    policy: { 'delayed-retry-type': 'disabled' },
    expected: { deliveryLimit: 20 },
  },
]
for (const { what, type = 'classic', args = {}, policy, expected } of cases) {
  test(what, () => {
    const { priorities: _, ...settings } = readQueueSettings(type, table(args), policy)
    assert.deepEqual(settings, { ...none, ...expected })
  })
}
