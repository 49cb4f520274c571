// One list of clients, whatever they speak: who they are, where they come from, and how they are ended.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { after, before, test } from 'node:test'
import { Producer, stringSerializers } from '@platformatic/kafka'
import { connect } from 'amqplib'
import type { ClientProtocol } from '../../src/auth/principal.ts'
import type { Client } from '../../src/broker/client/client.ts'
import { silentLogger } from '../../src/lib/logger.ts'
import { Node } from '../../src/node/node.ts'
import { completeOptions } from '../../src/settings/load-config.ts'
import { otherPortsOff } from '../support/other-ports-off.ts'
import { waitFor } from '../support/wait-for.ts'

let node: Node
before(async () => {
  const options = completeOptions({ ...otherPortsOff, amqpPort: 0, kafkaPort: 0, httpPort: 0 })
  node = await Node.open(options, { logger: silentLogger, storage: 'memory', syncDelayMs: 0 })
})
after(() => node.close())

const portOf = (service: string): number => node.addresses[service]?.port ?? 0

async function listed(protocol: ClientProtocol): Promise<Client> {
  return waitFor(`a client of ${protocol}`, () =>
    [...node.clients].find((client) => client.protocol === protocol && client.principal),
  )
}

/** What every list shows of a client. */
function expectUsual(client: Client, service: string): void {
  const { principal, transport, connectedAt } = client
  assert.equal(principal?.user, 'guest')
  assert.deepEqual(principal?.tags, ['administrator'])
  assert.equal(principal?.protocol, client.protocol)
  assert.equal(principal?.address, '127.0.0.1')
  assert.equal(transport.isTls, false)
  assert.deepEqual(transport.local, { host: '127.0.0.1', port: portOf(service) })
  assert.equal(transport.peer.host, '127.0.0.1')
  assert.ok(transport.peer.port > 0 && transport.peer.port !== transport.local.port)
  assert.ok(Math.abs(Date.now() - connectedAt) < 60_000)
  assert.equal(node.clients.find(client.id), client)
  assert.ok(client.receivedSize > 0 && client.sentSize > 0)
}

test('an AMQP client is listed with its vhost, channels and properties; it hears why it has to go', async () => {
  const clientProperties = { connection_name: 'the shop' }
  const connection = await connect(`amqp://127.0.0.1:${portOf('amqp')}`, { clientProperties })
  await connection.createChannel()
  await connection.createChannel()
  const client = await listed('AMQP 0-9-1')
  expectUsual(client, 'amqp')
  assert.equal(client.vhost, '/')
  assert.equal(client.channelCount, 2)
  assert.deepEqual(client.properties.get('connection_name'), {
    type: 'longstr',
    value: 'the shop',
  })
  const ended = once(connection, 'close')
  client.close('Closed by its administrator')
  const [error] = (await ended) as [Error & { code: number }]
  assert.equal(error.code, 320)
  assert.match(error.message, /CONNECTION_FORCED - Closed by its administrator/)
  await waitFor('it is gone', () => node.clients.counts()['AMQP 0-9-1'] === 0)
})

test('a Kafka client is listed with its names; its connection ends', async () => {
  const bootstrapBrokers = [{ host: '127.0.0.1', port: portOf('kafka') }]
  const producer = new Producer({
    clientId: 'the shop',
    bootstrapBrokers,
    serializers: stringSerializers,
    autocreateTopics: true,
  })
  await producer.send({ messages: [{ topic: 'orders', value: 'a' }] })
  const client = await listed('Kafka')
  expectUsual(client, 'kafka')
  assert.equal(client.vhost, '/')
  assert.deepEqual(client.properties.get('client_id'), { type: 'longstr', value: 'the shop' })
  const product = client.properties.get('product')
  assert.ok(product?.type === 'longstr' && product.value.includes('platformatic'))
  client.close('Closed by its administrator')
  await waitFor('it is gone', () => node.clients.find(client.id) === undefined)
  await producer.send({ messages: [{ topic: 'orders', value: 'b' }] })
  await producer.close()
  await waitFor('all are gone', () => node.clients.counts()['Kafka'] === 0)
})

test('an HTTP client is listed with its program; its connection ends', async () => {
  using agent = Object.assign(new Agent({ keepAlive: true }), {
    [Symbol.dispose]: () => agent.destroy(),
  })
  const headers = { 'user-agent': 'the shop' }
  const asked = request({ agent, headers, port: portOf('http'), path: '/api/status' }).end()
  const [answer] = await once(asked, 'response')
  answer.resume()
  const client = await listed('HTTP')
  expectUsual(client, 'http')
  assert.deepEqual(client.properties.get('product'), { type: 'longstr', value: 'the shop' })
  client.close('Closed by its administrator')
  await waitFor('it is gone', () => node.clients.counts()['HTTP'] === 0)
})
