// Paths, statuses, JSON and texts as RabbitMQ 3.10's management plugin answered them, but for no body, which is
// an empty object to 4.2.
import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { createOwnersRoutes } from '../../../test/support/ask-api.ts'
import { openManagedBroker } from '../../../test/support/managed-broker.ts'
import { networkLimits } from '../../limits/network.ts'

let routes: ReturnType<typeof createOwnersRoutes>
beforeEach(() => {
  routes = createOwnersRoutes(openManagedBroker(['other/%25']))
})

async function ask(method: string, path: string, body?: unknown): Promise<[number, unknown]> {
  const text = typeof body === 'string' || body === undefined ? body : JSON.stringify(body)
  const response = await routes.request(path, { method, ...(text !== undefined && { body: text }) })
  const answer = await response.text()
  return [response.status, answer === '' ? undefined : JSON.parse(answer)]
}

const limit = { pattern: '^a', definition: { 'max-length': 5 } }
const kept = { vhost: '/', name: 'a', 'apply-to': 'all', priority: 0, ...limit }

for (const kind of ['policies', 'operator-policies']) {
  test(`${kind} are put, shown, listed and deleted`, async () => {
    assert.deepEqual(await ask('GET', `/${kind}`), [200, []])
    assert.deepEqual(await ask('PUT', `/${kind}/%2F/a`, limit), [201, undefined])
    assert.deepEqual(await ask('PUT', `/${kind}/%2F/a`, { ...limit, vhost: 'b' }), [204, undefined])
    const other = { ...limit, priority: -1, 'apply-to': 'queues' }
    const odd = encodeURIComponent('other/%25')
    assert.deepEqual(await ask('PUT', `/${kind}/${odd}/${odd}`, other), [201, undefined])
    assert.deepEqual(await ask('GET', `/${kind}/%2F/a`), [200, kept])
    const otherKept = { ...kept, ...other, vhost: 'other/%25', name: 'other/%25' }
    assert.deepEqual(await ask('GET', `/${kind}`), [200, [otherKept, kept]])
    assert.deepEqual(await ask('GET', `/${kind}/%2F`), [200, [kept]])
    assert.deepEqual(await ask('DELETE', `/${kind}/%2F/a`), [204, undefined])
    const notFound = { error: 'Object Not Found', reason: 'Not Found' }
    for (const path of [`/${kind}/%2F/a`, `/${kind}/none/a`]) {
      for (const method of ['GET', 'DELETE']) {
        assert.deepEqual(await ask(method, path), [404, notFound])
      }
    }
    assert.deepEqual(await ask('GET', `/${kind}/none`), [404, notFound])
    assert.deepEqual(await ask('GET', `/${kind}/${odd}`), [200, [otherKept]])
    assert.deepEqual(await ask('POST', `/${kind}/%2F/a`, limit), [405, undefined])
  })
}

test('users and operators have policies of the same name', async () => {
  await ask('PUT', '/policies/%2F/a', limit)
  assert.deepEqual(await ask('GET', '/operator-policies/%2F'), [200, []])
})

test('virtual hosts are listed', async () => {
  const [status, vhosts] = await ask('GET', '/vhosts')
  assert.equal(status, 200)
  assert.deepEqual(
    (vhosts as { readonly name: string }[]).map(({ name }) => name),
    ['/', 'other/%25'],
  )
})

const bad = (reason: string): [number, unknown] => [400, { error: 'bad_request', reason }]
const refusals: readonly [string, unknown, [number, unknown]][] = [
  ['no JSON', 'nojson', bad('not_json')],
  ['a list', '[]', bad('not_json')],
  ['no body', undefined, bad('[{key_missing,pattern}]')],
  ['no pattern', { definition: {} }, bad('[{key_missing,pattern}]')],
  ['no definition', { pattern: 'a' }, bad('[{key_missing,definition}]')],
  [
    'a wrong value',
    { ...limit, definition: { 'max-length': -5 } },
    bad('Validation failed\n\n-5 is not a valid maximum length\n'),
  ],
  [
    'a priority that is a text',
    { ...limit, priority: '7' },
    bad('Validation failed\n\npriority should be a number, actually was <<"7">>\n'),
  ],
  [
    'too much',
    { ...limit, pattern: 'x'.repeat(networkLimits.httpBodySizeMax) },
    bad('Exceeded HTTP request body size limit'),
  ],
]
test('a definition of any depth is refused', async () => {
  const depth = 20_000
  const deep = `${'['.repeat(depth)}${']'.repeat(depth)}`
  const body = `{"pattern": "^a", "definition": {"max-length": ${deep}}}`
  const response = await routes.request('/policies/%2F/a', { method: 'PUT', body })
  const { reason } = (await response.json()) as { readonly reason: string }
  assert.match(reason, /^Validation failed\n\n\[{16}\.{3}\]{16} is not a valid maximum length/)
})

for (const [what, body, expected] of refusals) {
  test(`${what} is refused`, async () => {
    assert.deepEqual(await ask('PUT', '/policies/%2F/a', body), expected)
    assert.deepEqual(await ask('GET', '/policies'), [200, []])
  })
}

test('a policy for a virtual host that is not there is refused', async () => {
  const missing = { error: 'not_found', reason: 'vhost_not_found' }
  assert.deepEqual(await ask('PUT', '/policies/none/a', limit), [404, missing])
})

test('an operator has no setting that cannot be merged', async () => {
  const definition = { 'dead-letter-exchange': 'x' }
  assert.deepEqual(
    await ask('PUT', '/operator-policies/%2F/a', { ...limit, definition }),
    bad(
      'Validation failed\n\n[{<<"dead-letter-exchange">>,<<"x">>}] are not recognised policy settings\n',
    ),
  )
})
