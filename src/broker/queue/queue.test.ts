import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { NotingSink, QueueUnderTest, textOf } from '../../../test/support/queue-under-test.ts'
import { type Random } from '../../lib/random.ts'
import { brokerLimits } from '../../limits/broker.ts'
import { RecordView } from '../../record/message/record-view.ts'
import { seededRandom } from '../../testing/seeded-random.ts'

const texts = (count: number): string[] => Array.from({ length: count }, (_, index) => `m${index}`)

test('consumers take turns', () => {
  const it = new QueueUnderTest()
  const sinks = [new NotingSink(), new NotingSink(), new NotingSink()]
  for (const sink of sinks) it.consume(sink)
  for (const text of texts(6)) it.publish(text)
  it.settle()
  assert.deepEqual(
    sinks.map((sink) => sink.texts),
    [
      ['m0', 'm3'],
      ['m1', 'm4'],
      ['m2', 'm5'],
    ],
  )
})

test('a consumer gets no more than its prefetch until something is settled', () => {
  const it = new QueueUnderTest()
  const sink = new NotingSink()
  const consumer = it.consume(sink, { prefetch: 2 })
  for (const text of texts(4)) it.publish(text)
  it.settle()
  assert.deepEqual(sink.texts, ['m0', 'm1'])
  consumer.settle(sink.offsets[0] ?? -1, 'ack')
  it.settle()
  assert.deepEqual(sink.texts, ['m0', 'm1', 'm2'])
})

test('deliveries from a backlog wait for slow commits only a few times', () => {
  const delayMs = 100
  const random: Random = { ...seededRandom(1), below: (limit) => limit - 1, next: () => 0.5 }
  const it = new QueueUnderTest({ chaos: { random, delayMsMax: delayMs } })
  const count = 16 * brokerLimits.deliveredMarkAhead
  for (let n = 0; n < count; n++) it.publish('m')
  it.settle()
  const start = it.clock.monotonic()
  const sink = new NotingSink()
  it.consume(sink)
  it.settle()
  assert.equal(sink.texts.length, count)
  assert.ok(it.clock.monotonic() - start <= 5 * delayMs, `${it.clock.monotonic() - start} ms`)
})

test('deliveries that take long go on in the next turn: sockets are read in between', () => {
  const it = new QueueUnderTest()
  const count = 10 * brokerLimits.dispatchBetweenLooks
  for (const text of texts(count)) it.publish(text)
  it.settle()
  const sink = new NotingSink()
  it.consume({
    deliver(consumer, record, isRedelivered) {
      sink.deliver(consumer, record, isRedelivered)
      it.clock.pass(1)
    },
    canTake: () => true,
    onSettled: () => undefined,
    onCancelled: () => undefined,
  })
  const perTurn: number[] = []
  for (let before = 0; it.clock.endOneTurn() || it.clock.nextTimer(); before = sink.texts.length) {
    perTurn.push(sink.texts.length - before)
  }
  assert.equal(Math.max(...perTurn), brokerLimits.dispatchBetweenLooks)
  assert.deepEqual(sink.texts, texts(count))
})

test('a requeued message goes back to its place and is marked as redelivered', () => {
  const it = new QueueUnderTest()
  const view = new RecordView()
  for (const text of texts(3)) it.publish(text)
  it.settle()
  it.queue.take(view)
  it.settle()
  for (const expected of ['m0', 'm1']) {
    assert.equal(it.queue.take(view), 'record')
    assert.equal(it.queue.isRedelivered, false)
    assert.equal(textOf(view), expected)
  }
  it.queue.settle(1, 'requeue')
  it.queue.settle(0, 'requeue')
  for (const [expected, isRedelivered] of [
    ['m0', true],
    ['m1', true],
    ['m2', false],
  ] as const) {
    assert.equal(it.queue.take(view), 'record')
    assert.equal(it.queue.isRedelivered, isRedelivered)
    assert.equal(textOf(view), expected)
  }
})

test('an exclusive consumer keeps others out, and others keep it out', () => {
  const it = new QueueUnderTest()
  const exclusive = it.consume(new NotingSink(), { isExclusive: true })
  assert.throws(() => it.consume(new NotingSink()), { code: 'access_refused' })
  it.queue.removeConsumer(exclusive)
  it.consume(new NotingSink())
  assert.throws(() => it.consume(new NotingSink(), { isExclusive: true }), {
    code: 'access_refused',
  })
})

test('an auto-delete queue is unused when its last consumer is gone, and not before it had one', () => {
  const it = new QueueUnderTest({ isAutoDelete: true })
  it.settle()
  assert.equal(it.unusedCount, 0)
  const consumers = [it.consume(new NotingSink()), it.consume(new NotingSink())]
  for (const consumer of consumers) it.queue.removeConsumer(consumer)
  assert.equal(it.unusedCount, 1)
})

test('purge() drops what is ready and leaves what is unacked', () => {
  const it = new QueueUnderTest()
  const sink = new NotingSink()
  it.consume(sink, { prefetch: 2 })
  for (const text of texts(5)) it.publish(text)
  it.settle()
  it.store.beginAtom()
  assert.equal(it.queue.purge(), 3)
  it.store.endAtom()
  assert.deepEqual([it.queue.messageCount, it.queue.unackedCount, it.queue.readyCount], [2, 2, 0])
  it.queue.settle(0, 'requeue')
  it.store.beginAtom()
  assert.equal(it.queue.purge(), 1)
  it.store.endAtom()
  it.settle()
  assert.deepEqual(sink.texts, ['m0', 'm1'])
})

test('deleting a queue tells its consumers and forgets its messages', () => {
  const it = new QueueUnderTest()
  const sink = new NotingSink()
  it.consume(sink)
  it.publish('m')
  it.queue.onDeleted()
  it.settle()
  assert.deepEqual([sink.cancelledCount, sink.texts.length, it.queue.messageCount], [1, 0, 0])
  it.queue.settle(0, 'ack')
  it.queue.settle(0, 'requeue')
  assert.equal(it.queue.unackedCount, 0)
})

test('a consumer that is cancelled while the queue is empty is let go', async () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const it = new QueueUnderTest()
  const come = (): WeakRef<NotingSink> => {
    const sink = new NotingSink()
    it.queue.removeConsumer(it.consume(sink))
    return new WeakRef(sink)
  }
  const gone = Array.from({ length: 10 }, come)
  it.settle()
  await new Promise((resolve) => setImmediate(resolve))
  collect()
  assert.equal(gone.filter((each) => each.deref() !== undefined).length, 0)
})
