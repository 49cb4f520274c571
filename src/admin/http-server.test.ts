import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { BrokerInProcess } from '../../test/support/broker-in-process.ts'
import { statusOf } from '../../test/support/broker-status.ts'
import { manage } from '../../test/support/managed-broker.ts'
import { waitFor, within } from '../../test/support/wait-for.ts'
import type { Principal } from '../auth/principal.ts'
import { ClientRegistry } from '../broker/client/client-registry.ts'
import { systemClock } from '../lib/clock.ts'
import { loopbackHosts } from '../lib/own-hosts.ts'
import { networkLimits } from '../limits/network.ts'
import { type Listener, openListener } from '../server/listener.ts'
import type { BrokerState } from './broker-status.ts'
import { type HttpServer, type HttpServerOptions, openHttpServer } from './http-server.ts'
import { createRoutes } from './routes.ts'

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

test('/api/status is the status as JSON', async () => {
  const routes = createRoutes({ source: { status: () => statusOf('ready') } })
  const { blockedReason: _, ...shown } = statusOf('ready')
  assert.deepEqual(await (await routes.request('/api/status')).json(), shown)
})

test('with a check of users, only health and the UI are open to everyone', async () => {
  const routes = createRoutes({
    source: { status: () => statusOf('ready') },
    authenticate: (login) =>
      Promise.resolve(
        'user' in login && `${login.user} ${login.password}` === 'shop secret'
          ? { protocol: 'HTTP', address: '', user: 'shop', tags: ['administrator'] }
          : undefined,
      ),
  })
  // What Node's server adds; nobody asks where the client is.
  const env = { incoming: { socket: {} } }
  const authorization = `Basic ${Buffer.from('shop:secret').toString('base64')}`
  const wrong = `Basic ${Buffer.from('shop:guess').toString('base64')}`
  assert.equal((await routes.request('/health/ready')).status, 200)
  assert.notEqual((await routes.request('/')).status, 401)
  for (const path of ['/api/status', '/metrics', '/metrics/per-object']) {
    assert.equal((await routes.request(path)).status, 401)
  }
  assert.equal(
    (await routes.request('/api/status', { headers: { authorization: wrong } }, env)).status,
    401,
  )
  assert.equal(
    (await routes.request('/api/status', { headers: { authorization } }, env)).status,
    200,
  )
})

test('browsers are not told to ask for a login by themselves where the UI has asked', async () => {
  await using broker = await BrokerInProcess.start()
  const routes = createRoutes({
    source: { status: () => statusOf('ready') },
    management: manage(broker.broker),
    authenticate: () => Promise.resolve(undefined),
  })
  for (const path of ['/api/whoami', '/api/v1/live', '/api/status']) {
    for (const [headers, challenge] of [
      [{}, 'Basic realm="Pabal", charset="UTF-8"'],
      [{ 'x-requested-with': 'pabal-ui' }, null],
      [{ accept: 'text/event-stream' }, null],
    ] as const) {
      const response = await routes.request(path, { headers })
      assert.equal(response.status, 401)
      assert.equal(response.headers.get('www-authenticate'), challenge)
    }
  }
})

test('an unknown path is 404', async () => {
  const routes = createRoutes({ source: { status: () => statusOf('ready') } })
  assert.equal((await routes.request('/nothing')).status, 404)
})

/** An HTTP server with a port of its own, closed when it is disposed of. */
class OpenServer implements AsyncDisposable {
  readonly server: HttpServer
  readonly port: number
  readonly url: string
  readonly #listener: Listener
  readonly #clients: Socket[] = []

  private constructor(server: HttpServer, listener: Listener) {
    this.server = server
    this.port = listener.address.port
    this.url = `http://127.0.0.1:${this.port}`
    this.#listener = listener
  }

  static async start(options: Partial<HttpServerOptions> = {}): Promise<OpenServer> {
    const source = { status: () => statusOf('ready') }
    const clients = new ClientRegistry(systemClock)
    const server = openHttpServer({ source, clients, ...options })
    const listener = await openListener({
      service: 'http',
      host: '127.0.0.1',
      port: 0,
      onSocket: server.accept,
      onAcceptProblem: () => undefined,
    })
    return new OpenServer(server, listener)
  }

  /** A connection that has sent `beginning` and then says nothing. */
  async connect(beginning = ''): Promise<Socket> {
    const client = connect(this.port, '127.0.0.1')
    this.#clients.push(client)
    client.on('error', () => undefined).resume()
    await once(client, 'connect')
    client.write(beginning)
    return client
  }

  async close(): Promise<void> {
    this.#listener.close()
    await this.server.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.destroy()
    await this.close()
  }
}

