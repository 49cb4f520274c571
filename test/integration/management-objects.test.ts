// What RabbitMQ's management API shows of amqplib's connections, channels and consumers, and that it closes them, as
// suites of client libraries ask it to.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, before, test } from 'node:test'
import { connect } from 'amqplib'
import { startBroker } from '../../src/start-broker.ts'
import { otherPortsOff } from '../support/other-ports-off.ts'
import { waitFor } from '../support/wait-for.ts'

let broker: Awaited<ReturnType<typeof startBroker>>
before(async () => {
  broker = await startBroker({
    storage: 'memory',
    ...otherPortsOff,
    amqpPort: 0,
    kafkaPort: 'off',
    httpPort: 0,
  })
})
after(() => broker[Symbol.asyncDispose]())

type Json = { readonly [key: string]: unknown }

/** An object within another. */
function within(object: Json | undefined, key: string): Json {
  return object?.[key] as Json
}

async function ask<T = Json>(request: string, headers: Record<string, string> = {}): Promise<T> {
  const [method = '', path = ''] = request.split(' ')
  const { host, port } = broker.addresses['http']!
  const url = `http://${host}:${port}/api${path}`
  const response = await fetch(url, { method, headers })
  assert.ok(response.ok, `${request}: ${response.status} ${response.statusText}`)
  return (response.status === 204 ? undefined : await response.json()) as T
}

function openConnection(name: string): ReturnType<typeof connect> {
  const { host, port } = broker.addresses['amqp']!
  const clientProperties = { connection_name: name }
  return connect(`amqp://${host}:${port}?heartbeat=7`, { clientProperties })
}

async function findNamed(name: string): Promise<Json> {
  const all = await ask<Json[]>('GET /connections')
  const found = all.find(({ user_provided_name: given }) => given === name)
  assert.ok(found)
  return found
}

test('a connection is shown with its channels and consumers', async () => {
  const connection = await openConnection('shown')
  const channel = await connection.createConfirmChannel()
  const other = await connection.createChannel()
  await channel.assertQueue('own', { exclusive: true })
  await channel.assertQueue('log', { durable: true, arguments: { 'x-queue-type': 'stream' } })
  await channel.prefetch(3)
  await channel.consume('own', () => undefined, { consumerTag: 'c', arguments: { a: 1 } })
  await channel.consume('log', () => undefined, { consumerTag: 's' })
  channel.sendToQueue('own', Buffer.from('m'))
  await channel.waitForConfirms()

  const shown = await findNamed('shown')
  const { port } = broker.addresses['amqp']!
  assert.match(
    String(shown['name']),
    new RegExp(`^127\\.0\\.0\\.1:\\d+ -> 127\\.0\\.0\\.1:${port}$`),
  )
  const facts = { user: 'guest', vhost: '/', protocol: 'AMQP 0-9-1', state: 'running', channels: 2 }
  for (const [key, value] of Object.entries({ ...facts, timeout: 7, ssl: false })) {
    assert.equal(shown[key], value, key)
  }
  assert.ok(Number(shown['recv_oct']) > 0 && Number(shown['connected_at']) > 0)
  assert.equal(within(shown, 'client_properties')['product'], 'amqplib')
  const path = encodeURIComponent(String(shown['name']))
  const one = await ask(`GET /connections/${path}`)
  assert.deepEqual({ ...one, recv_oct: 0, send_oct: 0 }, { ...shown, recv_oct: 0, send_oct: 0 })
  const basic = { name: shown['name'], vhost: '/', user: 'guest', node: shown['node'] }
  assert.deepEqual(await ask('GET /connections?disable_stats=true'), [basic])
  assert.deepEqual(await ask('GET /connections/username/guest'), [basic])

  const names = [1, 2].map((number) => `${String(shown['name'])} (${number})`)
  for (const list of ['/channels', '/vhosts/%2F/channels', `/connections/${path}/channels`]) {
    const channels = await ask<Json[]>(`GET ${list}?columns=name`)
    assert.deepEqual(
      channels.map(({ name }) => name),
      names,
      list,
    )
  }
  await waitFor('the delivery', async () => {
    const { messages_unacknowledged: count } = await ask(
      `GET /channels/${encodeURIComponent(names[0]!)}`,
    )
    return count === 1
  })
  const confirming = await ask(`GET /channels/${encodeURIComponent(names[0]!)}`)
  assert.equal(confirming['confirm'], true)
  assert.equal(confirming['prefetch_count'], 3)
  assert.equal(confirming['consumer_count'], 2)

  const consumers = await ask<Json[]>('GET /consumers/%2F')
  assert.deepEqual(await ask('GET /consumers'), consumers)
  assert.deepEqual(confirming['consumer_details'], consumers)
  const consumer = consumers.find(({ consumer_tag: tag }) => tag === 'c')
  assert.deepEqual(consumer?.['queue'], { name: 'own', vhost: '/' })
  assert.deepEqual(consumer?.['arguments'], { a: 1 })
  assert.equal(within(consumer, 'channel_details')['connection_name'], shown['name'])
  const own = await ask('GET /queues/%2F/own')
  assert.deepEqual(own['consumer_details'], [consumer])
  assert.equal(within(own, 'owner_pid_details')['name'], shown['name'])
  const stream = await ask('GET /queues/%2F/log')
  assert.deepEqual(
    (stream['consumer_details'] as Json[]).map((each) => each['prefetch_count']),
    [3],
  )

  await other.close()
  assert.equal((await findNamed('shown'))['channels'], 1)
  await connection.close()
  assert.deepEqual(await ask('GET /connections'), [])
})

test('a connection is closed for the reason that is given', async () => {
  const first = await openConnection('first')
  const second = await openConnection('second')
  const closed = [first, second].map((connection) => once(connection, 'close'))
  const { name } = await findNamed('first')
  await ask(`DELETE /connections/${encodeURIComponent(String(name))}`, { 'x-reason': 'enough' })
  assert.match(String((await closed[0])![0]), /CONNECTION_FORCED - enough/)
  await ask('DELETE /connections/username/guest')
  assert.match(String((await closed[1])![0]), /CONNECTION_FORCED - Closed via management plugin/)
  await waitFor('the end', async () => (await ask<Json[]>('GET /connections')).length === 0)
})
