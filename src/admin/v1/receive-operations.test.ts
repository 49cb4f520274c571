import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { beforeEach, test, type TestContext } from 'node:test'
import { getRequestListener } from '@hono/node-server'
import { askApi, createOwnersRoutes, createRoutesAs } from '../../../test/support/ask-api.ts'
import { type ManagedBroker, openManagedBroker } from '../../../test/support/managed-broker.ts'
import { messageTo } from '../../../test/support/noting-client.ts'
import { waitFor } from '../../../test/support/wait-for.ts'
import { Rights } from '../../auth/rights.ts'
import type { Queue } from '../../broker/queue/queue.ts'
import { createLogger, type LogLine } from '../../lib/logger.ts'
import { hostNodeName as nodeName } from '../../lib/node-name.ts'
import { leaseLimits } from '../../limits/leases.ts'
import { MiB } from '../../limits/units.ts'

const path = '/v1/queues/%2F/q'

let managed: ManagedBroker
let routes: ReturnType<typeof createOwnersRoutes>
let queue: Queue
beforeEach(async () => {
  managed = openManagedBroker()
  routes = createOwnersRoutes(managed)
  await askApi(routes, 'PUT /queues/%2F/q', { durable: true })
  queue = managed.broker.getVHost('/').findQueue('q') as Queue
})

interface Got {
  readonly receipt: string
  readonly payload: string
  readonly redelivered: boolean
}

async function publish(...payloads: readonly string[]): Promise<void> {
  const messages = payloads.map((payload) => ({ payload }))
  await askApi(routes, 'POST /v1/streams/%2F/q/messages', { messages })
}

async function receive(asked: object = {}): Promise<readonly Got[]> {
  const [status, body] = await askApi(routes, `POST ${path}/receive`, { count: 10, ...asked })
  assert.equal(status, 200)
  return (body as { messages: Got[] }).messages
}

test('what is leased is acked, requeued and rejected by receipts', async () => {
  const received = receive({ wait_ms: 20_000 })
  await waitFor('the request to wait', () => queue.consumerCount === 1)
  await publish('a', 'b', 'c')
  const [a, b, c] = [...(await received), ...(await receive({ wait_ms: 100 }))]
  assert.deepEqual(
    [a, b, c].map((got) => got?.payload),
    ['a', 'b', 'c'],
  )
  const settled = { ack: [a?.receipt], requeue: [b?.receipt], reject: [c?.receipt, 'none'] }
  const answer = await askApi(routes, `POST ${path}/settle`, settled)
  assert.deepEqual(answer, [200, { gone: ['none'] }])
  const again = await receive()
  assert.deepEqual(
    again.map(({ payload, redelivered }) => [payload, redelivered]),
    [['b', true]],
  )
  assert.equal(queue.messageCount, 1)
  const receipts = [again[0]?.receipt, a?.receipt]
  const extended = await askApi(routes, `POST ${path}/extend`, { receipts })
  assert.deepEqual(extended, [200, { gone: [a?.receipt] }])
})

test('who may not read is refused, and so is a queue that is not there', async () => {
  const stranger = createRoutesAs(managed, { user: 'stranger', tags: [] })
  for (const verb of ['receive', 'settle', 'extend']) {
    const body = verb === 'extend' ? { receipts: [] } : {}
    assert.equal((await askApi(stranger, `POST ${path}/${verb}`, body))[0], 401)
    assert.equal((await askApi(routes, `POST /v1/queues/%2F/none/${verb}`, body))[0], 404)
  }
})

