// Paths, statuses and JSON of RabbitMQ's management plugin (4.2.9, rabbit_mgmt_wm_exchange*.erl, _binding*.erl).
import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { askApi, createOwnersRoutes, createRoutesAs } from '../../../test/support/ask-api.ts'
import { type ManagedBroker, openManagedBroker } from '../../../test/support/managed-broker.ts'

let managed: ManagedBroker
let routes: ReturnType<typeof createOwnersRoutes>
beforeEach(() => {
  managed = openManagedBroker(['other'])
  routes = createOwnersRoutes(managed)
})

const ask = (request: string, body?: unknown): Promise<[number, unknown]> =>
  askApi(routes, request, body)

async function reasonOf(request: string, body?: unknown): Promise<string> {
  const [status, answer] = await ask(request, body)
  return `${status} ${(answer as { readonly reason: string }).reason}`
}

const nowhere = { error: 'Object Not Found', reason: 'Not Found' }

test('exchanges are declared, shown, listed and deleted', async () => {
  const asked = { type: 'topic', durable: 'true', arguments: { 'alternate-exchange': 'a' } }
  assert.deepEqual(await ask('PUT /exchanges/%2F/a%2Fb', asked), [201, undefined])
  assert.deepEqual(await ask('PUT /exchanges/%2F/a%2Fb', asked), [204, undefined])
  const shown = {
    vhost: '/',
    name: 'a/b',
    type: 'topic',
    durable: true,
    auto_delete: false,
    internal: false,
    arguments: { 'alternate-exchange': 'a' },
  }
  assert.deepEqual(await ask('GET /exchanges/%2F/a%2Fb'), [
    200,
    { ...shown, incoming: [], outgoing: [] },
  ])
  const [, listed] = (await ask('GET /exchanges/%2F?columns=name')) as [number, { name: string }[]]
  assert.deepEqual(
    listed.map(({ name }) => name),
    [
      '',
      'a/b',
      'amq.direct',
      'amq.fanout',
      'amq.headers',
      'amq.match',
      'amq.rabbitmq.trace',
      'amq.topic',
    ],
  )
  const [, ofAll] = (await ask('GET /exchanges')) as [number, unknown[]]
  assert.equal(ofAll.length, 2 * listed.length - 1)
  assert.equal(
    await reasonOf('PUT /exchanges/%2F/a%2Fb', { type: 'direct', durable: true }),
    "400 inequivalent arg 'type' for exchange 'a/b' in vhost '/': received 'direct' but current is 'topic'",
  )
  assert.deepEqual(await ask('DELETE /exchanges/%2F/a%2Fb'), [204, undefined])
  for (const path of ['%2F/a%2Fb', 'none/amq.direct']) {
    assert.deepEqual(await ask(`GET /exchanges/${path}`), [404, nowhere])
    assert.deepEqual(await ask(`DELETE /exchanges/${path}`), [404, nowhere])
  }
  assert.equal(await reasonOf('PUT /exchanges/none/x', {}), '404 vhost_not_found')
})

test('what an exchange may not be is refused', async () => {
  assert.match(await reasonOf('PUT /exchanges/%2F/amq.default', {}), /^401 operation not permitted/)
  assert.match(
    await reasonOf('PUT /exchanges/%2F/amq.x', {}),
    /^401 exchange name 'amq.x' contains/,
  )
  assert.match(
    await reasonOf('DELETE /exchanges/%2F/amq.direct'),
    /^401 deletion of system exchange/,
  )
  assert.match(await reasonOf('PUT /exchanges/%2F/x', { durable: 1 }), /^400 durable: /)
  assert.match(
    await reasonOf('PUT /exchanges/%2F/x', { type: 'none' }),
    /^400 unknown exchange type/,
  )
  const deep = `{"arguments":{"x":${'['.repeat(30_000)}${']'.repeat(30_000)}}}`
  assert.match(await reasonOf('PUT /exchanges/%2F/x', deep), /^400 arguments: has too many tables/)
  assert.match(
    await reasonOf(`PUT /exchanges/%2F/${'x'.repeat(256)}`, {}),
    /^400 .*longer than 255/,
  )
})

test('one in use is not deleted when only an unused one may be', async () => {
  await ask('PUT /exchanges/%2F/x', {})
  await ask('PUT /queues/%2F/q', {})
  await ask('POST /bindings/%2F/e/x/q/q', {})
  assert.equal(
    await reasonOf('DELETE /exchanges/%2F/x?if-unused=true'),
    "400 exchange 'x' in vhost '/' in use",
  )
  assert.deepEqual(await ask('DELETE /exchanges/%2F/x'), [204, undefined])
})

async function keysOf(path: string): Promise<string[]> {
  const [, bindings] = await ask(`GET ${path}`)
  return (bindings as { readonly source: string; readonly properties_key: string }[])
    .map(({ source, properties_key: key }) => `${source} ${key}`)
    .toSorted()
}

