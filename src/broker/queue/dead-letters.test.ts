import assert from 'node:assert/strict'
import { test } from 'node:test'
import { QueueUnderTest } from '../../../test/support/queue-under-test.ts'
import { brokerLimits } from '../../limits/broker.ts'
import { table } from '../../record/message/field-table.ts'
import { RecordView } from '../../record/message/record-view.ts'

test('dead letters that take long go on in the next turn, in their order: sockets are read in between', () => {
  const it = new QueueUnderTest({ arguments: table({ 'x-dead-letter-exchange': 'graves' }) })
  const count = 10 * brokerLimits.dispatchBetweenLooks
  const view = new RecordView()
  for (let index = 0; index < count; index++) it.publish('dies')
  while (it.queue.readyCount > 0) {
    it.settle()
    while (it.queue.take(view) === 'record');
  }
  for (let offset = 0; offset < count; offset++) it.queue.settle(offset, 'reject')
  it.deadLetterMs = 1
  const perTurn: number[] = []
  for (let before = 0; it.clock.endOneTurn() || it.clock.nextTimer(); before = it.dead.length) {
    perTurn.push(it.dead.length - before)
  }
  assert.equal(Math.max(...perTurn), brokerLimits.dispatchBetweenLooks)
  assert.deepEqual(
    it.dead.map(([offset]) => offset),
    Array.from({ length: count }, (_, offset) => offset),
  )
})

/** A queue with dead letters, and `whenMoved` of what is rejected now. */
function rejectOne(it: QueueUnderTest): { isTold: boolean } {
  it.publish('dies')
  const view = new RecordView()
  while (it.queue.take(view) === 'wait') it.settle()
  it.queue.settle(view.offset, 'reject')
  const told = { isTold: false }
  it.queue.ends.deadLetters?.whenMoved(() => (told.isTold = true))
  return told
}

test('who asks is told when the dead have been moved, or may take long', () => {
  const graves = table({ 'x-dead-letter-exchange': 'graves' })
  const moving = new QueueUnderTest({ arguments: graves })
  const moved = rejectOne(moving)
  assert.equal(moved.isTold, false)
  moving.settle()
  assert.deepEqual([moved.isTold, moving.dead.length], [true, 1])

  const gone = new QueueUnderTest({ arguments: graves })
  const lost = rejectOne(gone)
  gone.queue.onDeleted()
  assert.equal(lost.isTold, true)

  const short = new QueueUnderTest({ arguments: graves })
  const waits = rejectOne(short)
  short.shortage.set('disk', true)
  short.settle()
  assert.deepEqual([waits.isTold, short.dead.length], [true, 0])
  assert.equal(rejectOne(short).isTold, true)
  short.shortage.set('disk', false)
  short.settle()
  assert.equal(short.dead.length, 2)
})
