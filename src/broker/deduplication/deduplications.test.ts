// What exchanges of type x-message-deduplication know, within bounds, over restarts and power failures.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { DelaysOnDisk, DelaysUnderTest } from '../../../test/support/delays-under-test.ts'
import { brokerLimits } from '../../limits/broker.ts'
import type { FieldInput } from '../../record/message/field-table.ts'
import { seededRandom } from '../../testing/seeded-random.ts'

type Args = Readonly<Record<string, FieldInput>>

function declare(it: DelaysUnderTest, args: Args = {}, durable = true): void {
  const rest = { durable, args: { 'x-cache-size': 100, ...args } }
  it.declareWith('x', 'x-message-deduplication', rest)
  it.queue('q', 'x')
}

function declareQueue(it: DelaysUnderTest): void {
  it.declare('x', 'fanout')
  it.queueWith('q', 'x', { 'x-message-deduplication': true })
}

function send(it: DelaysUnderTest, text: string, id: FieldInput, headers: Args = {}): boolean {
  return it.publish(text, undefined, { headers: { 'x-deduplication-header': id, ...headers } })
}

function texts(it: DelaysUnderTest): string[] {
  return it.take().map(({ text }) => text)
}

describe('an exchange that deduplicates', () => {
  it('forgets the oldest id when it has one too many', () => {
    const it = DelaysUnderTest.inMemory()
    declare(it, { 'x-cache-size': 2 })
    for (const id of ['a', 'b', 'c', 'c', 'b', 'a']) send(it, id, id)
    assert.deepEqual(texts(it), ['a', 'b', 'c', 'a'])
  })

  it('knows an id for its time, or for that of the message', () => {
    const it = DelaysUnderTest.inMemory()
    declare(it, { 'x-cache-ttl': 1000 })
    send(it, 'usual', 'usual')
    send(it, 'short', 'short', { 'x-cache-ttl': 10 })
    send(it, 'never', 'never', { 'x-cache-ttl': 0 })
    it.clock.advance(10)
    assert.equal(send(it, 'never again', 'never'), true)
    assert.equal(send(it, 'short again', 'short'), true)
    assert.equal(send(it, 'usual again', 'usual'), false)
    it.clock.advance(990)
    assert.equal(send(it, 'usual later', 'usual'), true)
  })

  it('tells ids apart by their values, long ones as well', () => {
    const it = DelaysUnderTest.inMemory()
    declare(it)
    const long = 'x'.repeat(5000)
    const ids = ['1', 1, true, 'true', `${long}1`, `${long}2`]
    const arrived = [...ids, ...ids].map((id) => send(it, 'm', id))
    assert.deepEqual(arrived, [...ids.map(() => true), ...ids.map(() => false)])
  })

  it('takes one of two with the same id in a transaction', () => {
    const it = DelaysUnderTest.inMemory()
    declare(it)
    const headers = { 'x-deduplication-header': 'a' }
    it.commit(['first', 'second'], undefined, { headers })
    assert.deepEqual(texts(it), ['first'])
    assert.equal(send(it, 'third', 'a'), false)
  })

  it('does not know a message that went nowhere, or that a full queue refused', () => {
    const it = DelaysUnderTest.inMemory()
    const args = { 'x-cache-size': 100 }
    it.declareWith('x', 'x-message-deduplication', { args })
    assert.equal(send(it, 'unrouted', 'a'), false)
    it.queueWith('q', 'x', { 'x-max-length': 1, 'x-overflow': 'reject-publish' })
    assert.equal(send(it, 'again', 'a'), true)
    send(it, 'refused', 'b')
    assert.deepEqual(texts(it), ['again'])
    assert.equal(send(it, 'has room', 'b'), true)
    assert.deepEqual(texts(it), ['has room'])
  })

  it('refuses a size that all of them together may not have', () => {
    const it = DelaysUnderTest.inMemory()
    const { deduplicationIdsMax: countMax } = brokerLimits
    declare(it, { 'x-cache-size': countMax - 1 })
    const more = (size: number): void =>
      it.declare('y', 'x-message-deduplication', { 'x-cache-size': size })
    assert.throws(() => more(2), /'x-cache-size' of all exchanges together is at most 500000/)
    more(1)
    it.deleteExchange('x')
    it.declare('z', 'x-message-deduplication', { 'x-cache-size': countMax - 1 })
  })
})

