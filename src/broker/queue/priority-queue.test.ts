// What priorities do to lives and limits: those of a queue look at its head, which is that of the highest
// level with a message.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NotingSink, QueueUnderTest, textOf } from '../../../test/support/queue-under-test.ts'
import { table } from '../../record/message/field-table.ts'
import { RecordView } from '../../record/message/record-view.ts'

const view = new RecordView()

/** Takes the next message, which is unacked from now on. */
function take({ clock, queue }: QueueUnderTest): string {
  let result = queue.take(view)
  // The first one has to wait for its commit.
  while (result === 'wait' && clock.endOneTurn()) result = queue.take(view)
  return result === 'record' ? textOf(view) : result
}

test('a message whose time ran out behind a higher one goes as soon as that one is taken', () => {
  const it = new QueueUnderTest({
    arguments: table({ 'x-max-priority': 5, 'x-message-ttl': 100 }),
  })
  it.publish('first', { priority: 5 })
  assert.equal(take(it), 'first')
  it.settle()
  it.publish('low')
  it.clock.advance(60)
  it.publish('high', { priority: 5 })
  it.clock.advance(60)
  assert.equal(it.queue.readyCount, 2, 'the head lives')
  assert.equal(take(it), 'high')
  it.clock.endOneTurn()
  assert.equal(it.queue.readyCount, 0)
})

test('a message that lives as long as a higher one goes with it', () => {
  const it = new QueueUnderTest({ arguments: table({ 'x-max-priority': 5 }) })
  it.publish('low', { expiration: '50' })
  it.publish('high', { expiration: '50', priority: 5 })
  it.publish('lower')
  it.clock.advance(50)
  it.settle()
  assert.equal(it.queue.messageCount, 1)
  assert.equal(take(it), 'lower')
})

test('a limit of bytes counts those of all levels', () => {
  const it = new QueueUnderTest({
    arguments: table({ 'x-max-priority': 5, 'x-max-length-bytes': 6 }),
  })
  it.publish('aaa')
  it.publish('bb', { priority: 1 })
  it.clock.endOneTurn()
  assert.equal(it.queue.readyCount, 2)
  it.publish('cc', { priority: 2 })
  it.settle()
  assert.deepEqual([it.queue.readyCount, take(it), take(it)], [2, 'bb', 'aaa'])
})

test('a queue gets a log for each priority that comes up, and says so once', () => {
  for (const isDurable of [true, false]) {
    const it = new QueueUnderTest({ isDurable, arguments: table({ 'x-max-priority': 255 }) })
    for (const priority of [0, 9, 3, 9, 0, 3]) it.publish('m', { priority })
    it.publish('m')
    it.settle()
    assert.equal(it.queue.cursors.length, 3)
    assert.equal(it.addedLevelCount, isDurable ? 2 : 0)
    const levels = it.queue.row().levels?.map(({ priority }) => priority)
    assert.deepEqual(levels, [9, 3])
    assert.ok(it.queue.cursors.every(({ log }) => log.isVolatile === !isDurable))
    assert.ok(it.queue.cursors.every(({ log }) => log.homeAddress.equals(it.queue.log.homeAddress)))
  }
})

test('a quorum queue without high messages keeps its one log', () => {
  const it = new QueueUnderTest({ type: 'quorum' })
  for (const priority of [undefined, 0, 4]) {
    it.publish('m', priority === undefined ? {} : { priority })
  }
  assert.equal(it.queue.cursors.length, 1)
  assert.equal(it.queue.row().levels, undefined)
})

test('what comes with a higher priority is delivered while the disk brings what waits', () => {
  const it = new QueueUnderTest({ arguments: table({ 'x-max-priority': 1 }) })
  // Nobody waited for it, so it cannot be delivered before it is noted that it may have been.
  it.publish('low')
  it.settle()
  const sink = new NotingSink()
  it.consume(sink)
  it.publish('high', { priority: 1 })
  it.clock.endOneTurn()
  assert.deepEqual(sink.texts, ['high'])
  it.settle()
  assert.deepEqual(sink.texts, ['high', 'low'])
  assert.deepEqual(sink.redelivered, [false, false])
})
