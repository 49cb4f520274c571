import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NotingSink, QueueUnderTest } from '../../../test/support/queue-under-test.ts'
import { table } from '../../record/message/field-table.ts'
import { RecordView } from '../../record/message/record-view.ts'

const noTime = { expiration: '0' }

test('a message without time goes to a consumer who has room when it comes', () => {
  const it = new QueueUnderTest()
  const sink = new NotingSink()
  it.consume(sink)
  for (const text of ['first', 'second']) it.publish(text, noTime)
  it.settle()
  assert.deepEqual(sink.texts, ['first', 'second'])
})

test('a message without time does not wait behind another one', () => {
  const it = new QueueUnderTest()
  it.publish('head')
  it.publish('no time', noTime)
  it.publish('stays')
  it.clock.advance(10)
  const sink = new NotingSink()
  it.consume(sink)
  it.settle()
  assert.deepEqual(sink.texts, ['head', 'stays'])
})

test('a message without time does not wait for whoever gets the one before it', () => {
  const it = new QueueUnderTest()
  const view = new RecordView()
  it.publish('head')
  it.publish('no time', noTime)
  it.clock.advance(10)
  // The first delivery waits for its mark to be durable.
  assert.equal(it.queue.take(view), 'wait')
  it.settle()
  assert.equal(it.queue.take(view), 'record')
  assert.equal(it.queue.take(view), 'empty')
})

test('a consumer with room gets a message without time also when the head was to be looked at', () => {
  const it = new QueueUnderTest()
  const sink = new NotingSink()
  it.consume(sink)
  it.publish('first', { expiration: '1000' })
  it.clock.endOneTurn()
  // The head is looked at in the next turn, for which that was arranged before this message came.
  it.publish('no time', noTime)
  it.settle()
  assert.deepEqual(sink.texts, ['first', 'no time'])
})

test('a message without time does not wait behind one of a higher priority', () => {
  const it = new QueueUnderTest({ arguments: table({ 'x-max-priority': 9 }) })
  it.publish('no time', { ...noTime, priority: 1 })
  const sink = new NotingSink()
  it.publish('head', { priority: 5 })
  it.clock.advance(10)
  it.publish('late', { ...noTime, priority: 2 })
  it.publish('stays', { priority: 2 })
  it.clock.advance(10)
  it.consume(sink)
  it.settle()
  assert.deepEqual(sink.texts, ['head', 'stays'])
})
