import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { messageTo, NotingClient } from '../../../test/support/noting-client.ts'
import type { Principal } from '../../auth/principal.ts'
import { leaseLimits } from '../../limits/leases.ts'
import { ClientRegistry } from '../client/client-registry.ts'
import type { Queue } from '../queue/queue.ts'
import type { SettleReason } from '../unacked-deliveries.ts'
import { type LeaseAsked, type LeasedBatch, type LeasedMessage, Leases } from './leases.ts'

const leaseMs = 30_000
const hash = { passwordHash: 'one', hashingAlgorithm: 'rabbit_password_hashing_sha256' } as const
const everything = { configure: '.*', write: '.*', read: '.*' }

let client: NotingClient
let clients: ClientRegistry
let leases: Leases
let queue: Queue
let gone: AbortController
beforeEach(() => {
  client = new NotingClient()
  const { broker } = client
  clients = new ClientRegistry(client.clock)
  leases = new Leases({ broker, clients })
  queue = broker.getVHost('/').findQueue('q') as Queue
  gone = new AbortController()
  setUser('alice')
  setUser('bob')
})

function setUser(name: string, passwordHash = 'one', read = '.*'): void {
  const { access } = client.broker
  access.apply({ kind: 'user', op: 'put', row: { name, tags: [], ...hash, passwordHash } })
  const row = { ...everything, read, user: name, vhost: '/' }
  access.apply({ kind: 'permission', op: 'put', row })
}

function publish(...texts: readonly string[]): void {
  for (const text of texts) client.intake.offer(messageTo('q', text), 0)
}

interface Asked extends Partial<LeaseAsked> {
  readonly user?: string
}

/** The answer is sent at once. */
async function begin(asked: Asked = {}): Promise<readonly LeasedMessage[]> {
  const { messages, onSent } = await beginBatch(asked)
  onSent()
  return messages
}

function beginBatch({ user = 'alice', ...asked }: Asked = {}): Promise<LeasedBatch> {
  const principal: Principal = { protocol: 'HTTP', address: '127.0.0.1', user, tags: [] }
  return leases.receive(queue, {
    principal,
    rights: client.broker.access.rightsFor(principal, '/'),
    count: 10,
    waitMs: 1000,
    leaseMs,
    signal: gone.signal,
    ...asked,
  })
}

async function receive(asked?: Asked): Promise<readonly LeasedMessage[]> {
  const received = begin(asked)
  client.clock.advance(0)
  client.clock.advance(1000)
  return received
}

function settle(receipt: string, user = 'alice', reason: SettleReason = 'ack'): boolean {
  assert.ok(reason !== 'fail')
  const { gone: none } = leases.settle([{ receipt, reason }], { user, queue })
  return none.length === 0
}

/** Fills what a user may have, with as many messages. */
async function fill(user = 'alice'): Promise<LeasedMessage[]> {
  const all: LeasedMessage[] = []
  publish(...Array.from({ length: leaseLimits.perUserMax }, () => ''))
  while (all.length < leaseLimits.perUserMax) {
    all.push(...(await receive({ user, count: leaseLimits.countMax, leaseMs: 1_000_000_000 })))
  }
  return all
}

const texts = (leased: readonly LeasedMessage[]): string[] =>
  leased.map(({ message }) => message.payload.toString())

/** Of the queue. */
const counts = (): object => ({
  consumers: queue.consumerCount,
  unacked: queue.unackedCount,
  ready: queue.readyCount,
})

