// The form's request and its command do the same.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRequestOf, type Draft } from './create-request.ts'

const draft: Draft = {
  kind: 'topic',
  name: 'events',
  vhost: '/',
  isTransient: false,
  isSingleActive: false,
  texts: {},
}
const args = { 'x-queue-type': 'stream', 'x-partitions': 6, 'x-max-age': '60s' }

test('a topic of a broker alone is declared as a stream', () => {
  const { method, path, body, cli } = createRequestOf(draft, args, false)
  assert.deepEqual([method, path], ['PUT', '/queues/%2F/events'])
  assert.deepEqual(body, { durable: true, arguments: args })
  assert.equal(cli, 'pabal create events --type stream --partitions 6 --argument x-max-age=60s')
})

test("a topic of a cluster is made as Kafka's clients make it, and keeps what a stream keeps", () => {
  const { method, path, body, cli } = createRequestOf(draft, args, true)
  assert.deepEqual([method, path], ['POST', '/v1/topics'])
  const settings = { 'retention.ms': '60000', 'retention.bytes': '-1' }
  assert.deepEqual(body, { name: 'events', partitions: 6, settings })
  assert.equal(
    cli,
    'pabal create events --type topic --partitions 6 --argument retention.ms=60000 --argument retention.bytes=-1',
  )
  const { body: least } = createRequestOf(draft, { 'x-max-length-bytes': 5 }, true)
  const kept = { 'retention.ms': '-1', 'retention.bytes': '5' }
  assert.deepEqual(least, { name: 'events', partitions: 1, settings: kept })
})

test('a topic of another virtual host stays a stream there, and a queue a queue', () => {
  const elsewhere = createRequestOf({ ...draft, vhost: 'shop' }, args, true)
  assert.equal(elsewhere.path, '/queues/shop/events')
  assert.match(elsewhere.cli, /--type stream .*--vhost shop$/)
  const queue = createRequestOf({ ...draft, kind: 'queue' }, {}, true)
  assert.equal(queue.cli, 'pabal create events')
})
