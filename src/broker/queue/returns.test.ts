import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NotingSink, QueueUnderTest, textOf } from '../../../test/support/queue-under-test.ts'
import { brokerLimits } from '../../limits/broker.ts'
import { type FieldInput, table } from '../../record/message/field-table.ts'
import { RecordView } from '../../record/message/record-view.ts'
import type { Consumer } from './consumer.ts'

function quorumQueue(args: Record<string, FieldInput> = {}): QueueUnderTest {
  return new QueueUnderTest({ type: 'quorum', arguments: table(args) })
}

/** A sink that says how often each message had come back when it got it. */
class CountingSink extends NotingSink {
  readonly counts: number[] = []

  override deliver(consumer: Consumer, record: RecordView, isRedelivered: boolean): void {
    super.deliver(consumer, record, isRedelivered)
    this.counts.push(consumer.queue.returnCountOf(record.offset))
  }
}

test('a quorum queue counts what comes back, and drops it after the limit', () => {
  const it = quorumQueue({ 'x-delivery-limit': 2 })
  const sink = new CountingSink()
  const consumer = it.consume(sink)
  it.publish('poison')
  it.settle()
  consumer.settle(0, 'requeue')
  it.settle()
  consumer.settle(0, 'fail')
  it.settle()
  assert.deepEqual(
    [sink.texts, sink.counts],
    [
      ['poison', 'poison', 'poison'],
      [0, 1, 2],
    ],
  )
  consumer.settle(0, 'requeue')
  it.settle()
  assert.deepEqual([sink.texts.length, it.queue.messageCount, it.givenUpCount], [3, 0, 1])
})

test('what came back too often is dead-lettered with its reason', () => {
  const it = quorumQueue({ 'x-delivery-limit': 0, 'x-dead-letter-exchange': 'dlx' })
  const consumer = it.consume(new NotingSink(), { prefetch: 1 })
  for (const text of ['a', 'b']) it.publish(text)
  it.settle()
  consumer.settle(0, 'fail')
  it.settle()
  assert.deepEqual([it.dead, it.givenUpCount], [[[0, 'delivery_limit']], 0])
  consumer.settle(1, 'ack')
  it.settle()
  assert.equal(it.dead.length, 1)
})

test('without an argument the limit is 20, below zero there is none, and a classic queue counts nothing', () => {
  const returnsOf = (it: QueueUnderTest): number => {
    const sink = new CountingSink()
    const consumer = it.consume(sink)
    it.publish('m')
    it.settle()
    for (let count = 0; count < 30 && it.queue.messageCount > 0; count++) {
      consumer.settle(0, 'fail')
      it.settle()
    }
    return sink.texts.length - 1
  }
  assert.equal(returnsOf(quorumQueue()), 20)
  assert.equal(returnsOf(quorumQueue({ 'x-delivery-limit': -1 })), 30)
  const classic = new QueueUnderTest()
  assert.equal(returnsOf(classic), 30)
  assert.equal(classic.queue.returnCountOf(0), 0)
})

const retry = (type: string, more: Record<string, FieldInput> = {}): QueueUnderTest =>
  quorumQueue({ 'x-delayed-retry-type': type, 'x-delayed-retry-min': 100, ...more })

/** Milliseconds until the message that came back for this reason is delivered again, each time. */
function delaysOf(it: QueueUnderTest, reasons: readonly ('requeue' | 'fail')[]): number[] {
  const sink = new NotingSink()
  const consumer = it.consume(sink)
  it.publish('m')
  it.settle()
  return reasons.map((reason) => {
    const before = it.clock.now()
    const count = sink.texts.length
    consumer.settle(0, reason)
    it.settle()
    assert.equal(sink.texts.length, count + 1)
    return it.clock.now() - before
  })
}

test('a message waits longer each time before its next try, up to the upper time', () => {
  const reasons = ['fail', 'requeue', 'fail', 'fail'] as const
  assert.deepEqual(
    delaysOf(retry('all', { 'x-delayed-retry-max': 250 }), reasons),
    [100, 200, 250, 250],
  )
  assert.deepEqual(delaysOf(retry('all'), reasons), [100, 100, 100, 100])
  assert.deepEqual(delaysOf(retry('failed'), reasons), [100, 0, 100, 100])
  assert.deepEqual(delaysOf(retry('returned'), reasons), [0, 100, 0, 0])
  assert.deepEqual(delaysOf(retry('disabled'), reasons), [0, 0, 0, 0])
})