test('close() ends connections that are kept alive, and those that say nothing', async () => {
  await using open = await OpenServer.start()
  const silent = await open.connect()
  assert.deepEqual(await (await fetch(`${open.url}/health/live`)).json(), { status: 'ok' })
  const ended = once(silent, 'close')
  await open.close()
  await ended
  await assert.rejects(fetch(`${open.url}/health/live`))
})

test('requests that come before the routes are loaded wait for them', async () => {
  await using open = await OpenServer.start()
  const paths = ['/health/ready', '/api/status', '/health/live', '/nowhere']
  const ask = async (path: string): Promise<number> => (await fetch(open.url + path)).status
  assert.deepEqual(await Promise.all(paths.map(ask)), [200, 200, 200, 404])
  await open.server.prepare()
  assert.equal(await ask('/health/ready'), 200)
})

test('a client that goes in the middle of a body is no fault of the broker', async (t) => {
  const told = t.mock.method(console, 'error', () => undefined)
  const faults: Error[] = []
  const onFault = (error: Error): void => void faults.push(error)
  await using broker = await BrokerInProcess.start()
  const management = manage(broker.broker)
  await using open = await OpenServer.start({ management, onFault, isOwner: true })
  const head = 'PUT /api/policies/%2F/x HTTP/1.1\r\nhost: localhost\r\n'
  for (const length of ['content-length: 100', 'transfer-encoding: chunked']) {
    const client = await open.connect(`${head}${length}\r\n\r\n3\r\n{"p`)
    // Only what the routes have begun to read can break off.
    await waitFor('the routes read it', async () => {
      return (await fetch(`${open.url}/health/live`)).status === 200
    })
    const closed = once(client, 'close')
    client.end()
    await closed
  }
  assert.equal((await fetch(`${open.url}/health/live`)).status, 200)
  assert.deepEqual(faults, [])
  assert.equal(told.mock.callCount(), 0)
})

test('a health check of HTTP/1.0 without a host is answered', async () => {
  await using open = await OpenServer.start({ hosts: loopbackHosts('127.0.0.1') })
  const answer = await text(await open.connect('GET /health/ready HTTP/1.0\r\n\r\n'))
  assert.match(answer, /^HTTP\/1\.1 200 /)
  const other = await text(await open.connect('GET / HTTP/1.0\r\nhost: evil.example\r\n\r\n'))
  assert.match(other, /^HTTP\/1\.1 421 /)
})

test('a body that is too large, or that nobody reads, holds up no request behind it', async () => {
  await using broker = await BrokerInProcess.start()
  const management = manage(broker.broker)
  const body = 'x'.repeat(2_000_000)
  const host = 'host: localhost\r\n'
  const next = `GET /api/login HTTP/1.1\r\n${host}connection: close\r\n\r\n`
  const large = ['PUT /api/policies/%2F/x', 'POST /api/v1/moves/queues/%2F/x/messages']
  for (const [isOwner, expected] of [
    [true, ['400', '404']],
    [false, ['401', '401']],
  ] as const) {
    await using open = await OpenServer.start({ management, isOwner })
    for (const [index, request] of large.entries()) {
      const head = `${request} HTTP/1.1\r\n${host}content-length: ${body.length}\r\n\r\n`
      const answers = await text(await open.connect(head + body + next))
      const statuses = Array.from(answers.matchAll(/HTTP\/1\.1 (\d+)/g), ([, status]) => status)
      assert.deepEqual(statuses, [expected[index], '405'], request)
    }
  }
})

test('a body in chunks that is too large is refused before its end, which ends the connection', async () => {
  await using broker = await BrokerInProcess.start()
  await using open = await OpenServer.start({ management: manage(broker.broker), isOwner: true })
  const chunk = 'x'.repeat(100_000)
  const head = 'PUT /api/policies/%2F/x HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked'
  const size = chunk.length.toString(16)
  const client = await open.connect(`${head}\r\n\r\n${size}\r\n${chunk}\r\n`)
  const answer = await text(client)
  assert.match(answer, /^HTTP\/1\.1 400 /)
  assert.match(answer, /^connection: close\r$/im)
})

test('a request that fails by a fault of the broker is told, and answered with 500', async () => {
  const fault = new Error('a bug')
  const faults: Error[] = []
  const source = {
    status: () => {
      throw fault
    },
  }
  await using open = await OpenServer.start({ source, onFault: (error) => void faults.push(error) })
  assert.equal((await fetch(`${open.url}/api/status`)).status, 500)
  assert.deepEqual(faults, [fault])
})

