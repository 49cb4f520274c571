// Policies change what a queue that has messages does with them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NotingSink, QueueUnderTest, textOf } from '../../../test/support/queue-under-test.ts'
import { brokerLimits } from '../../limits/broker.ts'
import type { PolicyDefinition } from '../../meta/topology-change.ts'
import { table } from '../../record/message/field-table.ts'
import { RecordView } from '../../record/message/record-view.ts'

/** Ends turns until nothing is left to do but to wait. */
function settle({ clock }: QueueUnderTest): void {
  while (clock.turnSize > 0) clock.endTurn()
}

function apply(it: QueueUnderTest, definition: PolicyDefinition | undefined): boolean {
  const names = { policy: 'p', operatorPolicy: undefined }
  const mustForgetRoutes = it.queue.applyPolicy(definition && { ...names, definition })
  settle(it)
  return mustForgetRoutes
}

function filled(...texts: string[]): QueueUnderTest {
  const it = new QueueUnderTest()
  for (const text of texts) it.publish(text)
  settle(it)
  return it
}

/** Takes all messages away. */
function rest(it: QueueUnderTest): string[] {
  const texts: string[] = []
  const view = new RecordView()
  for (;;) {
    const result = it.queue.take(view, true)
    if (result === 'empty') return texts
    if (result === 'record') {
      texts.push(textOf(view))
      it.queue.drop(view.offset)
    }
    settle(it)
  }
}

const one = { count: 1, size: 1 }

test('a limit that appears drops what is over it, and one that goes lets more in', () => {
  const it = filled('a', 'b', 'c', 'd')
  apply(it, { 'max-length': 2 })
  assert.equal(it.queue.readyCount, 2)
  it.publish('e')
  settle(it)
  apply(it, { 'max-length': 3 })
  it.publish('f')
  settle(it)
  assert.equal(it.queue.readyCount, 3)
  apply(it, undefined)
  assert.equal(it.queue.policy, undefined)
  it.publish('g')
  settle(it)
  assert.deepEqual(rest(it), ['d', 'e', 'f', 'g'])
})

test('a time to live that appears acts on what waits, from when it came', () => {
  const it = filled('a')
  it.clock.advance(600)
  it.publish('b')
  settle(it)
  apply(it, { 'message-ttl': 1000 })
  it.clock.advance(400)
  settle(it)
  assert.equal(it.queue.messageCount, 1)
  it.clock.advance(600)
  settle(it)
  assert.equal(it.queue.messageCount, 0)
})

test('a time to live that goes leaves what waits', () => {
  const it = filled('a')
  apply(it, { 'message-ttl': 1000 })
  it.clock.advance(500)
  apply(it, { 'max-length': 5 })
  it.clock.advance(1000)
  settle(it)
  assert.deepEqual(rest(it), ['a'])
})

test('a time without use begins when it is set, and ends when it is not any more', () => {
  const it = new QueueUnderTest()
  it.clock.advance(5000)
  apply(it, { expires: 1000 })
  it.clock.advance(600)
  apply(it, { expires: 1000, 'max-length': 1 })
  it.clock.advance(399)
  assert.equal(it.unusedCount, 0)
  it.clock.advance(1)
  assert.equal(it.unusedCount, 1)
  apply(it, { expires: 1000 })
  apply(it, undefined)
  it.clock.advance(5000)
  assert.equal(it.unusedCount, 1)
})

test('routes are found again when a queue begins or ceases to refuse messages', () => {
  const it = filled('a')
  assert.equal(apply(it, { 'max-length': 1 }), false)
  assert.equal(apply(it, { 'max-length': 1, overflow: 'reject-publish' }), true)
  assert.deepEqual([it.queue.mayRefuse, it.queue.hasRoomFor(one)], [true, false])
  assert.equal(apply(it, { 'max-length': 2, overflow: 'reject-publish' }), false)
  assert.equal(it.queue.hasRoomFor(one), true)
  assert.equal(apply(it, undefined), true)
  assert.equal(it.queue.mayRefuse, false)
})

