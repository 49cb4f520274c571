import assert from 'node:assert/strict'
import { test } from 'node:test'
import { QueueUnderTest } from '../../../test/support/queue-under-test.ts'
import { brokerLimits } from '../../limits/broker.ts'
import { table } from '../../record/message/field-table.ts'

const mortal = {
  'x-message-ttl': 10,
  'x-dead-letter-exchange': 'graves',
  'x-dead-letter-strategy': 'at-least-once',
  'x-overflow': 'reject-publish',
}

/** A queue whose messages have died and found no queue. */
function keeping(args: Parameters<typeof table>[0], ...texts: string[]): QueueUnderTest {
  const it = new QueueUnderTest({ type: 'quorum', arguments: table({ ...mortal, ...args }) })
  it.hasGraveyard = false
  for (const text of texts) it.publish(text)
  it.clock.advance(10)
  return it
}

test('dead letters that found no queue are tried again when routes have changed, and not before', () => {
  const it = keeping({}, 'a', 'b')
  assert.equal(it.keptNoticeCount, 1)
  it.hasGraveyard = true
  it.clock.advance(10 * brokerLimits.keptDeadLettersLookMs)
  assert.deepEqual(it.dead, [])
  it.routesVersion++
  it.clock.advance(brokerLimits.keptDeadLettersLookMs)
  assert.deepEqual(it.dead, [
    [0, 'expired'],
    [1, 'expired'],
  ])
  assert.equal(it.queue.messageCount, 0)
})

test('they are told of once in a while, however often routes change', () => {
  const { keptDeadLettersLookMs, keptDeadLettersTellMs } = brokerLimits
  const it = keeping({}, 'a')
  const passAfterChange = (): void => {
    it.routesVersion++
    it.clock.advance(keptDeadLettersLookMs)
  }
  const triesUntilTold = keptDeadLettersTellMs / keptDeadLettersLookMs
  for (let count = 1; count < triesUntilTold; count++) passAfterChange()
  assert.equal(it.keptNoticeCount, 1)
  // The next try comes within a minute.
  for (let count = 0; count <= triesUntilTold; count++) passAfterChange()
  assert.equal(it.keptNoticeCount, 2)
})

test('they are dropped when a policy lets the queue drop messages', () => {
  const it = keeping({}, 'a')
  const names = { policy: 'p', operatorPolicy: undefined }
  it.queue.applyPolicy({ ...names, definition: { overflow: 'drop-head' } })
  it.clock.advance(1)
  it.hasGraveyard = true
  it.routesVersion++
  it.clock.advance(2 * brokerLimits.keptDeadLettersLookMs)
  assert.deepEqual(it.dead, [])
})

test('they count for the limits of the queue', () => {
  const it = keeping({ 'x-max-length': 3, 'x-max-length-bytes': 10 }, 'one', 'two')
  assert.equal(it.queue.hasRoomFor({ count: 1, size: 4 }), true)
  assert.equal(it.queue.hasRoomFor({ count: 2, size: 4 }), false)
  assert.equal(it.queue.hasRoomFor({ count: 1, size: 5 }), false)
})

test('a queue without a limit takes no messages either when very many are kept', () => {
  const { keptDeadLettersMax } = brokerLimits
  Object.assign(brokerLimits, { keptDeadLettersMax: 2 })
  try {
    assert.equal(keeping({}, 'a').queue.hasRoomFor({ count: 1, size: 1 }), true)
    const { queue } = keeping({}, 'a', 'b')
    assert.deepEqual([queue.mayRefuse, queue.hasRoomFor({ count: 1, size: 1 })], [true, false])
  } finally {
    Object.assign(brokerLimits, { keptDeadLettersMax })
  }
})

test('routes that change all the time have them tried less and less often', () => {
  const it = keeping({}, 'a')
  const changes = 100
  for (let change = 0; change < changes; change++) {
    it.routesVersion++
    it.clock.advance(brokerLimits.keptDeadLettersLookMs)
  }
  assert.ok(it.deadLetterTryCount > 3 && it.deadLetterTryCount < 10, `${it.deadLetterTryCount}`)
  it.hasGraveyard = true
  it.clock.advance(2 * brokerLimits.keptDeadLettersWaitMsMax)
  assert.deepEqual(it.dead, [[0, 'expired']])
})