async function bind(path: string, body: unknown): Promise<string | null> {
  const response = await routes.request(path, { method: 'POST', body: JSON.stringify(body) })
  assert.equal(response.status, 201)
  return response.headers.get('location')
}

test('bindings are made, listed from all sides, found by their properties key, and removed', async () => {
  await ask('PUT /queues/%2F/q', {})
  await ask('PUT /exchanges/%2F/x', { type: 'headers' })
  const between = '/bindings/%2F/e/x/q/q'
  assert.equal(await bind(between, {}), 'q/~')
  assert.equal(await bind(between, { routing_key: 'a b~c/d' }), 'q/a%2Bb%257Ec%252Fd')
  const location = await bind(between, { routing_key: 'k', arguments: { n: 1, text: 'é' } })
  const [, hash = ''] = /^q\/(k~.+)$/.exec(location ?? '') ?? []
  assert.equal(await bind('/bindings/%2F/e/amq.direct/e/x', { routing_key: 'e' }), 'x/e')
  assert.deepEqual(await keysOf(between), ['x a+b%7Ec%2Fd', `x ${hash}`, 'x ~'].toSorted())
  assert.deepEqual(await keysOf('/queues/%2F/q/bindings'), [' q', ...(await keysOf(between))])
  assert.deepEqual(await keysOf('/exchanges/%2F/x/bindings/source'), await keysOf(between))
  assert.deepEqual(await keysOf('/exchanges/%2F/x/bindings/destination'), ['amq.direct e'])
  assert.deepEqual(await keysOf('/exchanges/%2F/amq.default/bindings/source'), [' q'])
  for (const path of ['/bindings', '/bindings/%2F']) {
    assert.equal((await keysOf(path)).length, 5)
  }
  const one = {
    vhost: '/',
    source: 'x',
    destination: 'q',
    destination_type: 'queue',
    routing_key: 'k',
    arguments: { n: 1, text: 'é' },
    properties_key: hash,
  }
  assert.deepEqual(await ask(`GET ${between}/${hash}`), [200, one])
  for (const key of ['~', hash, encodeURIComponent('a+b%7Ec%2Fd')]) {
    assert.equal((await ask(`GET ${between}/${key}`))[0], 200, key)
    assert.deepEqual(await ask(`DELETE ${between}/${key}`), [204, undefined])
    for (const method of ['GET', 'DELETE']) {
      assert.deepEqual(await ask(`${method} ${between}/${key}`), [404, nowhere])
    }
  }
  assert.deepEqual(await keysOf(between), [])
  assert.deepEqual(await ask('GET /bindings/%2F/e/x/z/q'), [404, nowhere])
})

test('what cannot be bound is refused', async () => {
  await ask('PUT /queues/%2F/q', {})
  assert.match(await reasonOf('POST /bindings/%2F/e/none/q/q', {}), /^404 no exchange 'none'/)
  assert.match(await reasonOf('POST /bindings/%2F/e/amq.direct/q/none', {}), /^404 no queue 'none'/)
  assert.match(await reasonOf('POST /bindings/%2F/e/amq.default/q/q', {}), /^401 operation not/)
  const long = { routing_key: 'é'.repeat(128) }
  assert.match(
    await reasonOf('POST /bindings/%2F/e/amq.direct/q/q', long),
    /^400 routing_key: longer/,
  )
  assert.match(await reasonOf('DELETE /bindings/%2F/e/amq.default/q/q/q'), /^401 operation not/)
})

test('a user may do by HTTP what it may do by AMQP', async () => {
  const permission = { user: 'u', vhost: '/', configure: '^own', write: '^own', read: '^own' }
  const user = { name: 'u', passwordHash: '', tags: ['management'] }
  const row = { ...user, hashingAlgorithm: 'rabbit_password_hashing_sha256' } as const
  await managed.keeper.putUser(row, [permission])
  routes = createRoutesAs(managed, { user: 'u', tags: ['management'] })
  assert.deepEqual(await ask('PUT /exchanges/%2F/own', {}), [201, undefined])
  assert.deepEqual(await ask('PUT /queues/%2F/own', {}), [201, undefined])
  assert.deepEqual(await ask('POST /bindings/%2F/e/own/q/own', {}), [201, undefined])
  const refused = /^401 \w+ access to .* refused for user 'u'$/
  assert.match(await reasonOf('PUT /exchanges/%2F/x', {}), refused)
  assert.match(await reasonOf('PUT /queues/%2F/q', {}), refused)
  assert.match(await reasonOf('POST /bindings/%2F/e/amq.direct/q/own', {}), refused)
  assert.match(await reasonOf('DELETE /exchanges/%2F/amq.x'), /^404/)
  assert.equal((await ask('GET /exchanges/other'))[0], 404)
  const [, vhosts] = await ask('GET /exchanges?columns=vhost')
  assert.ok((vhosts as { readonly vhost: string }[]).every(({ vhost }) => vhost === '/'))
})
