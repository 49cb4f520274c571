// Who sees what of messages, and pages, single messages and payloads by HTTP.
import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { askApi, createOwnersRoutes, createRoutesAs } from '../../../test/support/ask-api.ts'
import { type ManagedBroker, openManagedBroker } from '../../../test/support/managed-broker.ts'

const base = '/v1/streams/%2F/orders/messages'

let managed: ManagedBroker
let routes: ReturnType<typeof createOwnersRoutes>
beforeEach(async () => {
  managed = openManagedBroker()
  routes = createOwnersRoutes(managed)
  await make('PUT /queues/%2F/orders', { durable: true })
})

async function make(request: string, body: unknown): Promise<unknown> {
  const [status, answer] = await askApi(routes, request, body)
  assert.ok(status < 300, JSON.stringify(answer))
  return answer
}

function publish(payload: Buffer | string, headers: object = {}): Promise<unknown> {
  const bytes = Buffer.from(payload as string)
  const message = { payload: bytes.toString('base64'), payload_encoding: 'base64' }
  return make(`POST ${base}`, { messages: [{ ...message, properties: { headers } }] })
}

/** A user with the tag `management`, or another one, and these permissions. */
async function userWho(
  permission: Partial<Record<'configure' | 'write' | 'read', string>>,
  tag = 'management',
): Promise<ReturnType<typeof createRoutesAs>> {
  await make('PUT /users/ann', { password: 'p', tags: tag })
  const none = { configure: '^$', write: '^$', read: '^$' }
  await make('PUT /permissions/%2F/ann', { ...none, ...permission })
  return createRoutesAs(managed, { user: 'ann', tags: [tag] })
}

test('who may read sees payloads; who may configure, and administrators, see the outside only', async () => {
  await publish('secret', { tenant: 'acme' })
  const readers = await userWho({ read: 'orders' })
  const [, page] = await askApi(readers, `GET ${base}?payload=10`)
  const { messages, sees_payloads: sees } = page as {
    readonly messages: readonly object[]
    readonly sees_payloads: boolean
  }
  assert.equal(sees, true)
  assert.partialDeepStrictEqual(messages[0], { payload: 'secret' })
  for (const [permission, tag] of [
    [{ configure: 'orders' }, 'management'],
    [{}, 'administrator'],
  ] as const) {
    const others = await userWho(permission, tag)
    const [status, outside] = await askApi(others, `GET ${base}?payload=10`)
    assert.equal(status, 200)
    assert.partialDeepStrictEqual(outside, {
      sees_payloads: false,
      messages: [{ offset: 0, payload_bytes: 6, properties: { headers: { tenant: 'acme' } } }],
    })
    const [, one] = await askApi(others, `GET ${base}/0`)
    assert.partialDeepStrictEqual(one, { sees_payload: false, payload_bytes: 6 })
    assert.doesNotMatch(JSON.stringify([outside, one]), /secret|"payload"/)
    const text = encodeURIComponent('{"text":"s"}')
    const json = encodeURIComponent('{"json":[{"path":"$.a","is":"exists"}]}')
    for (const path of [`${base}?filter=${text}`, `${base}?filter=${json}`, `${base}/0/payload`]) {
      const [refused, answer] = await askApi(others, `GET ${path}`)
      assert.equal(refused, 401, path)
      assert.match((answer as { reason: string }).reason, /read access to queue 'orders'/)
    }
    const header = encodeURIComponent(
      '{"headers":[{"name":"tenant","is":"equals","value":"acme"}]}',
    )
    assert.equal((await askApi(others, `GET ${base}?filter=${header}`))[0], 200)
  }
  const writers = await userWho({ write: 'orders' })
  assert.equal((await askApi(writers, `GET ${base}`))[0], 401)
  assert.equal((await askApi(writers, `GET ${base}/0`))[0], 401)
})

test('a payload comes as bytes, whole or in parts, also a large one', async () => {
  const bytes = Buffer.alloc(900_000, '0123456789')
  await publish(bytes)
  await publish(Buffer.from([0xff, 0, 1]))
  const whole = await routes.request(`${base}/0/payload`)
  assert.equal(whole.headers.get('content-length'), `${bytes.length}`)
  assert.match(whole.headers.get('content-disposition')!, /attachment; filename="orders-0"/)
  assert.ok(Buffer.from(await whole.arrayBuffer()).equals(bytes))
  const part = await routes.request(`${base}/0/payload?at=800003&size=4`)
  assert.equal(await part.text(), '3456')
  const behind = await routes.request(`${base}/0/payload?at=9000000`)
  assert.equal(await behind.text(), '')
  const [, shown] = await askApi(routes, `GET ${base}/0?payload=5`)
  assert.partialDeepStrictEqual(shown, { payload: '01234', payload_bytes: bytes.length })
  const [, binary] = await askApi(routes, `GET ${base}/1`)
  assert.partialDeepStrictEqual(binary, { payload: '/wAB', payload_encoding: 'base64' })
})

test('a place that is none, or where nothing is, is 404', async () => {
  await publish('a')
  for (const place of ['1', 'x', '0.0.0', '99999999999999999999']) {
    assert.equal((await askApi(routes, `GET ${base}/${place}`))[0], 404, place)
    assert.equal((await askApi(routes, `GET ${base}/${place}/payload`))[0], 404, place)
  }
  const [status, answer] = await askApi(routes, `GET ${base}/7.0`)
  assert.equal(status, 400)
  assert.match((answer as { reason: string }).reason, /no partition 7/)
})
