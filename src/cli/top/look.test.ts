import assert from 'node:assert/strict'
import { test } from 'node:test'
import { frameLines } from './frame.ts'
import { compareLooks, type Look } from './look.ts'

interface Given {
  readonly at: number
  readonly published: number
  readonly ready: Readonly<Record<string, number>>
}

function look({ at, published, ready }: Given): Look {
  return {
    at,
    status: {
      state: 'ready',
      version: '1.0.0',
      uptimeMs: 61_000,
      memory: { inUseBytes: 2 ** 20, watermarkBytes: 2 ** 30 },
      clients: { 'AMQP 0-9-1': 2 },
      counts: { channels: 3, consumers: 1, queues: 2, messagesReady: 9, messagesUnacked: 0 },
      messages: { published },
    },
    queues: Object.entries(ready).map(([name, count]) => ({
      vhost: '/',
      name,
      type: 'classic',
      messages_ready: count,
      messages_unacknowledged: 0,
      consumers: 1,
    })),
  }
}

test('rates are of the time between two looks', () => {
  const before = look({ at: 1000, published: 100, ready: { a: 10, b: 5 } })
  const now = look({ at: 3000, published: 300, ready: { a: 30, b: 1, c: 4 } })
  const { rates, queues } = compareLooks(before, now)
  assert.deepEqual(rates, { published: 100 })
  assert.deepEqual(
    queues.map(({ growth }) => growth),
    [10, -2, null],
  )
})

test('a broker that was started again has no negative rates', () => {
  const before = look({ at: 0, published: 1000, ready: {} })
  assert.equal(
    compareLooks(before, look({ at: 1000, published: 5, ready: {} })).rates['published'],
    0,
  )
})

test('a frame has as many queues as there is room for, after those that were scrolled away', () => {
  const now = look({ at: 0, published: 0, ready: { a: 3, b: 2, c: 1 } })
  const order = { column: 'messages_ready', isReverse: true } as const
  const lines = frameLines(compareLooks(now, now), order, { queuesMax: 1, skipped: 1 })
  assert.equal(lines.length, 8)
  assert.match(lines[0] ?? '', /^Pabal 1\.0\.0, ready, up 1 min 1 s$/)
  assert.match(lines[6] ?? '', /^queue +ready ↓ +unacked/)
  assert.match(lines[7] ?? '', /^b +2 /)
})

test('a frame says why publishers are blocked', () => {
  const now = look({ at: 0, published: 0, ready: {} })
  const blocked = { ...now, status: { ...now.status, blockedReason: 'low on disk' } }
  const order = { column: 'name', isReverse: false } as const
  const [first] = frameLines(compareLooks(now, blocked), order, { queuesMax: 1 })
  assert.match(first ?? '', /PUBLISHERS BLOCKED: low on disk$/)
})
