import assert from 'node:assert/strict'
import { test } from 'node:test'
import { QueueUnderTest } from '../../test/support/queue-under-test.ts'
import { brokerLimits } from '../limits/broker.ts'
import { CodecError } from '../record/codec-error.ts'
import { encodeAddress } from '../record/message/address.ts'
import { CONTENT_HEADER_SIZE_MIN, encodeContentHeader } from '../record/message/content-header.ts'
import { FieldTable, emptyTable, table } from '../record/message/field-table.ts'
import { setAddress, sourceFrom } from '../record/message/fill-source.ts'
import type { RecordSource } from '../record/message/record-source.ts'
import { seededRandom } from '../testing/seeded-random.ts'
import type { Queue } from './queue/queue.ts'
import { type Route, RouteCache } from './route-cache.ts'
import { VHost } from './vhost.ts'

function setUp(): { vhost: VHost<Queue>; cache: RouteCache; queue: Queue } {
  const vhost = new VHost<Queue>('/', { random: seededRandom(1) })
  const { queue } = new QueueUnderTest()
  vhost.addQueue(queue)
  return { vhost, cache: new RouteCache(vhost), queue }
}

function find(cache: RouteCache, address: Buffer, headers: FieldTable = emptyTable): Route {
  return cache.find(sourceOf(address, headers))
}

function sourceOf(address: Buffer, headers: FieldTable): RecordSource {
  return sourceFrom({ address, header: encodeContentHeader(0, { headers }), body: Buffer.alloc(0) })
}

test('an address that was used before is not resolved again', () => {
  const { cache, queue } = setUp()
  const first = find(cache, encodeAddress('', 'q'))
  assert.deepEqual([first.queues, first.durableCount], [[queue], 1])
  const other = find(cache, encodeAddress('', 'none'))
  assert.deepEqual([other.queues, other.durableCount], [[], 0])
  assert.equal(find(cache, encodeAddress('', 'q')), first)
  assert.equal(find(cache, encodeAddress('', 'none')), other)
})

test('addresses that differ in one byte are different, also when they share memory', () => {
  const { cache } = setUp()
  const address = encodeAddress('', 'q')
  assert.equal(find(cache, address).queues.length, 1)
  address[address.length - 1] = 'r'.charCodeAt(0)
  assert.equal(find(cache, address).queues.length, 0)
})

test('the exchange and the key do not run into each other', () => {
  const { vhost, cache } = setUp()
  vhost.declareExchange({
    name: 'a',
    type: 'fanout',
    durable: false,
    autoDelete: false,
    internal: false,
    arguments: emptyTable,
  })
  assert.equal(find(cache, encodeAddress('a', 'q')).queues.length, 0)
  assert.throws(() => find(cache, encodeAddress('aq', '')), { code: 'exchange_not_found' })
})

test('a new binding is seen by the next message', () => {
  const { vhost, cache, queue } = setUp()
  const address = encodeAddress('amq.direct', 'key')
  assert.equal(find(cache, address).queues.length, 0)
  vhost.bindQueue(queue.name, 'amq.direct', 'key', emptyTable)
  assert.equal(find(cache, address).queues.length, 1)
  vhost.removeQueue(queue.name)
  assert.equal(find(cache, address).queues.length, 0)
})

test('a headers exchange is asked for every message', () => {
  const { vhost, cache, queue } = setUp()
  const wanted: FieldTable = FieldTable.from([['kind', { type: 'longstr', value: 'a' }]])
  vhost.bindQueue(queue.name, 'amq.headers', '', wanted)
  const address = encodeAddress('amq.headers', '')
  for (let count = 0; count < 2; count++) {
    assert.equal(find(cache, address, wanted).queues.length, 1)
    assert.equal(find(cache, address).queues.length, 0)
  }
})

test('an exchange that chooses by chance is asked for every message', () => {
  const { vhost, cache, queue } = setUp()
  const other = new QueueUnderTest().anotherQueue({ name: 'other' })
  vhost.addQueue(other)
  vhost.declareExchange({
    name: 'any',
    type: 'x-random',
    durable: false,
    autoDelete: false,
    internal: false,
    arguments: emptyTable,
  })
  for (const { name } of [queue, other]) vhost.bindQueue(name, 'any', '', emptyTable)
  const address = encodeAddress('any', 'k')
  const found = new Set(Array.from({ length: 20 }, () => find(cache, address).queues[0]))
  assert.deepEqual(found, new Set([queue, other]))
})

test('headers are not decoded when no exchange looks at them', () => {
  const { vhost, cache, queue } = setUp()
  const source = sourceOf(encodeAddress('', 'q'), emptyTable)
  // The table's size is more than there is.
  source.header.writeUInt32BE(1, CONTENT_HEADER_SIZE_MIN)
  for (let count = 0; count < 3; count++) cache.find(source)
  vhost.bindExchange('amq.headers', 'amq.direct', 'q', emptyTable)
  vhost.bindQueue(queue.name, 'amq.headers', '', table({ kind: 'a' }))
  setAddress(source, encodeAddress('amq.direct', 'q'))
  assert.throws(() => cache.find(source), CodecError)
})

test('two addresses with one hash keep their own routes', () => {
  const { vhost, cache, queue } = setUp()
  // Found by trying: their FNV-1a is the same.
  const [bound, unbound] = ['1fg11i.r5s', 'h073xc.e8a'].map((key) =>
    encodeAddress('amq.direct', key),
  ) as [Buffer, Buffer]
  vhost.bindQueue(queue.name, 'amq.direct', '1fg11i.r5s', emptyTable)
  for (let count = 0; count < 2; count++) {
    assert.equal(find(cache, bound).queues.length, 1)
    assert.equal(find(cache, unbound).queues.length, 0)
  }
})

test('more addresses than there is memory for are still found', () => {
  const { vhost, cache, queue } = setUp()
  vhost.bindQueue(queue.name, 'amq.topic', 'even.#', emptyTable)
  const first = encodeAddress('amq.topic', 'even.0')
  const route = find(cache, first)
  const count = brokerLimits.routesSizeMax / brokerLimits.routeSize + 1
  for (let index = 0; index < count; index++) {
    const kind = index % 2 === 0 ? 'even' : 'odd'
    const found = find(cache, encodeAddress('amq.topic', `${kind}.${index}`))
    assert.equal(found.queues.length, kind === 'even' ? 1 : 0)
  }
  assert.notEqual(find(cache, first), route, 'the cache was emptied')
  assert.deepEqual(find(cache, first).queues, [queue])
})
