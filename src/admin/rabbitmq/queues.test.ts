// Paths, statuses and JSON of RabbitMQ's management plugin (4.2.9, rabbit_mgmt_wm_queue*.erl).
import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { askApi, createOwnersRoutes, createRoutesAs } from '../../../test/support/ask-api.ts'
import { type ManagedBroker, openManagedBroker } from '../../../test/support/managed-broker.ts'
import { waitFor } from '../../../test/support/wait-for.ts'
import { emptyTable } from '../../record/message/field-table.ts'

let managed: ManagedBroker
let routes: ReturnType<typeof createOwnersRoutes>
beforeEach(() => {
  managed = openManagedBroker()
  routes = createOwnersRoutes(managed)
})

const ask = (request: string, body?: unknown): Promise<[number, unknown]> =>
  askApi(routes, request, body)

async function reasonOf(request: string, body?: unknown): Promise<string> {
  const [status, answer] = await ask(request, body)
  return `${status} ${(answer as { readonly reason: string }).reason}`
}

async function publish(
  key: string,
  payload: string,
  more: Readonly<Record<string, unknown>> = {},
): Promise<[number, unknown]> {
  const message = { routing_key: key, payload, payload_encoding: 'string', properties: {} }
  return ask('POST /exchanges/%2F/amq.default/publish', { ...message, ...more })
}

type Got = Readonly<Record<string, unknown>>

async function get(ackmode: string, more: Readonly<Record<string, unknown>> = {}): Promise<Got[]> {
  const asked = { count: 10, ackmode, encoding: 'auto', ...more }
  const [status, body] = await ask('POST /queues/%2F/q/get', asked)
  assert.equal(status, 200)
  return body as Got[]
}

const payloads = (messages: readonly Got[]): unknown[] => messages.map(({ payload }) => payload)

test('queues are declared, checked and deleted', async () => {
  const asked = { durable: true, arguments: { 'x-max-length': 5, 'x-queue-type': 'quorum' } }
  assert.deepEqual(await ask('PUT /queues/%2F/q', asked), [201, undefined])
  assert.deepEqual(await ask('PUT /queues/%2F/q', asked), [204, undefined])
  assert.match(
    await reasonOf('PUT /queues/%2F/q', { durable: true }),
    /^400 inequivalent arg 'x-(max-length|queue-type)' for queue 'q' in vhost '\/'/,
  )
  assert.match(await reasonOf('PUT /queues/%2F/p', { exclusive: true }), /^400 exclusive/)
  assert.equal(
    await reasonOf('PUT /queues/%2F/p', { node: 'rabbit@moon' }),
    '400 Node rabbit@moon is not a cluster member',
  )
  await publish('q', 'm')
  assert.equal(
    await reasonOf('DELETE /queues/%2F/q?if-empty=true'),
    "400 queue 'q' in vhost '/' not empty",
  )
  assert.deepEqual(await ask('DELETE /queues/%2F/q?if-unused=true'), [204, undefined])
  assert.equal(await reasonOf('DELETE /queues/%2F/q'), '404 Not Found')
})

test('an argument or a header may be called as what objects have by themselves', async () => {
  const table = JSON.parse('{"__proto__": "a", "constructor": 1, "in": {"__proto__": 2}}') as object
  assert.deepEqual(await ask('PUT /queues/%2F/q', { arguments: table }), [201, undefined])
  const [, queue] = await ask('GET /queues/%2F/q?columns=arguments')
  assert.deepEqual(queue, { arguments: table })
  await publish('q', 'm', { properties: { headers: table } })
  const [got] = await get('ack_requeue_true')
  assert.deepEqual(got?.['properties'], { headers: table })
  for (const wrong of [3, 'a', [1], null]) {
    assert.match(await reasonOf('PUT /queues/%2F/p', { arguments: wrong }), /^400 arguments: /)
  }
})

test('a name of bytes that are no UTF-8 is one like any other', async () => {
  assert.deepEqual(await ask('PUT /queues/%2F/%ff%2e%2e%2fé', {}), [201, undefined])
  const [status, queue] = await ask('GET /queues/%2F/%ff%2e%2e%2fé')
  assert.equal(status, 200)
  assert.ok('name' in (queue as object))
})

test('statistics are left out when asked to, but for the totals', async () => {
  await ask('PUT /queues/%2F/q', {})
  await publish('q', 'm')
  const shown = async (query: string): Promise<object> =>
    (await ask(`GET /queues/%2F/q?${query}`))[1] as object
  assert.ok('consumers' in (await shown('')))
  const basic = await shown('disable_stats=true')
  assert.ok(!('messages' in basic) && !('consumers' in basic) && 'policy' in basic)
  const totals = await shown('disable_stats=true&enable_queue_totals=true')
  const counts = { messages: 1, messages_ready: 1, messages_unacknowledged: 0 }
  assert.deepEqual(totals, { ...basic, ...counts })
  const [, detailed] = await ask('GET /queues/detailed?sort=messages')
  const [listed] = detailed as readonly Got[]
  const ofOne = { consumer_details: [], deliveries: [], incoming: [], head_message_timestamp: null }
  assert.deepEqual(await shown(''), { ...listed, ...ofOne })
  for (const key of ['memory', 'message_bytes', 'messages_ram', 'message_bytes_ram']) {
    assert.ok(Number(listed?.[key]) > 0, key)
  }
})