test('who waits gets what comes, and holds it until it is acked', async () => {
  const received = begin()
  assert.equal(queue.consumerCount, 1)
  publish('a', 'b')
  client.clock.advance(0)
  const leased = await received
  assert.deepEqual(texts(leased), ['a', 'b'])
  assert.deepEqual(counts(), { consumers: 0, unacked: 2, ready: 0 })
  for (const { receipt } of leased) {
    assert.equal(settle(receipt, 'bob'), false)
    assert.equal(settle(receipt), true)
    assert.equal(settle(receipt), false)
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
  assert.equal(settle(second!.receipt), false)
  const [again] = await receive()
  assert.deepEqual(again && [texts([again]), again.message.isRedelivered], [['b'], true])
})

test('who goes away while it waits holds nothing', async () => {
  const received = begin()
  publish('a')
  gone.abort()
  client.clock.advance(0)
  assert.deepEqual(await received, [])
  assert.deepEqual(counts(), { consumers: 0, unacked: 0, ready: 1 })
})

test('who goes away before it has its answer holds nothing', async () => {
  publish('a')
  const [one] = await receive()
  gone.abort()
  assert.equal(settle(one!.receipt), false)
  assert.deepEqual(counts(), { consumers: 0, unacked: 0, ready: 1 })
})

test('a queue that goes ends who waits, and the leases of its messages', async () => {
  publish('a')
  await receive()
  const received = begin()
  client.broker.deleteQueue(queue)
  await assert.rejects(received, { code: 'queue_not_found' })
  assert.equal(clients.receivers.size, 0)
})

test('a user has so many leases, and room again when they are settled', async () => {
  const all = await fill()
  publish('last')
  await assert.rejects(receive(), { name: 'LeaseRefusal', kind: 'too_many' })
  assert.equal(texts(await receive({ user: 'bob', count: 1 })).length, 1)
  settle(all[0]!.receipt)
  assert.equal((await receive({ count: 10 })).length, 0)
})

test('who waits while others of the user take all room gets something when there is room again', async () => {
  const all = await fill()
  settle(all[0]!.receipt)
  const first = begin({ count: 1 })
  const second = begin({ count: 1 })
  publish('a', 'b')
  client.clock.advance(0)
  assert.deepEqual(texts(await first), ['a'])
  assert.equal(queue.readyCount, 1)
  settle(all[1]!.receipt)
  client.clock.advance(0)
  assert.deepEqual(texts(await second), ['b'])
})

test('who waits and finds no room until its time is over is told so', async () => {
  const all = await fill()
  settle(all[0]!.receipt)
  const waits = [begin({ count: 1 }), begin({ count: 1 })]
  publish('a', 'b')
  client.clock.advance(0)
  client.clock.advance(1000)
  assert.equal((await waits[0])?.length, 1)
  await assert.rejects(waits[1]!, { name: 'LeaseRefusal', kind: 'too_many' })
})

test('so many requests of a user wait, whatever they ask for', async () => {
  const waits = Array.from({ length: leaseLimits.waitsPerUserMax }, () => begin({ count: 100 }))
  await assert.rejects(begin(), { name: 'LeaseRefusal', kind: 'too_many' })
  const others = begin({ user: 'bob' })
  client.clock.advance(1000)
  assert.deepEqual(
    await Promise.all([...waits, others]),
    [...waits, others].map(() => []),
  )
  assert.deepEqual(await receive(), [])
})

test('so many requests wait in sum', async () => {
  const waits: Promise<readonly LeasedMessage[]>[] = []
  for (let n = 0; n < leaseLimits.waitsMax; n++) {
    const user = `user-${Math.floor(n / leaseLimits.waitsPerUserMax)}`
    if (n % leaseLimits.waitsPerUserMax === 0) setUser(user)
    waits.push(begin({ user }))
  }
  await assert.rejects(begin(), { name: 'LeaseRefusal', kind: 'busy' })
  client.clock.advance(1000)
  await Promise.all(waits)
})

test('what a user has goes back when it is deleted, has another password, or may not read any more', async () => {
  const { access } = client.broker
  const ends: readonly [change: () => void, refusal: object][] = [
    [() => access.apply({ kind: 'user', op: 'delete', name: 'alice' }), { kind: 'closed' }],
    [() => setUser('alice', 'another'), { kind: 'closed' }],
    [() => setUser('alice', 'one', '^other$'), { code: 'access_refused' }],
    [
      () => access.apply({ kind: 'permission', op: 'delete', user: 'alice', vhost: '/' }),
      { code: 'access_refused' },
    ],
  ]
  publish('a', 'b')
  for (const [change, refusal] of ends) {
    setUser('alice')
    const [mine] = await receive({ count: 1 })
    const [others] = await receive({ count: 1, user: 'bob' })
    const waiting = begin()
    change()
    await assert.rejects(waiting, refusal)
    assert.deepEqual(counts(), { consumers: 0, unacked: 1, ready: 1 })
    assert.equal(settle(mine!.receipt), false)
    assert.equal(settle(others!.receipt, 'bob', 'requeue'), true)
    client.clock.advance(0)
  }
})

test('another right, or the same password, ends nothing', async () => {
  publish('a')
  const [one] = await receive()
  setUser('alice', 'one', '^q$')
  assert.equal(settle(one!.receipt), true)
})

test('what waits or holds something is listed as a consumer, and ends when it is closed', async () => {
  publish('a')
  await receive()
  const waiting = begin()
  const [receiver] = clients.listed()
  const [channel] = receiver?.channels() ?? []
  assert.equal(channel?.unackedCount, 1)
  assert.deepEqual(
    channel?.consumers.map(({ queueName, tag, isActive }) => [queueName, tag, isActive]),
    [['q', 'http-q', true]],
  )
  receiver?.close('enough')
  await assert.rejects(waiting, { name: 'LeaseRefusal', kind: 'closed', message: 'enough' })
  assert.deepEqual(counts(), { consumers: 0, unacked: 0, ready: 1 })
  assert.deepEqual([...clients.listed()], [])
})

test('a large message comes, and the next ones of its user when its answer was taken', async () => {
  const { unsentPerUserMax } = leaseLimits
  client.intake.offer(messageTo('q', Buffer.alloc(unsentPerUserMax)), 0)
  const large = beginBatch()
  client.clock.runUntilIdle()
  const { messages, onSent } = await large
  assert.equal(messages[0]?.message.payload.length, unsentPerUserMax)
  publish('next', 'others')
  await assert.rejects(beginBatch(), { name: 'LeaseRefusal', kind: 'too_many' })
  assert.deepEqual(texts(await receive({ user: 'bob', count: 1 })), ['next'])
  onSent()
  onSent()
  assert.deepEqual(texts(await receive()), ['others'])
})
