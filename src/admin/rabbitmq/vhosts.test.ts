import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { askApi, createOwnersRoutes } from '../../../test/support/ask-api.ts'
import { openManagedBroker } from '../../../test/support/managed-broker.ts'

let routes: ReturnType<typeof createOwnersRoutes>
beforeEach(() => {
  routes = createOwnersRoutes(openManagedBroker(['other']))
})

type Json = Readonly<Record<string, unknown>>

async function show(path: string): Promise<Json> {
  const [status, body] = await askApi(routes, `GET ${path}`)
  assert.equal(status, 200)
  return body as Json
}

/** Of what there is, the numbers of these names. */
function numbersOf(json: unknown, ...names: string[]): unknown[] {
  return names.map((name) => (json as Json)[name])
}

test('a virtual host has sums of what is in it', async () => {
  for (const queue of ['a', 'b']) await askApi(routes, `PUT /queues/%2F/${queue}`, {})
  await askApi(routes, 'PUT /queues/other/a', {})
  const message = { payload: 'm', payload_encoding: 'string', properties: {} }
  const publish = '/exchanges/%2F/amq.default/publish'
  for (const key of ['a', 'a', 'b', 'nowhere']) {
    await askApi(routes, `POST ${publish}`, { ...message, routing_key: key })
  }
  const taken = { count: 1, ackmode: 'ack_requeue_false', encoding: 'auto' }
  await askApi(routes, 'POST /queues/%2F/a/get', taken)
  const vhost = await show('/vhosts/%2F')
  assert.deepEqual(numbersOf(vhost, 'messages', 'messages_ready'), [2, 2])
  const stats = ['publish', 'get_no_ack', 'return_unroutable', 'ack']
  assert.deepEqual(numbersOf(vhost['message_stats'], ...stats), [4, 1, 1, 0])
  assert.deepEqual(vhost['messages_details'], { rate: 0 })
  const other = await show('/vhosts/other')
  assert.deepEqual(numbersOf(other, 'messages', 'recv_oct', 'message_stats'), [0, 0, undefined])
  const [, list] = await askApi(routes, 'GET /vhosts?sort=messages&sort_reverse=true')
  assert.deepEqual(list, [vhost, other])
  const basic = await show('/vhosts/%2F?disable_stats=true')
  assert.ok(!('messages' in basic) && !('message_stats' in basic) && 'metadata' in basic)
})
