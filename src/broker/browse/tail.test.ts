import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { openManagedBroker } from '../../../test/support/managed-broker.ts'
import { messageOf } from '../../../test/support/queue-under-test.ts'
import { waitFor } from '../../../test/support/wait-for.ts'
import { encodeContentHeader } from '../../record/message/content-header.ts'
import { emptyTable } from '../../record/message/field-table.ts'
import type { Broker } from '../broker.ts'
import { declareQueue } from '../declare-queue.ts'
import type { Queue } from '../queue/queue.ts'
import { readPlace } from './tail-place.ts'
import { Tail, type TailAsked, type TailItem } from './tail.ts'

let broker: Broker
let queue: Queue
beforeEach(() => {
  broker = openManagedBroker().broker
  queue = declareQueue(broker, broker.getVHost('/'), {
    name: 'q',
    durable: true,
    exclusive: false,
    autoDelete: false,
    arguments: emptyTable,
    connection: {},
  }).queue as Queue
})

async function publish(...texts: readonly string[]): Promise<void> {
  for (const text of texts) {
    broker.store.beginAtom()
    const message = messageOf(text)
    message.header = encodeContentHeader(message.bodyEnd, {})
    message.headerEnd = message.header.length
    queue.publish(message, -1)
    broker.store.endAtom()
    await waitFor('the message to be durable', () => broker.store.uncommittedSize === 0)
  }
}

function open(start: TailAsked['start']): Promise<Tail> {
  return Tail.open(queue, { start, lastCount: 1, payloadSizeMax: 100 }, broker)
}

const shown = (items: readonly TailItem[]): unknown[] =>
  items.map((item) => (item.kind === 'message' ? String(item.message.payload) : item.count))

test('what was acked before it could be shown is told as a gap, and nothing twice', async () => {
  const first = await open({ kind: 'next' })
  const { place } = first
  first.end('enough')
  await publish('a', 'b', 'c')
  broker.purgeQueue(queue)
  await publish('d')
  const second = await open({ kind: 'place', place: readPlace(place)! })
  const items = await second.next()
  assert.deepEqual(shown(items), [3, 'd'])
  await publish('e')
  assert.deepEqual(shown(await second.next()), ['e'])
})

test('what was acked before somebody followed is no gap', async () => {
  await publish('a', 'b')
  broker.purgeQueue(queue)
  await publish('c')
  const tail = await open({ kind: 'head' })
  assert.deepEqual(shown(await tail.next()), ['c'])
})

test('while somebody waits, what is purged at once is shown; while nobody does, nothing is kept', async () => {
  const tail = await open({ kind: 'next' })
  const waiting = tail.next()
  await publish('a')
  broker.purgeQueue(queue)
  assert.deepEqual(shown(await waiting), ['a'])
  tail.pause()
  await publish('b')
  broker.purgeQueue(queue)
  assert.equal(queue.log.tail.length, 0)
  await publish('c')
  assert.deepEqual(shown(await tail.next()), [1, 'c'])
  tail.end('enough')
  assert.equal(queue.log.cursors.length, 1)
  assert.equal(queue.log.lookers, undefined)
})

test('a tail that is ended resolves whoever waits', async () => {
  const tail = await open({ kind: 'next' })
  const waiting = tail.next()
  tail.end('enough')
  assert.deepEqual(await waiting, [])
  assert.equal(tail.endReason, 'enough')
})