test('a message that waits for its next try is neither ready nor unacked, and others pass it', () => {
  const it = retry('all')
  const sink = new NotingSink()
  const consumer = it.consume(sink, { prefetch: 1 })
  for (const text of ['a', 'b']) it.publish(text)
  it.clock.advance(0)
  consumer.settle(0, 'fail')
  it.clock.advance(0)
  assert.deepEqual(sink.texts, ['a', 'b'])
  const { messageCount, readyCount, unackedCount } = it.queue
  assert.deepEqual([messageCount, readyCount, unackedCount], [2, 0, 1])
  consumer.settle(1, 'ack')
  it.clock.advance(99)
  assert.deepEqual(sink.texts, ['a', 'b'])
  it.clock.advance(1)
  assert.deepEqual(sink.texts, ['a', 'b', 'a'])
})

test('a purge drops what waits for its next try', () => {
  const it = retry('all')
  const sink = new NotingSink()
  const consumer = it.consume(sink, { prefetch: 2 })
  for (const text of ['a', 'b', 'c']) it.publish(text)
  it.clock.advance(0)
  consumer.settle(0, 'fail')
  sink.isOpen = false
  it.clock.advance(0)
  it.store.beginAtom()
  const count = it.queue.purge()
  it.store.endAtom()
  it.settle()
  // One waited, one was ready, and one was unacked.
  assert.deepEqual([count, it.queue.messageCount, it.queue.unackedCount], [2, 1, 1])
  consumer.settle(1, 'ack')
  assert.equal(it.queue.cursors[0]?.floor, 3)
})

test('an earlier process counts on: what it delayed waits, what it counted keeps its count', () => {
  const it = retry('all', { 'x-delayed-retry-max': 300 })
  const sink = new NotingSink()
  const consumer = it.consume(sink)
  for (const text of ['a', 'b', 'c', 'd']) it.publish(text)
  it.clock.advance(0)
  for (const offset of [0, 2]) consumer.settle(offset, 'fail')
  it.clock.advance(100)
  consumer.settle(0, 'fail')
  consumer.settle(3, 'ack')
  it.clock.advance(1)
  const queue = it.reopen()
  assert.deepEqual([queue.messageCount, queue.readyCount], [3, 2])
  const again = new CountingSink()
  queue.addConsumer(again, {
    tag: 't',
    isNoAck: false,
    isExclusive: false,
    prefetch: 0,
    arguments: table({}),
  })
  it.clock.advance(0)
  assert.deepEqual(
    [again.texts, again.counts],
    [
      ['b', 'c'],
      [0, 1],
    ],
  )
  it.clock.advance(198)
  assert.deepEqual(again.texts, ['b', 'c'])
  it.clock.advance(1)
  assert.deepEqual(
    [again.texts, again.counts],
    [
      ['b', 'c', 'a'],
      [0, 1, 2],
    ],
  )
  assert.deepEqual(again.redelivered, [true, true, true])
})

test('with too many messages that wait for their next try no further one is tried', (t) => {
  const limits = brokerLimits as { delayedRetriesMax: number }
  const { delayedRetriesMax } = limits
  t.after(() => (limits.delayedRetriesMax = delayedRetriesMax))
  limits.delayedRetriesMax = 3
  const it = retry('all')
  const sink = new NotingSink()
  const consumer = it.consume(sink, { prefetch: 1 })
  for (const text of ['a', 'b', 'c', 'd']) it.publish(text)
  it.clock.advance(0)
  for (const offset of [0, 1, 2]) {
    consumer.settle(offset, 'fail')
    it.clock.advance(0)
  }
  assert.deepEqual(sink.texts, ['a', 'b', 'c'])
  const view = new RecordView()
  assert.equal(it.queue.take(view), 'empty')
  it.clock.advance(100)
  assert.equal(sink.texts.length, 4)
  assert.equal(it.queue.take(view), 'record')
  assert.equal(textOf(view), 'b')
})

test('messages of both priorities are counted and delayed, also by an earlier process', () => {
  const it = retry('all', { 'x-delivery-limit': 2 })
  const sink = new CountingSink()
  const consumer = it.consume(sink)
  it.publish('high', { priority: 5 })
  it.publish('low')
  it.clock.advance(0)
  assert.deepEqual(sink.texts, ['high', 'low'])
  const places = sink.offsets.splice(0)
  for (const place of places) consumer.settle(place, 'fail')
  it.clock.advance(1)
  const queue = it.reopen()
  assert.deepEqual([queue.messageCount, queue.readyCount], [2, 0])
  const again = new CountingSink()
  const second = queue.addConsumer(again, {
    tag: 't',
    isNoAck: false,
    isExclusive: false,
    prefetch: 0,
    arguments: table({}),
  })
  it.clock.advance(100)
  assert.deepEqual(
    [again.texts, again.counts],
    [
      ['high', 'low'],
      [1, 1],
    ],
  )
  assert.deepEqual(again.offsets, places)
  for (const place of places) second.settle(place, 'fail')
  it.clock.advance(200)
  for (const place of places) second.settle(place, 'fail')
  assert.deepEqual([again.counts, queue.messageCount], [[1, 1, 2, 2], 0])
})