test('silent connections do not lock health checks out: the oldest of them end', async () => {
  await using open = await OpenServer.start()
  const half = await open.connect('GET /health/ready HTTP/1.1\r\n')
  const halfEnded = once(half, 'close')
  const silent = await Promise.all(
    Array.from({ length: networkLimits.httpConnectionsMax - 1 }, () => open.connect()),
  )
  assert.equal((await fetch(`${open.url}/health/ready`)).status, 200)
  await halfEnded
  assert.ok(
    silent.every(({ destroyed, closed }) => !destroyed && !closed),
    'only one had to go',
  )
})

test('a request that is being answered is not ended for another connection', async () => {
  const answer = Promise.withResolvers<Principal>()
  await using open = await OpenServer.start({ authenticate: () => answer.promise })
  const authorization = `Basic ${Buffer.from('shop:secret').toString('base64')}`
  const waiting = fetch(`${open.url}/api/status`, { headers: { authorization } })
  await Promise.all(
    Array.from({ length: networkLimits.httpConnectionsMax + 10 }, () => open.connect()),
  )
  answer.resolve({ protocol: 'HTTP', address: '127.0.0.1', user: 'shop', tags: ['monitoring'] })
  assert.equal((await waiting).status, 200)
})

test('where all are being answered, the oldest ends: a flood of slow logins locks nobody out', async () => {
  let asked = 0
  const authenticate = (): Promise<undefined> => {
    asked++
    return new Promise(() => undefined)
  }
  await using open = await OpenServer.start({ authenticate })
  const authorization = `Basic ${Buffer.from('shop:guess').toString('base64')}`
  const login = `GET /api/status HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${authorization}\r\n\r\n`
  const [oldest] = await Promise.all(
    Array.from({ length: networkLimits.httpConnectionsMax }, () => open.connect(login)),
  )
  await waitFor('all wait', () => asked === networkLimits.httpConnectionsMax)
  const ended = once(oldest as Socket, 'close')
  assert.equal((await fetch(`${open.url}/health/ready`)).status, 200)
  await ended
})

test('a connection that never sends a whole header is ended', async () => {
  await using open = await OpenServer.start({ headersMsMax: 50 })
  const silent = await open.connect()
  const slow = await open.connect('GET / HTTP/1.1\r\nHost: localhost\r\n')
  await within('both end', Promise.all([once(silent, 'close'), once(slow, 'close')]))
})

test('on loopback only its own names are answered, so no web page reaches it by another', async () => {
  const source = { status: () => statusOf('ready') }
  const routes = createRoutes({ source, hosts: loopbackHosts('127.0.0.9') })
  const ask = async (host?: string, path = '/api/status'): Promise<number> =>
    (await routes.request(path, host === undefined ? {} : { headers: { host } })).status
  for (const own of ['localhost', 'LocalHost:15672', '127.0.0.1:1', '[::1]:15672', '[::1]']) {
    assert.equal(await ask(own), 200, own)
  }
  assert.equal(await ask('127.0.0.9:15672'), 200, 'the host that was configured')
  assert.equal(await ask(), 200, 'HTTP/1.0')
  for (const other of [
    'evil.example',
    'evil.example:15672',
    'localhost.evil.example',
    '10.0.0.1',
  ]) {
    assert.equal(await ask(other), 421, other)
    assert.equal(await ask(other, '/health/ready'), 421, other)
    assert.equal(await ask(other, '/nowhere'), 421, other)
  }
  assert.equal(await ask('127.0.0.1.evil.example:80'), 421)
})

test('what a proxy on loopback passes on is nobody until it logs in', async () => {
  const guest: Principal = { protocol: 'HTTP', address: '', user: 'guest', tags: ['monitoring'] }
  const routes = createRoutes({
    source: { status: () => statusOf('ready') },
    authenticate: () => Promise.resolve(guest),
    anonymousFrom: () => guest,
  })
  const ask = async (headers: Record<string, string>): Promise<number> =>
    (await routes.request('/api/status', { headers }, { incoming: { socket: {} } })).status
  assert.equal(await ask({}), 200)
  const forwarded = { 'x-forwarded-for': '203.0.113.7' }
  for (const headers of [
    forwarded,
    { forwarded: 'for=203.0.113.7' },
    { via: '1.1 proxy' },
    { 'x-forwarded-host': 'broker.example' },
    { 'x-real-ip': '203.0.113.7' },
  ]) {
    assert.equal(await ask(headers), 401, Object.keys(headers)[0])
  }
  const authorization = `Basic ${Buffer.from('guest:guest').toString('base64')}`
  assert.equal(await ask({ ...forwarded, authorization }), 200)
})

test('a host that reaches a broker beyond loopback may have any name', async () => {
  const routes = createRoutes({ source: { status: () => statusOf('ready') } })
  const response = await routes.request('/health/ready', { headers: { host: 'broker.example' } })
  assert.equal(response.status, 200)
})
