import assert from 'node:assert/strict'
import { test } from 'node:test'
import { askApi, createOwnersRoutes, createRoutesAs } from '../../../test/support/ask-api.ts'
import { openManagedBroker } from '../../../test/support/managed-broker.ts'

interface Page {
  readonly events: readonly { readonly event: string; readonly sequence: number }[]
  readonly next: number
}

test('traces of a virtual host that is gone are gone, and a user has a few at a time', async () => {
  const owner = createOwnersRoutes(openManagedBroker())
  const filter = { text: 'x' }
  await askApi(owner, 'PUT /vhosts/shop', {})
  const [, trace] = await askApi(owner, 'POST /v1/traces/shop', { filter })
  const path = `/v1/traces/shop/${(trace as { id: string }).id}`
  assert.equal((await askApi(owner, `GET ${path}`))[0], 200)
  await askApi(owner, 'DELETE /vhosts/shop')
  await askApi(owner, 'PUT /vhosts/shop', {})
  assert.equal((await askApi(owner, `GET ${path}`))[0], 404)
  const statuses: number[] = []
  for (let count = 0; count < 5; count++) {
    statuses.push((await askApi(owner, 'POST /v1/traces/shop', { filter }))[0])
  }
  assert.deepEqual(statuses.slice(0, 4), [201, 201, 201, 201])
  assert.ok(statuses[4]! >= 400 && statuses[4]! < 500, `${statuses[4]}`)
})

test('a trace tells nothing of what its user may not see, not even that it was there', async () => {
  const managed = openManagedBroker()
  const owner = createOwnersRoutes(managed)
  for (const queue of ['mine', 'secret']) {
    await askApi(owner, `PUT /queues/%2F/${queue}`, { durable: true })
  }
  await askApi(owner, 'PUT /users/few', { password: 'x', tags: 'management' })
  const permission = { configure: '', write: '^(amq[.]default)?$', read: '^mine$' }
  await askApi(owner, 'PUT /permissions/%2F/few', permission)
  const few = createRoutesAs(managed, { user: 'few', tags: ['management'] })
  const [status, trace] = await askApi(few, 'POST /v1/traces/%2F', { filter: { text: 'pay' } })
  assert.equal(status, 201)
  const path = `/v1/traces/%2F/${(trace as { id: string }).id}`
  const read = async (query: string): Promise<Page> =>
    (await askApi(few, `GET ${path}/events?${query}`))[1] as Page

  const waiting = read('wait_ms=20000')
  const messages = [{ payload: 'pay' }]
  await askApi(owner, 'POST /v1/streams/%2F/secret/messages', { messages })
  assert.deepEqual(await read(''), { state: 'running', events: [], next: 0 })
  const [, facts] = await askApi(few, `GET ${path}`)
  assert.deepEqual(
    [(facts as { events: number }).events, (facts as { messages: number }).messages],
    [0, 0],
  )

  await askApi(owner, 'POST /v1/streams/%2F/mine/messages', { messages })
  const { events, next } = await waiting
  assert.deepEqual(
    events.map(({ event, sequence }) => [event, sequence]),
    [['routed', 1]],
  )
  assert.equal(next, 1)

  await askApi(few, 'POST /exchanges/%2F/amq.default/publish', {
    routing_key: 'secret',
    properties: {},
    payload: 'pay',
    payload_encoding: 'string',
  })
  const own = await read('after=1')
  assert.deepEqual(own.events.map(({ event }) => event).toSorted(), ['durable', 'published'])
  assert.equal(own.next, 3)
})
