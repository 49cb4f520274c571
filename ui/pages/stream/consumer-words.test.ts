// Consumers are told by what they do.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { StreamConsumerJson } from '../../../src/admin/v1/stream-consumer-operations.ts'
import type { StreamShownJson } from '../../../src/admin/v1/stream-show-operations.ts'
import { consumerState, readersSentence, slowestOf } from './consumer-words.ts'

const now = 100_000

function consumer(changes: Partial<StreamConsumerJson>): StreamConsumerJson {
  const rates = { deliver_rate: 0, settle_rate: 0, idle_since: null }
  const usual = { active: true, unacked: 0, prefetch: 10, ...rates }
  return { ...usual, ...changes } as StreamConsumerJson
}

function sentence(
  consumers: readonly StreamConsumerJson[],
  groups: readonly object[] = [],
): string {
  const stream = { groups, lag: 12, paused_since: null } as unknown as StreamShownJson
  return readersSentence(
    stream,
    { consumers, consumer_count: consumers.length, single_active: false },
    now,
  )
}

test('a consumer that holds messages and settles none is stuck', () => {
  assert.equal(consumerState(consumer({ unacked: 3, idle_since: now - 5000 }), now).text, 'stuck')
  assert.equal(consumerState(consumer({ unacked: 10, settle_rate: 2 }), now).text, 'full')
  assert.equal(consumerState(consumer({ active: false }), now).text, 'waits')
  assert.equal(consumerState(consumer({}), now).text, 'idle')
})

test('the sentence says what holds the queue up', () => {
  assert.equal(sentence([]), 'Nobody reads it.')
  assert.equal(
    sentence([consumer({ prefetch: 1, unacked: 1, settle_rate: 25 })]),
    'Prefetch 1 and 40 ms per message: one consumer cannot exceed 25/s.',
  )
  assert.equal(
    sentence([consumer({}), consumer({ unacked: 3, idle_since: 1 })]),
    '1 of 2 consumers is stuck with 3 messages.',
  )
  assert.equal(
    sentence(
      [],
      [
        { lag: 12, members: 0 },
        { lag: 0, members: 1 },
      ],
    ),
    '1 of 2 groups is behind, up to 12 messages, and nobody is in one of them.',
  )
})

test('the slowest is one that is much slower than the others', () => {
  const [fast, slow] = [
    consumer({ unacked: 1, settle_rate: 50 }),
    consumer({ unacked: 1, settle_rate: 2 }),
  ]
  assert.equal(slowestOf([fast, slow]), slow)
  assert.equal(slowestOf([fast, fast]), undefined)
})
