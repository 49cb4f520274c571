// Fields of RabbitMQ's management plugin (4.2.9, rabbit_mgmt_wm_overview.erl, _node.erl), as far as they mean something.
import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { askApi, createOwnersRoutes, createRoutesAs } from '../../../test/support/ask-api.ts'
import { statusOf } from '../../../test/support/broker-status.ts'
import { type ManagedBroker, openManagedBroker } from '../../../test/support/managed-broker.ts'
import type { Client } from '../../broker/client/client.ts'
import { ClientCounters } from '../../broker/counters/client-counters.ts'
import { hostNodeName as nodeName } from '../../lib/node-name.ts'

let managed: ManagedBroker
let routes: ReturnType<typeof createOwnersRoutes>
beforeEach(() => {
  managed = openManagedBroker()
  routes = createOwnersRoutes(managed)
})

type Json = { readonly [key: string]: unknown }

async function show(path: string): Promise<Json> {
  const [status, body] = await askApi(routes, `GET ${path}`)
  assert.equal(status, 200)
  return body as Json
}

test('the overview has totals, with a history where one is asked for', async () => {
  await askApi(routes, 'PUT /queues/%2F/q', {})
  const message = { routing_key: 'q', payload: '', payload_encoding: 'string', properties: {} }
  await askApi(routes, 'POST /exchanges/%2F/amq.default/publish', message)
  const overview = await show('/overview?msg_rates_age=60&msg_rates_incr=5')
  assert.equal(overview['node'], nodeName)
  const stats = overview['message_stats'] as Json
  assert.equal(stats['publish'], 1)
  assert.deepEqual(stats['publish_details'], { rate: 0, samples: [], avg_rate: 0, avg: 0 })
  assert.deepEqual((overview['queue_totals'] as Json)['messages_details'], { rate: 0 })
  assert.deepEqual(overview['listeners'], [
    { node: nodeName, protocol: 'amqp', ip_address: '127.0.0.1', port: 5672 },
  ])
  const basic = await show('/overview?disable_stats=true')
  assert.ok(!('message_stats' in basic) && 'object_totals' in basic)
  const [status] = await askApi(routes, 'GET /overview?msg_rates_age=x&msg_rates_incr=5')
  assert.equal(status, 400)
})

test('what came and went is counted, in sum and for the node', async () => {
  for (const name of ['a', 'b', 'a']) await askApi(routes, `PUT /queues/%2F/${name}`, {})
  await askApi(routes, 'DELETE /queues/%2F/b')
  const { clients } = managed
  const counters = new ClientCounters()
  const client = { ...clients.register(), protocol: 'AMQP 0-9-1', channelCount: 0, counters }
  clients.add(client as Partial<Client> as Client)
  counters.channels += 3
  clients.remove(client as Partial<Client> as Client)
  managed.broker.store.stats.onCommitted(0.002, 100)
  const { churn_rates: churn } = await show('/overview')
  const node = await show(`/nodes/${nodeName}?node_stats_age=60&node_stats_incr=5`)
  const expected = {
    queue_declared: 3,
    queue_created: 2,
    queue_deleted: 1,
    connection_created: 1,
    connection_closed: 1,
    channel_created: 3,
    channel_closed: 3,
  }
  for (const [name, count] of Object.entries(expected)) {
    assert.deepEqual([name, (churn as Json)[name], node[name]], [name, count, count])
    assert.deepEqual((churn as Json)[`${name}_details`], { rate: 0 })
    assert.deepEqual(Object.keys(node[`${name}_details`] as Json), [
      'rate',
      'samples',
      'avg_rate',
      'avg',
    ])
  }
  const written = ['io_write_count', 'io_write_bytes', 'io_sync_count', 'io_sync_avg_time']
  assert.deepEqual(
    written.map((name) => node[name]),
    [1, 100, 1, 2],
  )
})

test('listeners have the names that RabbitMQ has for their protocols', async () => {
  const local = { host: '127.0.0.1' }
  const addresses = {
    amqp: { ...local, port: 1 },
    'amqp-tls': { ...local, port: 2 },
    'http-tls': { ...local, port: 3 },
  }
  const source = { status: () => ({ ...statusOf('ready'), addresses }) }
  routes = createOwnersRoutes({ ...managed, source })
  const overview = await show('/overview')
  assert.deepEqual(
    (overview['listeners'] as Json[]).map(({ protocol }) => protocol),
    ['amqp', 'amqp/ssl', 'https'],
  )
  assert.deepEqual(
    (overview['contexts'] as Json[]).map(({ port }) => port),
    ['3'],
  )
})

test('memory is shown in percent, too', async () => {
  const { memory } = await show(`/nodes/${nodeName}/memory/relative`)
  assert.equal((memory as Json)['total'], 100)
  assert.ok(Object.values(memory as Json).every((share) => Number(share) <= 100))
  const node = await show(`/nodes/${nodeName}?memory=true`)
  assert.equal(((node['memory'] as Json)['total'] as Json)['rss'], 100_000_000)
})

test('the node is shown to monitoring', async () => {
  const node = await show(`/nodes/${nodeName}`)
  assert.deepEqual(await askApi(routes, 'GET /nodes'), [200, [node]])
  for (const key of ['mem_used', 'mem_limit', 'uptime', 'processors']) {
    assert.ok(Number(node[key]) > 0, key)
  }
  const { memory } = await show(`/nodes/${nodeName}/memory`)
  assert.equal(((memory as Json)['total'] as Json)['rss'], 100_000_000)
  assert.equal((await askApi(routes, 'GET /nodes/other'))[0], 404)
  assert.equal((await askApi(routes, 'GET /nodes/other/memory'))[0], 404)
  routes = createRoutesAs(managed, { user: 'u', tags: ['management'] })
  assert.equal((await askApi(routes, 'GET /nodes'))[0], 401)
  const overview = await show('/overview')
  assert.ok(!('listeners' in overview) && !('message_stats' in overview))
  assert.deepEqual(overview['object_totals'], { exchanges: 0, queues: 0, consumers: 0 })
  assert.equal((await askApi(routes, 'PUT /cluster-name', { name: 'x' }))[0], 401)
})

test('the cluster is named', async () => {
  assert.deepEqual(await show('/cluster-name'), { name: 'pabal' })
  assert.deepEqual(await askApi(routes, 'PUT /cluster-name', { name: 'ours' }), [204, undefined])
  assert.deepEqual(await show('/cluster-name'), { name: 'ours' })
  assert.equal((await show('/overview'))['cluster_name'], 'ours')
  assert.deepEqual(await askApi(routes, 'GET /version'), [200, '1.2.3'])
  assert.deepEqual(await askApi(routes, 'GET /extensions'), [200, []])
})
