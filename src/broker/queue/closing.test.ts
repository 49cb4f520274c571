import assert from 'node:assert/strict'
import { test } from 'node:test'
import { QueueUnderTest } from '../../../test/support/queue-under-test.ts'
import { table } from '../../record/message/field-table.ts'

const dead = { 'x-dead-letter-exchange': 'graves' }

test('a queue that is about to be closed does not expire', () => {
  const it = new QueueUnderTest({ arguments: table({ 'x-expires': 100 }) })
  it.queue.prepareToClose()
  it.clock.advance(1000)
  assert.equal(it.unusedCount, 0)
})

test('messages of a queue that is about to be closed do not expire', () => {
  const it = new QueueUnderTest({ arguments: table({ 'x-message-ttl': 100, ...dead }) })
  it.publish('waits')
  it.clock.endTurn()
  it.queue.prepareToClose()
  it.clock.advance(1000)
  it.settle()
  assert.deepEqual(it.dead, [])
  assert.equal(it.queue.messageCount, 1)
})
