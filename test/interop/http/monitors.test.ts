// What monitors read of RabbitMQ's API, field by field: Telegraf's plugin `rabbitmq` (plugins/inputs/rabbitmq of
// 1.36), Datadog's check `rabbitmq` (its management part) and the checks of Nagios.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { connect } from 'amqplib'
import { TestBroker } from '../../support/start-test-broker.ts'
import { waitFor } from '../../support/wait-for.ts'

let broker: TestBroker
before(async () => {
  broker = await TestBroker.start(['--http-port', '0'])
  const connection = await connect(broker.url)
  const channel = await connection.createConfirmChannel()
  await channel.assertExchange('events', 'topic')
  await channel.assertQueue('orders')
  await channel.bindQueue('orders', 'events', '#')
  for (let sent = 0; sent < 3; sent++) channel.publish('events', 'a', Buffer.from('m'))
  await channel.waitForConfirms()
  assert.notEqual(await channel.get('orders', { noAck: true }), false)
  await connection.close()
})
after(() => broker[Symbol.asyncDispose]())

type Json = Readonly<Record<string, unknown>>

async function ask(path: string): Promise<unknown> {
  const response = await fetch(`http://127.0.0.1:${broker.httpPort}/api${path}`)
  assert.equal(response.status, 200, path)
  return response.json()
}

/** Fails for those of the dotted names that are no numbers. */
function expectNumbers(json: unknown, names: string): void {
  const missing = names
    .trim()
    .split(/\s+/)
    .filter((name) => {
      const value = name
        .split('.')
        .reduce<unknown>((at, key) => (at as Json | undefined)?.[key], json)
      return typeof value !== 'number'
    })
  assert.deepEqual(missing, [])
}

test('the overview has totals and rates', async () => {
  // Totals of messages come with the first sample.
  const overview = await waitFor('there are rates', async () => {
    const seen = (await ask('/overview')) as Json
    return (seen['message_stats'] as Json)['publish_details'] === undefined ? undefined : seen
  })
  expectNumbers(
    overview,
    `message_stats.publish message_stats.publish_details.rate message_stats.ack
    message_stats.deliver_get message_stats.deliver_get_details.rate message_stats.confirm
    message_stats.redeliver message_stats.return_unroutable
    object_totals.channels object_totals.connections object_totals.consumers
    object_totals.exchanges object_totals.queues
    queue_totals.messages queue_totals.messages_ready queue_totals.messages_unacknowledged
    queue_totals.messages_details.rate`,
  )
  const { message_stats: stats, queue_totals: totals } = overview as Readonly<Record<string, Json>>
  assert.deepEqual([stats?.['publish'], totals?.['messages_ready']], [3, 2])
  assert.equal(typeof overview['rabbitmq_version'], 'string')
  assert.ok(Array.isArray(overview['listeners']))
})

test('the node has its memory, disk and descriptors', async () => {
  const [node] = (await ask('/nodes')) as readonly Json[]
  expectNumbers(
    node,
    'disk_free_limit fd_total mem_limit mem_used proc_total run_queue sockets_used uptime',
  )
  for (const alarm of ['mem_alarm', 'disk_free_alarm', 'running']) {
    assert.equal(typeof node?.[alarm], 'boolean', alarm)
  }
  assert.deepEqual(node?.['partitions'], [])
  const name = encodeURIComponent(String(node?.['name']))
  expectNumbers(await ask(`/nodes/${name}/memory`), 'memory.total.rss')
})

test('queues and exchanges have their counts', async () => {
  const queues = (await ask('/queues?disable_stats=false')) as readonly Json[]
  const orders = queues.find(({ name }) => name === 'orders')
  expectNumbers(
    orders,
    `messages messages_ready messages_unacknowledged consumers
    message_stats.publish message_stats.deliver_get message_stats.ack`,
  )
  assert.equal(orders?.['messages'], 2)
  for (const key of ['node', 'vhost', 'state', 'type']) assert.equal(typeof orders?.[key], 'string')
  const exchanges = (await ask('/exchanges')) as readonly Json[]
  const events = exchanges.find(({ name }) => name === 'events')
  expectNumbers(events, 'message_stats.publish_in message_stats.publish_out')
  assert.deepEqual((events?.['message_stats'] as Json | undefined)?.['publish_in'], 3)
})

test('a queue says whether its consumers keep up', async () => {
  const connection = await connect(broker.url)
  const channel = await connection.createConfirmChannel()
  await channel.assertQueue('watched')
  const utilisation = async (): Promise<unknown> =>
    ((await ask('/queues/%2F/watched')) as Json)['consumer_utilisation']
  assert.equal(await utilisation(), 0)
  await channel.prefetch(1)
  await channel.consume('watched', () => undefined)
  await waitFor('it is consumed', async () => (await utilisation()) === 1)
  for (let sent = 0; sent < 2; sent++) channel.sendToQueue('watched', Buffer.from('m'))
  await channel.waitForConfirms()
  // The share of the last minute falls with the first sample.
  await waitFor('a message waits', async () => Number(await utilisation()) < 1)
  expectNumbers(await ask('/queues/%2F/watched'), 'memory message_bytes_ram consumer_capacity')
  await connection.close()
})

test('what asks for health only is answered without a login', async () => {
  for (const path of ['is-in-service', 'ready-to-serve-clients', 'below-node-connection-limit']) {
    assert.deepEqual(await ask(`/health/checks/${path}`), { status: 'ok' })
  }
  assert.deepEqual(await ask('/aliveness-test/%2F'), { status: 'ok' })
})
