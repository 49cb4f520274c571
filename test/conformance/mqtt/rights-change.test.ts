// Rights that change while a session is there: what its user may not have any more it does not get when it comes back,
// and the will of a user who may not publish it any more is not published.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type MqttBroker, startMqttBroker } from '../../support/mqtt/mqtt-broker.ts'
import { RawMqttClient, type RawConnect } from '../../support/mqtt/raw-mqtt-client.ts'

let under: MqttBroker
let publisher: RawMqttClient
before(async () => {
  under = await startMqttBroker({ httpPort: 0 })
  publisher = await RawMqttClient.connect(under.port)
})
after(async () => {
  await publisher[Symbol.asyncDispose]()
  await under[Symbol.asyncDispose]()
})

const everything = { configure: '.*', write: '.*', read: '.*' }

async function call(request: string, body?: unknown): Promise<void> {
  const [method = '', path = ''] = request.split(' ')
  const { port } = under.broker.addresses['http']!
  const authorization = `Basic ${Buffer.from('guest:guest').toString('base64')}`
  const response = await fetch(`http://127.0.0.1:${port}/api/${path}`, {
    method,
    headers: { authorization, 'content-type': 'application/json' },
    body: body === undefined ? null : JSON.stringify(body),
  })
  assert.ok(response.ok, `${request}: ${response.status}`)
}

async function createUser(name: string): Promise<RawConnect> {
  await call(`PUT users/${name}`, { password: name, tags: '' })
  await call(`PUT permissions/%2F/${name}`, everything)
  return { username: name, password: Buffer.from(name) }
}

function lasting(clientId: string): RawConnect {
  return { clientId, isCleanStart: false, properties: { sessionExpiry: 300 } }
}

async function publish(topic: string, payload: string, qos = 1): Promise<void> {
  publisher.publish({ topic, payload, qos, packetId: 1 })
  await publisher.receive(qos === 1 ? 'PUBACK' : 'PUBREC')
  if (qos === 2) publisher.answer('PUBREL', 1)
  if (qos === 2) await publisher.receive('PUBCOMP')
}

test('a session that goes on has no subscriptions that its user may not have any more', async () => {
  const anna = await createUser('anna')
  const before = await RawMqttClient.connect(under.port, { ...lasting('a'), ...anna })
  const filters = ['locked/+', 'open/+', '$share/g/locked/shared']
  for (const filter of filters) await before.subscribe(filter, { qos: 2 })
  await before.subscribe('locked/brief')
  await publish('locked/1', 'sent before', 2)
  await before.receive('PUBLISH')
  before.drop()
  await publish('locked/2', 'while it was away')
  await publish('open/1', 'open to her')
  await publish('locked/shared', 'shared')
  await call('PUT topic-permissions/%2F/anna', {
    exchange: 'amq.topic',
    write: '.*',
    read: '^open\\.',
  })
  await using again = await RawMqttClient.open(under.port)
  const connack = await again.login({ ...lasting('a'), ...anna })
  assert.equal(connack['isSessionPresent'], true)
  await publish('locked/3', 'afterwards')
  await publish('locked/brief', 'afterwards', 1)
  await publish('open/2', 'the last one')
  const payloads: unknown[] = []
  while (payloads.at(-1) !== 'the last one') payloads.push((await again.receive())['payload'])
  assert.deepEqual(payloads, ['open to her', 'the last one'])
  assert.deepEqual(await again.ping(), [])
})

test('a will is not published for a user who may not any more, or is no more', async () => {
  const [bert, carl, dora] = [
    await createUser('bert'),
    await createUser('carl'),
    await createUser('dora'),
  ]
  await publisher.subscribe('will/#')
  const withWill = (name: string, delay = 0): RawConnect => {
    const payload = Buffer.from(name)
    const properties = { willDelay: delay }
    return { will: { topic: `will/${name}`, payload, qos: 1, isRetained: true, properties } }
  }
  const ofBert = await RawMqttClient.connect(under.port, { ...bert, ...withWill('bert') })
  await call('DELETE users/bert')
  await ofBert.ended()
  const ofCarl = await RawMqttClient.connect(under.port, {
    ...lasting('c'),
    ...carl,
    ...withWill('carl', 1),
  })
  ofCarl.drop()
  await call('PUT permissions/%2F/carl', { ...everything, write: '^$' })
  const ofDora = await RawMqttClient.connect(under.port, {
    ...lasting('d'),
    ...dora,
    ...withWill('dora', 1),
  })
  ofDora.drop()
  assert.equal((await publisher.receive('PUBLISH'))['payload'], 'dora')
  assert.deepEqual(await publisher.ping(), [])
})
