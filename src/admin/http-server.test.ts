import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Listener, openListener } from '../server/listener.ts'
import type { BrokerState, BrokerStatus } from './broker-status.ts'
import { type HttpServer, openHttpServer } from './http-server.ts'
import { createRoutes } from './routes.ts'
import { formatUptime } from './status-page.ts'

function statusOf(state: BrokerState, blockedReason?: string): BrokerStatus {
  return {
    state,
    version: '1.2.3',
    uptimeMs: 61_000,
    addresses: { amqp: { host: '127.0.0.1', port: 5672 } },
    dataFolder: '/data/<script>',
    blockedReason,
    counts: {
      connections: 1,
      channels: 2,
      exchanges: 3,
      queues: 4,
      consumers: 5,
      messagesReady: 1_234_567,
      messagesUnacked: 7,
    },
  }
}

test('/health/ready is 503 until the broker is ready and while it stops', async () => {
  let state: BrokerState = 'starting'
  const routes = createRoutes({ source: { status: () => statusOf(state) } })
  const ask = async (): Promise<number> => (await routes.request('/health/ready')).status
  assert.equal(await ask(), 503)
  state = 'ready'
  assert.equal(await ask(), 200)
  state = 'stopping'
  assert.equal(await ask(), 503)
  assert.equal((await routes.request('/health/live')).status, 200)
})

test('the status page shows figures and escapes what it shows', async () => {
  const routes = createRoutes({ source: { status: () => statusOf('ready') } })
  const response = await routes.request('/')
  const page = await response.text()
  assert.equal(response.status, 200)
  assert.match(response.headers.get('content-type') ?? '', /text\/html/)
  for (const text of ['1.2.3', '1,234,567', '127.0.0.1:5672', '1 min 1 s', '&lt;script&gt;']) {
    assert.ok(page.includes(text), text)
  }
  assert.ok(!page.includes('<script'))
})

test('the status page says why publishers are blocked', async () => {
  const routes = createRoutes({ source: { status: () => statusOf('ready', 'the disk is full') } })
  assert.match(await (await routes.request('/')).text(), /blocked: the disk is full/)
})

test('/api/status is the same as JSON', async () => {
  const routes = createRoutes({ source: { status: () => statusOf('ready') } })
  const { blockedReason: _, ...shown } = statusOf('ready')
  assert.deepEqual(await (await routes.request('/api/status')).json(), shown)
})

test('with a check of users, only health is open to everyone', async () => {
  const routes = createRoutes({
    source: { status: () => statusOf('ready') },
    authenticate: (user, password) => user === 'shop' && password === 'secret',
  })
  const authorization = `Basic ${Buffer.from('shop:secret').toString('base64')}`
  const wrong = `Basic ${Buffer.from('shop:guess').toString('base64')}`
  assert.equal((await routes.request('/health/ready')).status, 200)
  assert.equal((await routes.request('/')).status, 401)
  assert.equal(
    (await routes.request('/api/status', { headers: { authorization: wrong } })).status,
    401,
  )
  assert.equal((await routes.request('/', { headers: { authorization } })).status, 200)
})

test('an unknown path is 404', async () => {
  const routes = createRoutes({ source: { status: () => statusOf('ready') } })
  assert.equal((await routes.request('/nothing')).status, 404)
})

/** An HTTP server with a port of its own. */
async function serve(): Promise<{ server: HttpServer; listener: Listener; url: string }> {
  const server = openHttpServer({ source: { status: () => statusOf('ready') } })
  const listener = await openListener({
    service: 'http',
    host: '127.0.0.1',
    port: 0,
    onSocket: server.accept,
    onAcceptProblem: () => undefined,
  })
  return { server, listener, url: `http://127.0.0.1:${listener.address.port}` }
}

test('close() ends connections that are kept alive', async () => {
  const { server, listener, url } = await serve()
  assert.deepEqual(await (await fetch(`${url}/health/live`)).json(), { status: 'ok' })
  listener.close()
  await server.close()
  await assert.rejects(fetch(`${url}/health/live`))
})

test('requests that come before the routes are loaded wait for them', async () => {
  const { server, listener, url } = await serve()
  const paths = ['/health/ready', '/api/status', '/', '/nowhere']
  const ask = async (path: string): Promise<number> => (await fetch(url + path)).status
  assert.deepEqual(await Promise.all(paths.map(ask)), [200, 200, 200, 404])
  await server.prepare()
  assert.equal(await ask('/health/ready'), 200)
  listener.close()
  await server.close()
})

test('formatUptime() shows the two largest units', () => {
  assert.equal(formatUptime(0), '0 s')
  assert.equal(formatUptime(59_999), '59 s')
  assert.equal(formatUptime(3_600_000), '1 h')
  assert.equal(formatUptime(2 * 86_400_000 + 3_600_000 + 60_000), '2 d 1 h')
})
