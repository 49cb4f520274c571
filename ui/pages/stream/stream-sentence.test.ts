// The sentence says what matters most.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { StreamShownJson } from '../../../src/admin/v1/stream-show-operations.ts'
import { sentenceOf } from './stream-sentence.ts'

const now = 1_000_000

function sentence(stream: object, hasRates = true): string {
  const rates = { in: 0, out: 0, ack: 0 }
  const usual = {
    kind: 'queue',
    messages: 0,
    ready: 0,
    unacked: 0,
    consumers: 0,
    groups: [],
    lag: null,
  }
  const quiet = {
    growth: 0,
    growing: false,
    rates,
    idle_since: null,
    paused_since: null,
    oldest: null,
    dead_letter_sources: 0,
  }
  return sentenceOf({ ...usual, ...quiet, ...stream } as unknown as StreamShownJson, now, hasRates)
}

test('a queue nobody consumes says since when it waits', () => {
  assert.equal(sentence({}), 'Empty, and nobody consumes it.')
  assert.equal(
    sentence({ messages: 25_264, oldest: now - 240_000 }),
    'Nobody consumes it: 25,264 messages wait. The oldest message waits 4 min.',
  )
})

test('a paused queue says so first', () => {
  assert.equal(
    sentence({ messages: 3, consumers: 1, paused_since: now - 60_000 }),
    'Paused for 1 min: 3 messages wait, and 1 consumer gets none.',
  )
})

test('a queue that grows says why', () => {
  assert.equal(
    sentence({
      messages: 9,
      consumers: 2,
      growth: 12,
      growing: true,
      rates: { in: 20, out: 8, ack: 8 },
      oldest: now,
    }),
    'Grows by 12/s: 20/s come in, 8/s are acked by 2 consumers.',
  )
  assert.equal(
    sentence({ messages: 60, consumers: 1, growth: -1 }),
    'Gets shorter by 1/s: empty in about 1 min.',
  )
})

test('consumers that settle nothing are named', () => {
  assert.equal(
    sentence({ messages: 5, unacked: 5, consumers: 1, idle_since: now - 65_000 }),
    '1 consumer holds 5 messages and settled none for 1 min 5 s.',
  )
})

test('a topic names its slowest group', () => {
  const groups = [
    { name: 'a', lag: 2 },
    { name: 'b', lag: 7 },
  ]
  assert.equal(
    sentence({ kind: 'topic', messages: 20, groups, lag: 7 }),
    'Group b is 7 messages behind, the most of 2. It keeps 20 messages.',
  )
  assert.equal(sentence({ kind: 'topic' }), 'No group reads it. It keeps 0 messages.')
})

test('before rates are known, nothing is said of them', () => {
  const consumed = { messages: 2, consumers: 1 }
  assert.equal(sentence(consumed), 'Nothing moves; 2 messages are there.')
  assert.equal(sentence(consumed, false), '2 messages are there.')
})
