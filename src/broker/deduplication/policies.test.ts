// What policies make of exchanges and queues that deduplicate, while they know ids and over restarts.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { DelaysOnDisk, DelaysUnderTest } from '../../../test/support/delays-under-test.ts'
import { brokerLimits } from '../../limits/broker.ts'
import { checkPolicy } from '../policy/check-policy.ts'

type Definition = Readonly<Record<string, unknown>>

/** Replaces the only policy, until that is in force; without a definition there is none. */
async function setPolicy(it: DelaysUnderTest, definition?: Definition): Promise<void> {
  const turns = { areWanted: true }
  const done = change(it, definition).finally(() => (turns.areWanted = false))
  while (turns.areWanted) {
    it.clock.endOneTurn()
    await new Promise(setImmediate)
  }
  await done
}

async function change({ broker }: DelaysUnderTest, definition?: Definition): Promise<void> {
  const keeper = broker.policiesOf(broker.getVHost('/'))
  if (definition === undefined) return keeper.delete(false, 'p')
  const asked = { vhost: '/', name: 'p', isOperator: false, pattern: '', definition }
  const { policy } = checkPolicy(asked)
  assert.ok(policy)
  await keeper.set(policy).done
}

function send(it: DelaysUnderTest, id: string): boolean {
  const headers = { 'x-deduplication-header': id }
  return it.publish(id, undefined, { headers })
}

const sendAll = (it: DelaysUnderTest, ids: string): boolean[] =>
  ids.split('').map((id) => send(it, id))

function exchange(size: number): DelaysUnderTest {
  const it = DelaysUnderTest.inMemory()
  it.declareWith('x', 'x-message-deduplication', { args: { 'x-cache-size': size } })
  it.queue('q', 'x')
  return it
}

describe('a policy of an exchange that deduplicates', () => {
  it('changes how many ids it remembers, from the next message on', async () => {
    const it = exchange(3)
    sendAll(it, 'abc')
    await setPolicy(it, { 'x-cache-size': 1 })
    assert.deepEqual(sendAll(it, 'cd'), [false, true])
    assert.deepEqual(sendAll(it, 'dab'), [false, true, true])
    assert.deepEqual(sendAll(it, 'a'), [true])
    await setPolicy(it, { 'x-cache-size': 5 })
    sendAll(it, 'bcde')
    assert.deepEqual(sendAll(it, 'abcde'), [false, false, false, false, false])
    await setPolicy(it)
    assert.deepEqual(sendAll(it, 'fab'), [true, true, true])
  })

  it('changes for how long, for ids that come from then on', async () => {
    const it = exchange(10)
    send(it, 'a')
    await setPolicy(it, { 'x-cache-ttl': 100 })
    send(it, 'b')
    it.clock.advance(100)
    assert.deepEqual(sendAll(it, 'ab'), [false, true])
  })

  it('gives it no more than what all of them may have', async () => {
    const it = exchange(10)
    const { deduplicationIdsMax: countMax } = brokerLimits
    const args = { 'x-cache-size': countMax - 12 }
    it.declareWith('large', 'x-message-deduplication', { args })
    await setPolicy(it, { 'x-cache-size': countMax })
    const declare = (size: number): void =>
      it.declareWith('y', 'x-message-deduplication', { args: { 'x-cache-size': size } })
    assert.throws(() => declare(1), /all exchanges together/)
    await setPolicy(it)
    assert.throws(() => declare(3), /all exchanges together/)
    declare(2)
  })

  it('says where ids are, for those that come from then on', async () => {
    const disk = new DelaysOnDisk()
    const first = await disk.start()
    const args = { 'x-cache-size': 10, 'x-cache-persistence': 'memory' }
    first.declareWith('x', 'x-message-deduplication', { args })
    first.queue('q', 'x')
    send(first, 'a')
    await setPolicy(first, { 'x-cache-persistence': 'disk' })
    send(first, 'b')
    await disk.until(() => first.isConfirmed)
    await disk.stop(first)

    const second = await disk.start()
    assert.deepEqual(sendAll(second, 'ab'), [true, false])
    await setPolicy(second, { 'x-cache-persistence': 'memory' })
    send(second, 'c')
    await disk.until(() => second.isConfirmed)
    await disk.stop(second)

    const third = await disk.start()
    // What was on disk stays there.
    assert.deepEqual(sendAll(third, 'abc'), [false, false, true])
    await setPolicy(third, { 'x-cache-persistence': 'disk' })
    send(third, 'd')
    await disk.until(() => third.isConfirmed)
    await disk.stop(third)
    const fourth = await disk.start()
    assert.deepEqual(sendAll(fourth, 'd'), [false])
    await disk.stop(fourth)
  })
})

describe('a policy of queues that deduplicate', () => {
  const on = { 'x-message-deduplication': true }

  it('begins and ends it, and wins over the argument', async () => {
    const it = DelaysUnderTest.inMemory()
    it.declare('x', 'fanout')
    it.queueWith('q', 'x', {})
    sendAll(it, 'aa')
    await setPolicy(it, on)
    // What was there before is not known.
    sendAll(it, 'aabb')
    assert.equal(it.readyCount(), 4)
    await setPolicy(it)
    sendAll(it, 'ab')
    assert.equal(it.readyCount(), 6)
    it.queueWith('declared', 'x', { 'x-message-deduplication': true })
    sendAll(it, 'cc')
    assert.equal(it.readyCount('declared'), 1)
    await setPolicy(it, { 'x-message-deduplication': false })
    sendAll(it, 'cc')
    assert.equal(it.readyCount('declared'), 3)
  })

  it('that ends and begins again forgets what it knew, and nothing of what came then', async () => {
    const disk = new DelaysOnDisk()
    const first = await disk.start()
    first.declare('x', 'fanout')
    first.queueWith('q', 'x', { 'x-message-deduplication': true })
    sendAll(first, 'abc')
    // In one turn, so that what is to be forgotten still is there.
    const queue = first.broker.getVHost('/').getQueue('q')
    const none = { policy: 'p', operatorPolicy: undefined }
    queue.applyPolicy({ ...none, definition: { 'x-message-deduplication': false } })
    queue.applyPolicy(undefined)
    sendAll(first, 'ab')
    await disk.until(() => first.isConfirmed)
    await disk.stop(first)

    const second = await disk.start()
    const ids = [...disk.state.keys()].filter((key) => key.startsWith('dedup-queue/'))
    assert.equal(ids.length, 2)
    sendAll(second, 'abc')
    await disk.until(() => second.isConfirmed)
    assert.deepEqual(
      (await disk.take(second, 6)).map(({ text }) => text),
      ['a', 'b', 'c', 'a', 'b', 'c'],
    )
    await disk.stop(second)
  })
})