/** Serves the routes; returns the address that receives. */
async function serve(t: TestContext): Promise<string> {
  const answer = getRequestListener(routes.fetch)
  const server = createServer((request, response) => void answer(request, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return `http://127.0.0.1:${port}${path}/receive`
}

test('a client that goes away while it waits leaves the queue as it was', async (t) => {
  const url = await serve(t)
  const controller = new AbortController()
  const gone = fetch(url, {
    method: 'POST',
    body: JSON.stringify({ wait_ms: 20_000 }),
    signal: controller.signal,
  })
  await waitFor('the request to wait', () => queue.consumerCount === 1)
  controller.abort()
  await assert.rejects(gone)
  await waitFor('it to be gone', () => queue.consumerCount === 0)
  await publish('a')
  assert.deepEqual([queue.readyCount, queue.unackedCount], [1, 0])
})

/** As large as the broker takes by AMQP, and some more. */
const largeSize = 20 * MiB + 1

function publishLarge(): Buffer {
  const body = Buffer.alloc(largeSize, 'pabal')
  const { broker } = managed
  const vhost = broker.getVHost('/')
  const notes = {
    onPublished() {},
    onRefused: assert.fail,
    onHeldSize() {},
    onLimited() {},
    onGoOn() {},
  }
  const rights = new Rights({ user: 'owner', vhost: '/' }, { permission: 'all', topics: [] })
  const client = { user: 'owner', tags: [], replyAddress: undefined, rights, ...notes }
  broker.createIntake(vhost, client).offer(messageTo('q', body), 0)
  return body
}

test('a large message is sent in parts, and those behind it with the next request', async (t) => {
  const url = await serve(t)
  await publish('small')
  const body = publishLarge()
  await waitFor('the large one to be there', () => queue.readyCount === 2)
  await publish('behind')
  const ask = async (): Promise<readonly Got[]> => {
    const response = await fetch(url, { method: 'POST', body: JSON.stringify({ count: 10 }) })
    assert.equal(response.headers.get('content-type'), 'application/json')
    return ((await response.json()) as { messages: Got[] }).messages
  }
  const got = await ask()
  assert.equal(got.length, 2)
  const [small, large] = got
  assert.equal(small?.payload, 'small')
  assert.ok(large && Buffer.from(large.payload, 'base64').equals(body))
  const { payload_encoding: encoding, payload_bytes: size } = large as Got & Record<string, unknown>
  assert.deepEqual([encoding, size], ['base64', largeSize])
  assert.deepEqual(
    (await ask()).map(({ payload }) => payload),
    ['behind'],
  )
})

test('a client that goes away in the middle of its answer leaves the queue as it was', async (t) => {
  const url = await serve(t)
  publishLarge()
  await waitFor('the large one to be there', () => queue.readyCount === 1)
  const controller = new AbortController()
  const response = await fetch(url, { method: 'POST', body: '{}', signal: controller.signal })
  assert.equal(response.status, 200)
  assert.equal(queue.unackedCount, 1)
  controller.abort()
  await waitFor('it to be back', () => queue.readyCount === 1 && queue.unackedCount === 0)
  const [, again] = await askApi(routes, `POST ${path}/receive`, {})
  assert.equal((again as { messages: Got[] }).messages[0]?.redelivered, true)
})

test('messages that pass are no changes that the log tells', async () => {
  const told: LogLine[] = []
  const logger = createLogger({ level: 'silent', format: 'json' })
  logger.info = (...line) => void told.push(line)
  routes = createOwnersRoutes({ ...managed, logger })
  await publish('a')
  const receipts = (await receive()).map(({ receipt }) => receipt)
  await askApi(routes, `POST ${path}/extend`, { receipts })
  await askApi(routes, `POST ${path}/settle`, { ack: receipts })
  assert.deepEqual(told, [])
  assert.equal(queue.messageCount, 0)
})

interface Refused {
  readonly status: number
  readonly retryAfter: string | null
  readonly body: unknown
}

async function refusalOf(asked: object): Promise<Refused> {
  const body = JSON.stringify(asked)
  const response = await routes.request(`${path}/receive`, { method: 'POST', body })
  const { status, headers } = response
  return { status, retryAfter: headers.get('retry-after'), body: await response.json() }
}

test('a user whose requests wait in too great a number is told to come again', async () => {
  const { waitsPerUserMax } = leaseLimits
  const waits = Array.from({ length: waitsPerUserMax }, () => refusalOf({ wait_ms: 20_000 }))
  await waitFor('all to wait', () => queue.consumerCount === waitsPerUserMax)
  assert.deepEqual(await refusalOf({}), {
    status: 429,
    retryAfter: '1',
    body: { error: 'too_many_requests', reason: '100 requests wait for messages already' },
  })
  await askApi(routes, 'DELETE /queues/%2F/q')
  for (const { status } of await Promise.all(waits)) assert.equal(status, 404)
})

test('requests that wait or hold messages are shown as a consumer, and closed as a connection', async () => {
  await publish('a')
  await receive()
  const waiting = refusalOf({ wait_ms: 20_000 })
  await waitFor('the request to wait', () => queue.consumerCount === 1)
  const name = 'HTTP receivers of owner of the data folder in /'
  const consumer = {
    consumer_tag: 'http-q',
    queue: { name: 'q', vhost: '/' },
    ack_required: true,
    exclusive: false,
    active: true,
    activity_status: 'up',
    prefetch_count: leaseLimits.perUserMax,
    consumer_timeout: leaseLimits.secondsMax * 1000,
    arguments: {},
    channel_details: {
      name: `${name} (1)`,
      number: 1,
      node: nodeName,
      user: 'owner of the data folder',
      connection_name: name,
      peer_host: '',
      peer_port: 0,
    },
  }
  const [, listed] = await askApi(routes, 'GET /consumers')
  assert.deepEqual(listed, [consumer])
  const [, shown] = await askApi(routes, 'GET /queues/%2F/q')
  assert.deepEqual((shown as { consumer_details: unknown }).consumer_details, [consumer])
  const [status, channel] = await askApi(
    routes,
    `GET /channels/${encodeURIComponent(`${name} (1)`)}`,
  )
  assert.equal(status, 200)
  assert.equal((channel as { messages_unacknowledged: number }).messages_unacknowledged, 1)
  const closed = await askApi(routes, `DELETE /connections/${encodeURIComponent(name)}`)
  assert.equal(closed[0], 204)
  assert.deepEqual(await waiting, {
    status: 503,
    retryAfter: '1',
    body: { error: 'service_unavailable', reason: 'Closed via management plugin' },
  })
  assert.deepEqual([queue.readyCount, queue.unackedCount], [1, 0])
  assert.deepEqual(await askApi(routes, 'GET /consumers'), [200, []])
})

test('a virtual host that is deleted ends who waits in it', async () => {
  await askApi(routes, 'PUT /vhosts/v', {})
  await askApi(routes, 'PUT /queues/v/q', {})
  const waiting = askApi(routes, 'POST /v1/queues/v/q/receive', { wait_ms: 20_000 })
  const other = managed.broker.getVHost('v').findQueue('q') as Queue
  await waitFor('the request to wait', () => other.consumerCount === 1)
  await askApi(routes, 'DELETE /vhosts/v')
  assert.equal((await waiting)[0], 404)
  assert.equal(managed.clients.receivers.size, 0)
})

test('in maintenance nobody receives, and what was leased is back', async () => {
  const maintenance = {
    isOn: false,
    async drain() {
      maintenance.isOn = true
    },
    async revive() {
      maintenance.isOn = false
    },
  }
  routes = createOwnersRoutes({ ...managed, maintenance })
  await publish('a')
  await receive()
  const waiting = refusalOf({ wait_ms: 20_000 })
  await waitFor('the request to wait', () => queue.consumerCount === 1)
  await askApi(routes, 'PUT /v1/maintenance')
  assert.equal((await waiting).status, 503)
  assert.deepEqual([queue.readyCount, queue.unackedCount], [1, 0])
  const refusal = await refusalOf({})
  assert.deepEqual([refusal.status, refusal.retryAfter], [503, '10'])
  const messages = [{ payload: 'b' }]
  const sent = await askApi(routes, 'POST /v1/streams/%2F/q/messages', { messages })
  assert.equal(sent[0], 503)
  await askApi(routes, 'DELETE /v1/maintenance')
  assert.equal((await receive())[0]?.redelivered, true)
})

test('what a user has leased is back when its password is changed, or it is deleted', async () => {
  const rights = { configure: '', write: '', read: '.*' }
  await publish('a')
  const ends = [
    ['PUT /users/app', { password: 'another', tags: '' }],
    ['PUT /permissions/%2F/app', { ...rights, read: '^other$' }],
    ['DELETE /permissions/%2F/app', undefined],
    ['DELETE /connections/username/app', undefined],
    ['DELETE /users/app', undefined],
  ] as const
  for (const [request, body] of ends) {
    await askApi(routes, 'PUT /users/app', { password: 'secret', tags: '' })
    await askApi(routes, 'PUT /permissions/%2F/app', rights)
    const asApp = createRoutesAs(managed, { user: 'app', tags: [] })
    const [, got] = await askApi(asApp, `POST ${path}/receive`, { wait_ms: 20_000 })
    assert.equal((got as { messages: Got[] }).messages[0]?.payload, 'a')
    assert.equal(queue.unackedCount, 1)
    const [status] = await askApi(routes, request, body)
    assert.ok(status < 300, `${request}: ${status}`)
    assert.deepEqual([request, queue.readyCount, queue.unackedCount], [request, 1, 0])
  }
})
