import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkDeadLetters, checkQueues, checkStatus, type QueueFacts } from './check-broker.ts'
import type { Finding } from './finding.ts'

const ready = {
  state: 'ready',
  version: '1.0.0',
  memory: { inUseBytes: 100, watermarkBytes: 1000 },
}

function queue(parts: Partial<QueueFacts>): QueueFacts {
  return {
    vhost: '/',
    name: 'orders',
    type: 'classic',
    messages_ready: 0,
    messages_unacknowledged: 0,
    consumers: 1,
    ...parts,
  }
}

/** The checks that are not `ok`. */
function problemsOf(findings: readonly Finding[]): string[] {
  return findings.flatMap(({ check, level }) => (level === 'ok' ? [] : [`${level} ${check}`]))
}

test('a broker that is ready has no problems', () => {
  assert.deepEqual(problemsOf(checkStatus(ready, '1.0.0')), [])
})

test('blocked publishers, little memory, a stop and another version are found', () => {
  const memory = { inUseBytes: 900, watermarkBytes: 1000 }
  const status = { ...ready, state: 'stopping', blockedReason: 'low on disk', memory }
  assert.deepEqual(problemsOf(checkStatus(status, '1.1.0')), [
    'fail broker',
    'warn version',
    'fail publishers',
    'warn broker memory',
  ])
})

test('a broker that was drained says how clients come in again', () => {
  const [broker] = checkStatus({ ...ready, state: 'maintenance' }, '1.0.0')
  assert.deepEqual(
    [broker?.level, broker?.advice],
    ['fail', 'it was drained: pabal revive lets clients in'],
  )
})

test('a queue that grows without a consumer is found, one that has some is not', () => {
  const now = [queue({ messages_ready: 9, consumers: 0 }), queue({ name: 'b', messages_ready: 9 })]
  const before = [queue({ messages_ready: 8, consumers: 0 }), queue({ name: 'b' })]
  const [growing] = checkQueues(before, now)
  assert.equal(growing?.level, 'warn')
  assert.match(growing?.found ?? '', /^'orders' without/)
})

test('a stream that grows is as it should be', () => {
  const stream = { type: 'stream', consumers: 0 }
  const now = [queue({ ...stream, messages_ready: 9 })]
  assert.deepEqual(problemsOf(checkQueues([queue(stream)], now)), [])
})

test('messages that nobody acks are found, those that are acked are not', () => {
  const held = [queue({ messages_unacknowledged: 1000 })]
  assert.deepEqual(problemsOf(checkQueues(held, held)), ['warn unacked'])
  assert.deepEqual(problemsOf(checkQueues(held, [queue({ messages_unacknowledged: 1001 })])), [])
})

test('many dead letters are found with the queue that has most', () => {
  const found = checkDeadLetters([
    { queue: 'a.dead', messages: 1000 },
    { queue: 'b.dead', messages: 2000 },
  ])
  assert.deepEqual([found.level, found.advice], ['warn', 'see why: pabal dlq show b.dead'])
  assert.equal(checkDeadLetters([{ queue: 'a.dead', messages: 999 }]).level, 'ok')
})