test('a limit of bytes that appears counts what waits, and drops it', () => {
  const count = 3 * brokerLimits.dispatchPerTurnMax
  const it = filled(...Array.from({ length: count }, (_, number) => String(number).padStart(10)))
  apply(it, { 'max-length-bytes': 95 })
  assert.equal(it.queue.readyCount, 9)
  it.publish('x'.repeat(20))
  settle(it)
  assert.equal(it.queue.readyCount, 8)
  apply(it, undefined)
  apply(it, { 'max-length-bytes': 50 })
  assert.equal(it.queue.readyCount, 4)
  assert.equal(rest(it).at(-1), 'x'.repeat(20))
})

test('what is delivered while it is counted counts when it comes back', () => {
  const it = filled('aaaa', 'bbbb', 'cccc', 'dddd')
  const sink = new NotingSink()
  // All in one turn: it is delivered before anything is counted.
  const consumer = it.consume(sink, { prefetch: 2 })
  apply(it, { 'max-length-bytes': 12 })
  assert.deepEqual(sink.texts, ['aaaa', 'bbbb'])
  assert.equal(it.queue.readyCount, 2)
  for (const offset of sink.offsets.slice(0, 2)) consumer.settle(offset, 'requeue')
  it.queue.removeConsumer(consumer)
  settle(it)
  assert.deepEqual(rest(it), ['bbbb', 'cccc', 'dddd'])
})

/** A queue of four messages, the first two with a consumer; its sink and consumer. */
function withTwoDelivered(
  it: QueueUnderTest,
): readonly [NotingSink, ReturnType<QueueUnderTest['consume']>] {
  const sink = new NotingSink()
  const consumer = it.consume(sink, { prefetch: 2 })
  settle(it)
  assert.deepEqual(sink.texts, ['aaaa', 'bbbb'])
  return [sink, consumer]
}

test('what came back before there was a limit of bytes is counted', () => {
  const it = filled('aaaa', 'bbbb', 'cccc', 'dddd')
  const [sink, consumer] = withTwoDelivered(it)
  it.queue.removeConsumer(consumer)
  for (const offset of sink.offsets) consumer.settle(offset, 'requeue')
  settle(it)
  apply(it, { 'max-length-bytes': 12 })
  assert.equal(it.queue.readyCount, 3)
  it.publish('eeee')
  settle(it)
  assert.deepEqual(rest(it), ['cccc', 'dddd', 'eeee'])
})

test('what was delivered before there was a limit of bytes is counted when it comes back', () => {
  const it = filled('aaaa', 'bbbb', 'cccc', 'dddd')
  const [first, consumer] = withTwoDelivered(it)
  apply(it, { 'max-length-bytes': 12 })
  it.queue.removeConsumer(consumer)
  for (const offset of first.offsets) consumer.settle(offset, 'requeue')
  settle(it)
  assert.equal(it.queue.readyCount, 3)
  // What has been counted leaves the count with its next delivery, and comes back to it.
  const second = new NotingSink()
  const next = it.consume(second, { prefetch: 1 })
  settle(it)
  it.publish('eeee')
  settle(it)
  assert.deepEqual([it.queue.readyCount, second.texts], [3, ['bbbb']])
  it.queue.removeConsumer(next)
  next.settle(second.offsets[0]!, 'requeue')
  settle(it)
  assert.deepEqual(rest(it), ['cccc', 'dddd', 'eeee'])
})

test('what waits for its next try is counted when that comes, where the limit appeared before', () => {
  const args = { 'x-delayed-retry-type': 'all', 'x-delayed-retry-min': 100 }
  const it = new QueueUnderTest({ type: 'quorum', arguments: table(args) })
  for (const text of ['aaaa', 'bbbb', 'cccc', 'dddd']) it.publish(text)
  settle(it)
  const [sink, consumer] = withTwoDelivered(it)
  it.queue.removeConsumer(consumer)
  for (const offset of sink.offsets) consumer.settle(offset, 'fail')
  settle(it)
  apply(it, { 'max-length-bytes': 12 })
  assert.equal(it.queue.readyCount, 2)
  it.clock.advance(100)
  settle(it)
  assert.equal(it.queue.readyCount, 3)
})
