// Against a small server that answers as brokers, and what stands before them, may.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { makeCertificate } from '../../test/support/make-certificate.ts'
import { exitCodes } from '../lib/exit-codes.ts'
import { ExitError } from '../lib/exit-error.ts'
import { BrokerClient } from './broker-client.ts'
import type { RemotePlace } from './broker-place.ts'

interface Asked {
  readonly method: string | undefined
  readonly url: string | undefined
  readonly authorization: string | undefined
}

/** Serves `answers` by their path; `asked` has what came. */
async function serve(
  answers: Readonly<Record<string, readonly [status: number, body: string]>>,
  openServer: (listener: RequestListener) => Server = createServer,
): Promise<AsyncDisposable & { readonly port: number; readonly asked: readonly Asked[] }> {
  const asked: Asked[] = []
  const server = openServer(({ method, url, headers }, response) => {
    asked.push({ method, url, authorization: headers.authorization })
    const [status, body] = answers[url ?? ''] ?? [404, '{"error":"not_found","reason":"Not Found"}']
    response.writeHead(status, status === 302 ? { location: 'https://x/' } : {}).end(body)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  return {
    port,
    asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function placeAt(url: string, others: Partial<RemotePlace> = {}): RemotePlace {
  return { url: new URL(url), login: undefined, ca: undefined, ...others }
}

async function expectEnd(
  asking: Promise<unknown>,
  exitCode: number,
  message: RegExp,
): Promise<void> {
  await assert.rejects(asking, (error) => {
    assert.ok(error instanceof ExitError)
    assert.match(error.message, message)
    assert.equal(error.exitCode, exitCode)
    return true
  })
}

test('a broker behind a path is asked with a login, and hostile names stay in their place', async () => {
  const answers = { '/p/api/queues/%2F/a%2F..%3F': [200, '{"name":"a"}'] } as const
  await using server = await serve(answers)
  const login = { user: 'app', password: 'ü:b' }
  const client = new BrokerClient(placeAt(`http://127.0.0.1:${server.port}/p/`, { login }))
  assert.deepEqual(await client.ask('GET', ['queues', '/', 'a/..?']), {
    status: 200,
    body: { name: 'a' },
  })
  const authorization = `Basic ${Buffer.from('app:ü:b').toString('base64')}`
  const url = '/p/api/queues/%2F/a%2F..%3F'
  assert.deepEqual(server.asked, [{ method: 'GET', url, authorization }])
  assert.equal((await client.ask('GET', ['users', 'x'])).status, 404)
})

test('what is refused says who was refused, why, and what to do', async () => {
  await using server = await serve({
    '/api/login': [401, '{"error":"not_authorized","reason":"Not_Authorized"}'],
    '/api/tags': [401, '{"error":"not_authorised","reason":"Not administrator user"}'],
    '/api/proxy': [403, '<html>'],
    '/api/moved': [302, ''],
    '/api/fault': [500, 'Internal Server Error'],
    '/api/gateway': [503, '<html>'],
    '/api/checks': [503, '{"status":"failed"}'],
    '/api/host': [421, '{"reason":"Ask for localhost"}'],
  })
  const url = `http://127.0.0.1:${server.port}`
  const ask = (path: string, others: Partial<RemotePlace> = {}): Promise<unknown> =>
    new BrokerClient(placeAt(url, others)).ask('GET', [path])
  const asApp = { login: { user: 'app', password: 'x' } }
  const { notPermitted, unavailable } = exitCodes
  await expectEnd(ask('login'), notPermitted, /wants a login: give --user NAME/)
  await expectEnd(ask('login', asApp), notPermitted, /refuses user 'app' with this password/)
  await expectEnd(ask('login', { login: { token: 't' } }), notPermitted, /the token: it may have/)
  await expectEnd(ask('tags', asApp), notPermitted, /'app' may not do that \(Not administrator/)
  await expectEnd(ask('proxy', asApp), notPermitted, /refuses user 'app'/)
  await expectEnd(ask('moved'), unavailable, /sends on to another address \(302\)/)
  await expectEnd(ask('fault'), unavailable, /failed to answer \(500\)/)
  await expectEnd(ask('gateway'), unavailable, /failed to answer \(503\)/)
  await expectEnd(ask('host'), unavailable, /: Ask for localhost$/)
  assert.deepEqual(await ask('checks'), { status: 503, body: { status: 'failed' } })
})

test('a broker that is not there is one, whoever has its port', async () => {
  let port: number
  {
    await using server = await serve({})
    port = server.port
    const tls = new BrokerClient(placeAt(`https://127.0.0.1:${port}`)).ask('GET', [])
    await expectEnd(tls, exitCodes.unavailable, /no TLS is spoken there/)
  }
  const gone = new BrokerClient(placeAt(`http://127.0.0.1:${port}`)).ask('GET', [])
  await expectEnd(gone, exitCodes.unavailable, /ECONNREFUSED\): is the broker running/)
})

test('a server that is none of a broker is told from one', async () => {
  const page = '<html>Not Found</html>'
  await using server = await serve({ '/api/users': [404, page], '/api/queues': [200, page] })
  const client = new BrokerClient(placeAt(`http://127.0.0.1:${server.port}`))
  for (const [what, status] of [
    ['users', 404],
    ['queues', 200],
  ] as const) {
    const message = new RegExp(
      `answers \\(${status}\\), but not as a broker does: is this its HTTP`,
    )
    await expectEnd(client.ask('GET', [what]), exitCodes.unavailable, message)
    await expectEnd(client.transfer('GET', [what], {}), exitCodes.unavailable, message)
  }
})

test('over TLS only a broker that its authority signed for that name is asked', async () => {
  const authority = makeCertificate({ name: 'authority' })
  const own = makeCertificate({ name: 'broker', hosts: ['127.0.0.1'], issuer: authority })
  const other = makeCertificate({ name: 'other authority' })
  await using server = await serve({ '/api/whoami': [200, '{}'] }, (listener) =>
    createTlsServer({ cert: own.certificate, key: own.key }, listener),
  )
  const ask = (host: string, ca?: string): Promise<unknown> =>
    new BrokerClient(placeAt(`https://${host}:${server.port}`, { ca })).ask('GET', ['whoami'])
  assert.deepEqual(await ask('127.0.0.1', authority.certificate), { status: 200, body: {} })
  const { unavailable } = exitCodes
  await expectEnd(ask('127.0.0.1'), unavailable, /by nobody the system trusts; name the authority/)
  await expectEnd(ask('127.0.0.1', other.certificate), unavailable, /by nobody in --tls-ca$/)
  await expectEnd(ask('localhost', authority.certificate), unavailable, /is for other names/)
  const plain = new BrokerClient(placeAt(`http://127.0.0.1:${server.port}`)).ask('GET', [])
  await expectEnd(plain, unavailable, /does that port want https:\/\/ instead/)
  assert.equal(server.asked.length, 1)
})

test('commands that are advised name the broker as it was named', () => {
  const client = new BrokerClient('/data', " --data '/my data'")
  assert.equal(client.commandLine('vhost list'), "pabal vhost list --data '/my data'")
  assert.equal(new BrokerClient('/data').commandLine('vhost list'), 'pabal vhost list')
})