describe('what exchanges that deduplicate know, on a disk', () => {
  it('outlives a restart in its order, but for what is in memory', async () => {
    const disk = new DelaysOnDisk()
    const first = await disk.start()
    declare(first, { 'x-cache-size': 3 })
    first.declare('memory', 'x-message-deduplication', {
      'x-cache-size': 3,
      'x-cache-persistence': 'memory',
    })
    first.bindExchange('x', 'memory')
    const headers = { 'x-deduplication-header': 'm' }
    first.publish('m', undefined, { exchange: 'memory', headers })
    for (const id of ['a', 'b', 'c']) send(first, id, id)
    await disk.until(() => first.isConfirmed)
    await disk.stop(first)

    const second = await disk.start()
    assert.equal(send(second, 'b', 'b'), false)
    // It makes a go, which is the oldest by now.
    assert.equal(send(second, 'd', 'd'), true)
    assert.deepEqual(
      ['b', 'c', 'd', 'a'].map((id) => send(second, id, id)),
      [false, false, false, true],
    )
    second.publish('m', undefined, { exchange: 'memory', headers })
    assert.deepEqual(
      (await disk.take(second, 7)).map(({ text }) => text),
      ['m', 'a', 'b', 'c', 'd', 'a', 'm'],
    )
    await disk.stop(second)
  })

  it('is neither lost nor more than what was taken, wherever power fails', async () => {
    for (let seed = 1; seed <= 10; seed++) await failAgainAndAgain(seed, declare)
  })

  it('is the same of a queue that deduplicates', async () => {
    for (let seed = 1; seed <= 10; seed++) await failAgainAndAgain(seed, declareQueue)
  })

  it('is forgotten with the messages of a queue, or with the queue', async () => {
    const disk = new DelaysOnDisk()
    const first = await disk.start()
    declareQueue(first)
    first.queueWith('gone', 'x', { 'x-message-deduplication': true })
    for (let id = 0; id < 50; id++) send(first, 'm', id)
    await disk.take(first, 50)
    send(first, 'm', 'last')
    first.broker.deleteQueue(first.broker.getVHost('/').getQueue('gone'))
    await disk.until(() => first.isConfirmed)
    await disk.stop(first)
    // What has left is forgotten at the start.
    await disk.stop(await disk.start())

    const third = await disk.start()
    const ids = [...disk.state.keys()].filter((key) => key.startsWith('dedup-queue/'))
    assert.equal(ids.length, 1)
    assert.deepEqual((await disk.take(third, 1)).length, 1)
    await disk.stop(third)
  })

  it('goes with the exchange: one of the same name knows nothing, now and later', async () => {
    const disk = new DelaysOnDisk()
    const first = await disk.start()
    declare(first)
    for (let id = 0; id < 90; id++) send(first, 'old', id)
    first.deleteExchange('x')
    first.declare('x', 'x-message-deduplication', { 'x-cache-size': 5 })
    first.bindQueue('q', 'x')
    assert.equal(send(first, 'new', 1), true)
    await disk.until(() => first.isConfirmed)
    disk.crash(seededRandom(1))

    const second = await disk.start()
    assert.equal(send(second, 'new', 1), false)
    assert.equal(send(second, 'newer', 2), true)
    await disk.until(() => second.isConfirmed)
    await disk.stop(second)

    const third = await disk.start()
    const ids = [...disk.state.keys()].filter((key) => key.startsWith('dedup-id/'))
    assert.equal(ids.length, 2)
    await disk.stop(third)
  })
})

/** Each id is sent until it is confirmed, and once more at the end; all must be in the queue once. */
async function failAgainAndAgain(
  seed: number,
  prepare: (it: DelaysUnderTest) => void,
): Promise<void> {
  const random = seededRandom(seed)
  const disk = new DelaysOnDisk()
  let it = await disk.start()
  prepare(it)
  let next = 0
  for (let life = 0; life < 6; life++) {
    for (let turns = 1 + random.below(20); turns > 0; turns--) {
      send(it, `${next}`, next)
      // A repeat is confirmed no sooner than the first is there to stay.
      if (random.below(2) === 0) send(it, `${next}`, next)
      assert.equal(it.isConfirmed, false)
      await disk.turn()
      if (it.isConfirmed) next++
    }
    disk.crash(random)
    it = await disk.start()
  }
  for (let id = 0; id < next; id++) send(it, `${id}`, id)
  const found = (await disk.take(it, next)).map(({ text }) => Number(text))
  const expected = Array.from({ length: found.length }, (_, id) => id)
  assert.deepEqual(found, expected, `seed ${seed}`)
  assert.ok(found.length === next || found.length === next + 1)
  await disk.stop(it)
}
