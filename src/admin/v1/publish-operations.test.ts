import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { askApi, createOwnersRoutes, createRoutesAs } from '../../../test/support/ask-api.ts'
import {
  manage,
  type ManagedBroker,
  openManagedBroker,
} from '../../../test/support/managed-broker.ts'
import { NotingClient } from '../../../test/support/noting-client.ts'
import { waitFor } from '../../../test/support/wait-for.ts'
import { adminLimits } from '../../limits/admin.ts'

let managed: ManagedBroker
let routes: ReturnType<typeof createOwnersRoutes>
beforeEach(async () => {
  managed = openManagedBroker()
  routes = createOwnersRoutes(managed)
  await askApi(routes, 'PUT /queues/%2F/q', {})
  await askApi(routes, 'PUT /queues/%2F/s', {
    durable: true,
    arguments: { 'x-queue-type': 'stream' },
  })
})

const toExchange = '/v1/exchanges/%2F/amq.default/messages'

async function payloads(): Promise<string[]> {
  const asked = { count: 100, ackmode: 'ack_requeue_false', encoding: 'auto' }
  const [, got] = await askApi(routes, 'POST /queues/%2F/q/get', asked)
  return (got as { payload: string }[]).map(({ payload }) => payload)
}

test('a batch comes in in its order, and each message has its result', async () => {
  const messages = [
    { routing_key: 'q', payload: 'a' },
    { routing_key: 'none', payload: 'b' },
    { routing_key: 'q', payload: 'Yw==', payload_encoding: 'base64' },
    { routing_key: 'q', payload: 'd', properties: { expiration: 'soon' } },
  ]
  const [status, body] = await askApi(routes, `POST ${toExchange}`, { messages })
  assert.equal(status, 200)
  const { results } = body as { results: { outcome: string; reason?: string }[] }
  const outcomes = results.map(({ outcome }) => outcome)
  assert.deepEqual(outcomes, ['routed', 'unroutable', 'routed', 'refused'])
  assert.match(results[3]?.reason ?? '', /expiration/)
  assert.deepEqual(await payloads(), ['a', 'c'])
})

test('a batch may come as lines, of which a bad one refuses all', async () => {
  const ask = (body: string): Response | Promise<Response> =>
    routes.request('/v1/streams/%2F/q/messages', {
      method: 'POST',
      headers: { 'content-type': 'application/x-ndjson' },
      body,
    })
  assert.equal((await ask('{"payload":"x"}\n{"payload":')).status, 400)
  assert.equal((await ask('{"payload":"x"}\n{"payload":3}\n')).status, 400)
  assert.deepEqual(await payloads(), [])
  const response = await ask('{"payload":"a"}\n\n{"payload":"b"}\n')
  assert.deepEqual(await response.json(), {
    results: [{ outcome: 'routed' }, { outcome: 'routed' }],
  })
  assert.deepEqual(await payloads(), ['a', 'b'])
})

test('a property that there is not refuses the batch, as it would be lost', async () => {
  const messages = [{ routing_key: 'q', payload: 'a', properties: { ttl: 3 } }]
  const reason = 'ttl: there is no such field'
  assert.deepEqual(await askApi(routes, `POST ${toExchange}`, { messages }), [
    400,
    { error: 'bad_request', reason },
  ])
})

test('streams are written to by their names', async () => {
  const messages = [{ payload: 'a', properties: { headers: { 'x-key': 'k' } } }]
  const path = '/v1/streams/%2F/s/messages'
  const [, body] = await askApi(routes, `POST ${path}`, { messages })
  assert.deepEqual(body, { results: [{ outcome: 'routed' }] })
  const [status] = await askApi(routes, 'POST /v1/streams/%2F/none/messages', { messages })
  assert.equal(status, 404)
})

test('who may not write is refused, tags or not', async () => {
  const stranger = createRoutesAs(managed, { user: 'stranger', tags: [] })
  const [status] = await askApi(stranger, `POST ${toExchange}`, { messages: [{ payload: 'a' }] })
  assert.equal(status, 401)
})

test('a batch has a bounded number of messages', async () => {
  const messages = Array.from({ length: adminLimits.publishBatchCountMax + 1 }, () => ({
    payload: '',
  }))
  const [status] = await askApi(routes, `POST ${toExchange}`, { messages })
  assert.equal(status, 400)
})

test('a body that is too large has a status of its own', async () => {
  const messages = [{ payload: 'x'.repeat(adminLimits.publishBodySizeMax) }]
  const [status, body] = await askApi(routes, `POST ${toExchange}`, { messages })
  assert.equal(status, 413)
  assert.match((body as { reason: string }).reason, /size limit of 4194304 bytes/)
})

test('while publishers are blocked a request waits, and is told to come again', async () => {
  const client = new NotingClient()
  routes = createOwnersRoutes(manage(client.broker))
  client.broker.shortage.set('memory', true)
  let answer: Response | undefined
  const body = JSON.stringify({ messages: [{ payload: 'a' }] })
  const asked = routes.request('/v1/streams/%2F/q/messages', { method: 'POST', body })
  void Promise.resolve(asked).then((response) => (answer = response))
  await waitFor('the answer', () => {
    client.clock.advance(1000)
    return answer
  })
  assert.equal(answer?.status, 503)
  assert.equal(answer.headers.get('retry-after'), '10')
  assert.match(await answer.text(), /publishers are blocked, the broker is low on memory/)
  assert.ok(client.clock.monotonic() >= adminLimits.publishMsMax)
})

test('a message that is larger than the settings let any be refuses its request', async () => {
  routes = createOwnersRoutes({ ...managed, messageSizeMax: 3 })
  const sizes = (size: number): object => ({
    messages: [{ payload: 'a' }, { payload: 'x'.repeat(size) }],
  })
  const reason = 'message size 4 is larger than configured max size 3'
  const path = 'POST /v1/streams/%2F/q/messages'
  assert.deepEqual(await askApi(routes, path, sizes(4)), [400, { error: 'bad_request', reason }])
  const asked = { routing_key: 'q', properties: {}, payload: 'four', payload_encoding: 'string' }
  assert.deepEqual(await askApi(routes, 'POST /exchanges/%2F/amq.default/publish', asked), [
    400,
    { error: 'bad_request', reason: `406 PRECONDITION_FAILED - ${reason}` },
  ])
  assert.deepEqual(await payloads(), [])
  assert.equal((await askApi(routes, path, sizes(3)))[0], 200)
})
