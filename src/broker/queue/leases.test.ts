import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { messageTo, NotingClient } from '../../../test/support/noting-client.ts'
import { systemRandom } from '../../lib/random.ts'
import { leaseLimits } from '../../limits/leases.ts'
import { ClientCounters } from '../counters/client-counters.ts'
import { type LeaseAsked, type LeasedMessage, Leases } from './leases.ts'
import type { Queue } from './queue.ts'

const leaseMs = 30_000

let client: NotingClient
let leases: Leases
let queue: Queue
let gone: AbortController
beforeEach(() => {
  client = new NotingClient()
  leases = new Leases({ clock: client.clock, random: systemRandom })
  queue = client.broker.getVHost('/').findQueue('q') as Queue
  gone = new AbortController()
})

function publish(...texts: readonly string[]): void {
  for (const text of texts) client.intake.offer(messageTo('q', text), 0)
}

function begin(asked: Partial<LeaseAsked> = {}): Promise<LeasedMessage[]> {
  return leases.receive(queue, {
    user: 'alice',
    count: 10,
    waitMs: 1000,
    leaseMs,
    signal: gone.signal,
    counters: new ClientCounters(),
    ...asked,
  })
}

async function receive(asked?: Partial<LeaseAsked>): Promise<LeasedMessage[]> {
  const received = begin(asked)
  client.clock.advance(0)
  client.clock.advance(1000)
  return received
}

const texts = (leased: readonly LeasedMessage[]): string[] =>
  leased.map(({ message }) => message.payload.toString())

test('who waits gets what comes, and holds it until it is acked', async () => {
  const received = begin()
  assert.equal(queue.consumerCount, 1)
  publish('a', 'b')
  client.clock.advance(0)
  const leased = await received
  assert.deepEqual(texts(leased), ['a', 'b'])
  assert.deepEqual([queue.consumerCount, queue.unackedCount, queue.readyCount], [0, 2, 0])
  for (const { receipt } of leased) {
    assert.equal(leases.settle(receipt, { user: 'bob', queue }, 'ack'), false)
    assert.equal(leases.settle(receipt, { user: 'alice', queue }, 'ack'), true)
    assert.equal(leases.settle(receipt, { user: 'alice', queue }, 'ack'), false)
  }
  assert.equal(queue.messageCount, 0)
})

test('nothing comes: it ends empty when its time is over', async () => {
  assert.deepEqual(await receive(), [])
  assert.equal(queue.consumerCount, 0)
})

test('an unsettled message goes back when its lease ends, and not before when that was extended', async () => {
  publish('a', 'b')
  const [first, second] = await receive()
  client.clock.advance(leaseMs / 2)
  assert.ok(leases.extend(first!.receipt, { user: 'alice', queue }, leaseMs))
  client.clock.advance(leaseMs / 2)
  assert.deepEqual([queue.unackedCount, queue.readyCount], [1, 1])
  assert.equal(leases.settle(second!.receipt, { user: 'alice', queue }, 'ack'), false)
  const [again] = await receive()
  assert.deepEqual(again && [texts([again]), again.message.isRedelivered], [['b'], true])
})

test('who goes away while it waits holds nothing', async () => {
  const received = begin()
  publish('a')
  gone.abort()
  client.clock.advance(0)
  assert.deepEqual(await received, [])
  assert.deepEqual([queue.consumerCount, queue.unackedCount, queue.readyCount], [0, 0, 1])
})

test('a queue that goes meanwhile is told of', async () => {
  const received = begin()
  queue.onDeleted()
  await assert.rejects(received, { code: 'queue_not_found' })
})

test('a user has so many leases, and room again when they are settled', async () => {
  publish('a')
  const [one] = await receive({ count: leaseLimits.perUserMax })
  const all = { count: leaseLimits.perUserMax }
  await assert.rejects(receive(all), { code: 'resource_exhausted' })
  leases.settle(one!.receipt, { user: 'alice', queue }, 'ack')
  assert.deepEqual(await receive(all), [])
})