test('a message is published with its properties, and says whether it has come into a queue', async () => {
  await ask('PUT /queues/%2F/q', {})
  const properties = {
    headers: { n: 1, list: ['a'] },
    delivery_mode: 2,
    message_id: 'i',
    timestamp: 5,
    content_type: 'text/plain',
  }
  assert.deepEqual(await publish('q', 'é', { properties }), [200, { routed: true }])
  assert.deepEqual(await publish('none', 'x'), [200, { routed: false }])
  const [message] = await get('ack_requeue_false')
  assert.deepEqual(message, {
    payload_bytes: 2,
    redelivered: false,
    exchange: '',
    routing_key: 'q',
    message_count: 0,
    properties,
    payload: 'é',
    payload_encoding: 'string',
  })
  const { published, confirmed, returned, gotNoAck } = managed.clients.totals()
  assert.deepEqual(
    { published, confirmed, returned, gotNoAck },
    { published: 2, confirmed: 2, returned: 1, gotNoAck: 1 },
  )
})

test('a message that cannot be published is refused', async () => {
  await ask('PUT /queues/%2F/q', {
    arguments: { 'x-max-length': 0, 'x-overflow': 'reject-publish' },
  })
  assert.match(JSON.stringify(await publish('q', 'm')), /400,.*rejected Unable to publish message/)
  const path = 'POST /exchanges/%2F/none/publish'
  const message = { routing_key: '', payload: '', payload_encoding: 'string', properties: {} }
  assert.equal(await reasonOf(path, message), '404 exchange_not_found')
  assert.equal(await reasonOf('POST /exchanges/none/x/publish', message), '404 vhost_not_found')
  assert.match(
    await reasonOf('POST /exchanges/%2F/amq.direct/publish', {}),
    /^400 \[\{key_missing,routing_key\}\]/,
  )
  for (const wrong of [
    { payload_encoding: 'base64', payload: '?' },
    { properties: { message_id: 'x'.repeat(256) } },
    { properties: { priority: 256 } },
    { properties: { headers: { x: 'x'.repeat(131_064) } } },
    { routing_key: 'x'.repeat(256) },
  ]) {
    const [status] = await ask('POST /exchanges/%2F/amq.direct/publish', { ...message, ...wrong })
    assert.equal(status, 400, JSON.stringify(wrong))
  }
  const other = { ...message, properties: { user_id: 'somebody' } }
  assert.match(
    await reasonOf('POST /exchanges/%2F/amq.direct/publish', other),
    /^400 406 PRECONDITION_FAILED - user_id property set to 'somebody'/,
  )
})

test('while publishers are blocked, publishing waits for them', async () => {
  await ask('PUT /queues/%2F/q', {})
  managed.broker.shortage.set('disk', true)
  const published = publish('q', 'm')
  await ask('GET /queues')
  assert.deepEqual(payloads(await get('ack_requeue_true')), [])
  managed.broker.shortage.set('disk', false)
  assert.deepEqual(await published, [200, { routed: true }])
})

test('messages are got in each of the modes of acks', async () => {
  await ask('PUT /queues/%2F/dead', {})
  const dead = { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'dead' }
  await ask('PUT /queues/%2F/q', { arguments: dead })
  for (const text of ['a', 'b', 'c']) await publish('q', text)
  assert.deepEqual(payloads(await get('ack_requeue_true')), ['a', 'b', 'c'])
  const again = await get('reject_requeue_true', { count: '2' })
  assert.deepEqual(payloads(again), ['a', 'b'])
  assert.deepEqual(
    again.map(({ redelivered }) => redelivered),
    [true, true],
  )
  assert.deepEqual(payloads(await get('reject_requeue_false', { count: 1 })), ['a'])
  assert.deepEqual(payloads(await get('ack_requeue_false', { count: 1 })), ['b'])
  await waitFor(
    'the dead letter',
    () => managed.broker.getVHost('/').findQueue('dead')?.messageCount === 1,
  )
  const cut = await get('ack_requeue_false', { encoding: 'base64', truncate: 0 })
  assert.deepEqual(
    cut.map(({ payload, payload_bytes: size }) => [payload, size]),
    [['', 1]],
  )
  assert.deepEqual(await get('ack_requeue_false'), [])
})

test('a queue says when its first message was sent, if that says so', async () => {
  await ask('PUT /queues/%2F/q', { durable: true })
  await publish('q', 'a', { properties: { timestamp: 1_700_000_000 } })
  await publish('q', 'b')
  const head = async (): Promise<unknown> =>
    ((await ask('GET /queues/%2F/q'))[1] as Got)['head_message_timestamp']
  assert.equal(await head(), 1_700_000_000)
  await get('ack_requeue_false', { count: 1 })
  assert.equal(await head(), null)
})

