// Queues, exchanges and bindings.
import assert from 'node:assert/strict'
import type { ApiUnderTest } from '../api-under-test.ts'
import type { Example, Examples } from '../example.ts'

const ack = { count: 5, ackmode: 'ack_requeue_true', encoding: 'auto' }
const message = { routing_key: 'a.b', properties: {}, payload: 'hello', payload_encoding: 'string' }

/** `kept` keeps what was acked, so that it can be rewound; `x` is bound to both. */
async function makeAll(api: ApiUnderTest): Promise<void> {
  const kept = { durable: true, arguments: { 'x-retention-ms': 600_000 } }
  await api.make('PUT', '/queues/%2F/kept', kept)
  await api.make('PUT', '/queues/%2F/quorum', quorum)
  await api.make('PUT', '/queues/%2F/stream', stream)
  await api.make('PUT', '/exchanges/%2F/x', topic)
  await api.make('PUT', '/exchanges/%2F/y', topic)
  for (const queue of ['kept', 'quorum']) {
    await api.make('POST', `/bindings/%2F/e/x/q/${queue}`, { routing_key: 'a.#' })
  }
  await api.make('POST', '/bindings/%2F/e/x/e/y', { routing_key: 'a.#' })
  await api.make('POST', '/exchanges/%2F/x/publish', message)
}

const quorum = { durable: true, arguments: { 'x-queue-type': 'quorum' } }
const stream = { durable: true, arguments: { 'x-queue-type': 'stream' } }
const topic = { type: 'topic', durable: true }

const batch = { messages: [{ routing_key: 'a.b', payload: 'hello' }] }

function isRouted({
  results,
}: {
  readonly results: readonly { readonly outcome: string }[]
}): void {
  assert.deepEqual(
    results.map(({ outcome }) => outcome),
    ['routed'],
  )
}

const list: Example = { status: 200, before: makeAll }
const queue: Example = { status: 200, names: { name: 'quorum' }, before: makeAll }
const exchange: Example = { status: 200, names: { exchange: 'x' }, before: makeAll }
const between = { source: 'x', type: 'q', destination: 'kept' }

export const queueExamples: Examples = {
  'GET /queues': list,
  'GET /queues/detailed': list,
  'GET /queues/{vhost}': list,
  'GET /queues/{vhost}/{name}': queue,
  'PUT /queues/{vhost}/{name}': { ...queue, status: 204, body: quorum, missing: 'none' },
  'DELETE /queues/{vhost}/{name}': { ...queue, status: 204 },
  'DELETE /queues/{vhost}/{name}/contents': { ...queue, status: 204 },
  'POST /queues/{vhost}/{name}/actions': {
    ...queue,
    status: 400,
    body: { action: 'sync' },
  },
  'POST /queues/{vhost}/{name}/get': {
    ...queue,
    body: ack,
    check: ([first]: readonly { readonly payload: string }[]) =>
      assert.equal(first?.payload, 'hello'),
  },
  'GET /queues/{vhost}/{name}/browse': { ...queue, query: { count: '3' } },
  'POST /queues/{vhost}/{name}/rewind': { ...queue, names: { name: 'kept' }, body: { offset: 0 } },
  'GET /queues/{vhost}/{name}/bindings': { ...queue, missing: 'none' },
  'GET /exchanges': list,
  'GET /exchanges/{vhost}': list,
  'GET /exchanges/{vhost}/{exchange}': exchange,
  'PUT /exchanges/{vhost}/{exchange}': { ...exchange, status: 204, body: topic, missing: 'none' },
  'DELETE /exchanges/{vhost}/{exchange}': { ...exchange, status: 204 },
  'GET /exchanges/{vhost}/{exchange}/bindings/source': { ...exchange, missing: 'none' },
  'GET /exchanges/{vhost}/{exchange}/bindings/destination': { ...exchange, missing: 'none' },
  'POST /exchanges/{vhost}/{exchange}/publish': {
    ...exchange,
    body: message,
    check: ({ routed }: { readonly routed: boolean }) => assert.equal(routed, true),
  },
  'POST /v1/exchanges/{vhost}/{exchange}/messages': {
    ...exchange,
    as: 'management',
    body: batch,
    check: isRouted,
  },
  'POST /v1/queues/{vhost}/{name}/receive': {
    ...queue,
    as: 'management',
    body: { count: 1, wait_ms: 5000 },
    check: ({ messages }: { readonly messages: readonly { readonly payload: string }[] }) =>
      assert.equal(messages[0]?.payload, 'hello'),
  },
  'POST /v1/queues/{vhost}/{name}/settle': {
    ...queue,
    as: 'management',
    body: { ack: ['none'] },
  },
  'POST /v1/queues/{vhost}/{name}/extend': {
    ...queue,
    as: 'management',
    body: { receipts: ['none'], visibility: 5 },
  },
  'POST /v1/streams/{vhost}/{name}/messages': {
    ...queue,
    as: 'management',
    body: { messages: [{ payload: 'hello' }] },
    check: isRouted,
  },
  'POST /v1/route-test': {
    status: 200,
    before: makeAll,
    as: 'plain',
    missing: 'none',
    body: { exchange: 'x', routing_key: 'a.b', properties: { headers: { region: 'eu' } } },
    check: ({ destinations }: { readonly destinations: readonly { readonly name: string }[] }) =>
      assert.deepEqual(destinations.map(({ name }) => name).toSorted(), ['kept', 'quorum']),
  },
  'POST /v1/topic-test': {
    status: 200,
    as: 'plain',
    body: { patterns: ['a.*', '#'], routing_keys: ['a.b', 'a'] },
    check: ({ matches }: { readonly matches: readonly { readonly routing_keys: unknown }[] }) =>
      assert.deepEqual(
        matches.map(({ routing_keys: keys }) => keys),
        [['a.b'], ['a.b', 'a']],
      ),
  },
  'GET /bindings': list,
  'GET /bindings/{vhost}': list,
  'GET /bindings/{vhost}/e/{source}/{type}/{destination}': {
    ...list,
    names: between,
    missing: 'none',
  },
  'POST /bindings/{vhost}/e/{source}/{type}/{destination}': {
    ...list,
    status: 201,
    names: between,
    body: { routing_key: 'b', arguments: {} },
  },
  'GET /bindings/{vhost}/e/{source}/{type}/{destination}/{props}': {
    ...list,
    names: { ...between, props: 'a.%23' },
  },
  'DELETE /bindings/{vhost}/e/{source}/{type}/{destination}/{props}': {
    ...list,
    status: 204,
    names: { ...between, props: 'a.%23' },
  },
}
