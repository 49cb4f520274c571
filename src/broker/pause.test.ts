// A paused queue keeps what it has and gets more; nobody gets any of it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { QueueUnderTest, textOf } from '../../test/support/queue-under-test.ts'
import { RecordView } from '../record/message/record-view.ts'
import { forgetPause, type PausingBroker, pauseQueue, restorePauses, resumeQueue } from './pause.ts'

function brokerOf(it: QueueUnderTest): PausingBroker {
  return { store: it.store, clock: { now: () => 1234 }, workQueues: () => [it.queue] }
}

function endTurns({ clock }: QueueUnderTest): void {
  while (clock.turnSize > 0) clock.endTurn()
}

test('nothing is delivered or taken until it is resumed, and nothing is lost', () => {
  const it = new QueueUnderTest()
  const broker = brokerOf(it)
  pauseQueue(broker, it.queue)
  assert.equal(it.queue.pausedAt, 1234)
  const got: string[] = []
  it.queue.addConsumer(
    {
      canTake: () => true,
      deliver: (_consumer, view) => got.push(textOf(view)),
      onSettled: () => undefined,
      onCancelled: () => undefined,
    },
    { tag: 't', isNoAck: false, isExclusive: false, prefetch: 0, arguments: it.queue.arguments },
  )
  for (const text of 'abc') it.publish(text)
  endTurns(it)
  assert.deepEqual(got, [])
  assert.equal(it.queue.take(new RecordView()), 'empty')
  assert.equal(it.queue.readyCount, 3)
  resumeQueue(broker, it.queue)
  endTurns(it)
  assert.deepEqual(got.join(''), 'abc')
  it.publish('d')
  endTurns(it)
  assert.deepEqual(got.join(''), 'abcd')
})

test('a pause is put back at a start, and forgotten with its queue', () => {
  const it = new QueueUnderTest()
  const broker = brokerOf(it)
  const at = Buffer.alloc(8)
  at.writeDoubleBE(99)
  const state = new Map([
    [`paused/${it.queue.id}`, at],
    ['paused/12345', at],
    ['group/x', at],
  ])
  restorePauses(broker, state)
  assert.equal(it.queue.pausedAt, 99)
  forgetPause(it.store, it.queue)
  resumeQueue(broker, it.queue)
  assert.equal(it.queue.pausedAt, 0)
})