test('bytes that are no text are got as base64', async () => {
  await ask('PUT /queues/%2F/q', {})
  await publish('q', 'gP8=', { payload_encoding: 'base64' })
  const [message] = await get('ack_requeue_true')
  assert.equal(message?.['payload'], 'gP8=')
  assert.equal(message?.['payload_encoding'], 'base64')
})

test('what comes back to a quorum queue says how often', async () => {
  await ask('PUT /queues/%2F/q', { durable: true, arguments: { 'x-queue-type': 'quorum' } })
  await publish('q', 'm')
  await get('reject_requeue_true')
  const [message] = await get('ack_requeue_true')
  assert.deepEqual(message?.['properties'], { headers: { 'x-delivery-count': 1 } })
})

test('what cannot be got, purged or done is refused', async () => {
  const asked = { count: 1, ackmode: 'ack_requeue_true', encoding: 'auto' }
  assert.equal(await reasonOf('POST /queues/%2F/none/get', asked), '404 queue_not_found')
  const stream = { durable: true, arguments: { 'x-queue-type': 'stream' } }
  await ask('PUT /queues/%2F/s', stream)
  assert.equal(
    await reasonOf('POST /queues/%2F/s/get', asked),
    "400 540 NOT_IMPLEMENTED - basic.get not supported by stream queues queue 's' in vhost '/'",
  )
  assert.match(await reasonOf('DELETE /queues/%2F/s/contents'), /^400 queue.purge not supported/)
  assert.match(await reasonOf('POST /queues/%2F/s/get', { ...asked, ackmode: 'x' }), /^400 ackmode/)
  assert.match(await reasonOf('POST /queues/%2F/s/get', { ...asked, count: -1 }), /^400 count/)
  assert.equal(
    await reasonOf('POST /queues/%2F/s/actions', { action: 'sync' }),
    '400 {unknown,<<"sync">>}',
  )
})

test('a queue is purged', async () => {
  await ask('PUT /queues/%2F/q', {})
  await publish('q', 'm')
  assert.deepEqual(await ask('DELETE /queues/%2F/q/contents'), [204, undefined])
  assert.deepEqual(await get('ack_requeue_true'), [])
  assert.equal(await reasonOf('DELETE /queues/%2F/none/contents'), '404 Not Found')
})

test('an exclusive queue is its connection’s own', async () => {
  const { broker } = managed
  const shape = { durable: false, autoDelete: false, exclusive: true, arguments: emptyTable }
  broker.declareQueue(broker.getVHost('/'), { name: 'q', ...shape, connection: {} })
  const locked = /RESOURCE_LOCKED|cannot obtain exclusive access to locked queue 'q' in vhost '\/'/
  const asked = { count: 1, ackmode: 'ack_requeue_true', encoding: 'auto' }
  for (const [request, body] of [
    ['PUT /queues/%2F/q', {}],
    ['DELETE /queues/%2F/q', undefined],
    ['DELETE /queues/%2F/q/contents', undefined],
    ['POST /queues/%2F/q/get', asked],
    ['POST /bindings/%2F/e/amq.direct/q/q', {}],
  ] as const) {
    const reason = await reasonOf(request, body)
    assert.match(reason, /^400 /)
    assert.match(reason, locked)
  }
})

test('who may not read a queue sees none of its messages', async () => {
  await ask('PUT /queues/%2F/q', { durable: true })
  const permission = { user: 'u', vhost: '/', configure: '', write: '', read: '' }
  const user = { name: 'u', passwordHash: '', tags: ['management'] }
  const row = { ...user, hashingAlgorithm: 'rabbit_password_hashing_sha256' } as const
  await managed.keeper.putUser(row, [permission])
  routes = createRoutesAs(managed, { user: 'u', tags: ['management'] })
  assert.equal((await ask('GET /queues/%2F/q'))[0], 200)
  const refused = /^401 (ACCESS_REFUSED - )?\w+ access to .* refused for user 'u'$/
  const asked = { count: 1, ackmode: 'ack_requeue_true', encoding: 'auto' }
  assert.match(await reasonOf('POST /queues/%2F/q/get', asked), refused)
  assert.match(await reasonOf('GET /queues/%2F/q/browse'), refused)
  assert.match(await reasonOf('POST /queues/%2F/q/rewind', { offset: 0 }), refused)
  assert.match(await reasonOf('DELETE /queues/%2F/q/contents'), refused)
  const message = { routing_key: 'q', payload: '', payload_encoding: 'string', properties: {} }
  assert.match(await reasonOf('POST /exchanges/%2F/amq.default/publish', message), refused)
  assert.match(
    await reasonOf('POST /queues/%2F/q/actions', { action: 'x' }),
    /^401 Not administrator/,
  )
})
