import assert from 'node:assert/strict'
import { test } from 'node:test'
import { QueueUnderTest } from '../../../test/support/queue-under-test.ts'
import { table } from '../../record/message/field-table.ts'
import { RecordView } from '../../record/message/record-view.ts'
import { withLeftCount } from './count-left.ts'

/** Takes a message; returns it and how many are left. */
function get({ queue }: QueueUnderTest): [text: string, left: number] {
  const view = new RecordView()
  assert.equal(queue.take(view), 'record')
  const got: [string, number][] = []
  withLeftCount(queue, view, (left) => {
    got.push([view.body.toString('utf8', view.bodyStart, view.bodyEnd), left])
  })
  assert.equal(got.length, 1)
  return got[0]!
}

/** Some messages wait, two of which expire behind the first one. */
function fill(it: QueueUnderTest, texts: readonly string[] = ['1', 'x', 'x', '2']): void {
  for (const text of texts) it.publish(text, text === 'x' ? { expiration: '5' } : {})
  // The first delivery waits for its mark to be durable.
  it.settle()
  assert.equal(it.queue.take(new RecordView()), 'wait')
  it.settle()
}

test('what has expired and comes to the head is not counted any more', () => {
  const it = new QueueUnderTest()
  fill(it)
  it.clock.advance(10)
  assert.deepEqual(get(it), ['1', 1])
  assert.equal(it.queue.readyCount, 1)
  assert.deepEqual(get(it), ['2', 0])
})

test('what has not expired, or is behind such a message, is counted', () => {
  const it = new QueueUnderTest()
  fill(it, ['1', '2', 'x', 'x'])
  assert.deepEqual(get(it), ['1', 3])
  it.clock.advance(10)
  assert.deepEqual(get(it), ['2', 0])
})

test('a quorum queue counts all, as in RabbitMQ', () => {
  const it = new QueueUnderTest({ type: 'quorum' })
  fill(it)
  it.clock.advance(10)
  assert.deepEqual(get(it), ['1', 3])
})

test('what leaves so dies as always, and once', () => {
  const it = new QueueUnderTest({ arguments: table({ 'x-dead-letter-exchange': 'dlx' }) })
  fill(it)
  it.clock.advance(10)
  assert.deepEqual(get(it), ['1', 1])
  it.settle()
  assert.deepEqual(it.dead, [
    [1, 'expired'],
    [2, 'expired'],
  ])
})
