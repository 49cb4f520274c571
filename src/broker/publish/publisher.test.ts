import assert from 'node:assert/strict'
import { test } from 'node:test'
import { messageOf, QueueUnderTest, textOf } from '../../../test/support/queue-under-test.ts'
import { logLimits } from '../../limits/log.ts'
import { RecordView } from '../../record/message/record-view.ts'
import { ExchangeCounters } from '../counters/exchange-counters.ts'
import type { Queue } from '../queue/queue.ts'
import { routeTo } from '../route-cache.ts'
import { MessageWatch } from '../trace/message-watch.ts'
import { Publisher } from './publisher.ts'

const exchange = new ExchangeCounters()
const cause = { kind: 'delay_over', vhost: '/' } as const

/** Several queues on one store. */
function queuesOf(
  count: number,
  isDurable: (index: number) => boolean,
): { it: QueueUnderTest; queues: Queue[] } {
  const it = new QueueUnderTest()
  const queues = Array.from({ length: count }, (_, index) =>
    it.anotherQueue({ isDurable: isDurable(index) }),
  )
  it.settle()
  return { it, queues }
}

function takeAll(it: QueueUnderTest, queue: Queue): string[] {
  const view = new RecordView()
  const texts: string[] = []
  for (;;) {
    const result = queue.take(view)
    if (result === 'empty') return texts
    if (result === 'wait') it.settle()
    else texts.push(textOf(view))
  }
}

test('a message for durable queues is an atom of the open group', () => {
  const { it, queues } = queuesOf(2, () => true)
  const publisher = new Publisher({ store: it.store, watch: new MessageWatch() })
  publisher.publish(routeTo({ queues }, exchange), messageOf('a'), cause)
  const { ticket } = publisher
  assert.ok(ticket)
  publisher.publish(routeTo({ queues }, exchange), messageOf('b'), cause)
  assert.equal(publisher.ticket, ticket)
  assert.equal(ticket.isDurable, false)
  it.settle()
  assert.equal(ticket.isDurable, true)
  for (const queue of queues) assert.deepEqual(takeAll(it, queue), ['a', 'b'])
})

test('a message for transient queues, or for none, needs no group', () => {
  const { it, queues } = queuesOf(2, () => false)
  const publisher = new Publisher({ store: it.store, watch: new MessageWatch() })
  publisher.publish(routeTo({ queues }, exchange), messageOf('a'), cause)
  assert.equal(publisher.ticket, undefined)
  publisher.publish(routeTo({ queues: [] }, exchange), messageOf('b'), cause)
  assert.equal(publisher.ticket, undefined)
  assert.equal(it.store.uncommittedSize, 0)
  for (const queue of queues) assert.deepEqual(takeAll(it, queue), ['a'])
})

test('a body that several durable queues need is stored once and read by all', () => {
  const { it, queues } = queuesOf(4, (index) => index > 0)
  const publisher = new Publisher({ store: it.store, watch: new MessageWatch() })
  const body = 'x'.repeat(logLimits.sharedBodySizeMin * 100)
  const small = 'y'.repeat(logLimits.sharedBodySizeMin - 1)
  publisher.publish(routeTo({ queues }, exchange), messageOf(body), cause)
  publisher.publish(routeTo({ queues }, exchange), messageOf(small), cause)
  assert.ok(it.store.uncommittedSize < body.length * 2)
  it.settle()
  for (const queue of queues) assert.deepEqual(takeAll(it, queue), [body, small])
})

test('messages of a transaction share the atom that the caller began', () => {
  const { it, queues } = queuesOf(2, () => true)
  const publisher = new Publisher({ store: it.store, watch: new MessageWatch() })
  it.store.beginAtom()
  for (const text of ['a', 'b'])
    publisher.publishWithinAtom(routeTo({ queues }, exchange), messageOf(text), cause)
  assert.ok(it.store.endAtom())
  it.settle()
  for (const queue of queues) assert.deepEqual(takeAll(it, queue), ['a', 'b'])
})
