// Clients of AMQP, MQTT and STOMP at a node of a cluster that does not serve their virtual host, on a real PostgreSQL and
// a store that speaks S3. They notice nothing of it; when the owner is killed they come back to the same address, and
// find all that was confirmed. Those of AMQP are told.
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { AMQPClient } from '@cloudamqp/amqp-client'
import { connectAsync } from 'mqtt'
import { AUTH } from '../../src/codec/mqtt/packet-type.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { systemRandom } from '../../src/lib/random.ts'
import { S3Double } from '../../src/s3-double/s3-double.ts'
import { AmqpSession } from '../support/amqp-session.ts'
import { RawMqttClient } from '../support/mqtt/raw-mqtt-client.ts'
import { postgresMissing } from '../support/postgres/find-postgres.ts'
import { PostgresServer } from '../support/postgres/postgres-server.ts'
import { RawClient } from '../support/raw-client.ts'
import { ScramClient } from '../support/scram-client.ts'
import { TestBroker } from '../support/start-test-broker.ts'
import { RawStomp } from '../support/stomp/raw-stomp.ts'
import { waitFor } from '../support/wait-for.ts'

const messageCount = 300
/** Nodes start beside others' tests; an owner is dead after five seconds. */
const slowMsMax = 40_000

/** A client of MQTT that comes back. */
const known = {
  clientId: 'device',
  isCleanStart: false,
  username: '/:guest',
  password: Buffer.from('guest'),
  properties: { sessionExpiry: 600 },
}

/** One that is at the owner, and comes back at another node. */
const moving = { ...known, clientId: 'moving' }

describe(
  'clients at a node that does not serve their virtual host',
  { skip: postgresMissing() },
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'pabal-s3-'))
    let postgres: PostgresServer
    let objects: S3Double
    let owner: TestBroker
    let edge: TestBroker

    before(async () => {
      // The store takes any; the SDK looks for some.
      process.env['AWS_ACCESS_KEY_ID'] = 'test'
      process.env['AWS_SECRET_ACCESS_KEY'] = 'test'
      postgres = await PostgresServer.start({ fsync: 'on' })
      objects = await S3Double.open({ folder, clock: systemClock, random: systemRandom })
      owner = await TestBroker.start(flags('owner'), [], slowMsMax)
      await waitFor('it serves', () => owner.output.includes('serves cell 0 '), slowMsMax)
      edge = await TestBroker.start(flags('edge'), [], slowMsMax)
    })

    after(async () => {
      await edge?.[Symbol.asyncDispose]()
      await owner?.[Symbol.asyncDispose]()
      await objects?.close()
      await postgres?.[Symbol.asyncDispose]()
      rmSync(folder, { recursive: true, force: true })
    })

    const flags = (name: string): string[] => {
      const store = `s3://bucket/passing?endpoint=${encodeURIComponent(objects.url)}`
      const cluster = ['--cluster', `${postgres.address}?schema=passing`, '--objects', store]
      const ports = ['node', 'http', 'stomp', 'mqtt', 'mqtt-ws'].flatMap((port) => [
        `--${port}-port`,
        '0',
      ])
      const own = ['--node-name', name, '--vhosts', 'shop', '--log-format', 'json']
      return [...cluster, ...own, ...ports]
    }

    test('small and large messages go through, there and back', async () => {
      await using session = await AmqpSession.open(edge.url)
      const channel = await session.confirmChannel()
      await channel.assertQueue('sizes', { durable: true })
      const bodies = [0, 1, 4000, 131_064, 131_065, 6_000_000].map((size) => randomBytes(size))
      for (const body of bodies) channel.sendToQueue('sizes', body, { persistent: true })
      await channel.waitForConfirms()

      const client = new AMQPClient(edge.url)
      const connection = await client.connect()
      const received: string[] = []
      const consuming = await connection.channel()
      await consuming.basicConsume('sizes', { noAck: true }, ({ body }) => {
        received.push(hashOf(body ?? new Uint8Array()))
      })
      await waitFor('all have come', () => received.length === bodies.length)
      assert.deepEqual(received, bodies.map(hashOf))
      await connection.close()
    })

    test('the owner lists them as who they are', async () => {
      await using client = await RawClient.open(edge.port)
      const authorization = `Basic ${Buffer.from('guest:guest').toString('base64')}`
      const url = `http://127.0.0.1:${owner.httpPort}/api/connections`
      const listed = await waitFor('it is listed', async () => {
        const answer = await fetch(url, { headers: { authorization } })
        const all = (await answer.json()) as readonly Record<string, unknown>[]
        return all.find(({ peer_port: port }) => port === client.localPort)
      })
      assert.equal(listed['name'], `127.0.0.1:${client.localPort} -> 127.0.0.1:${edge.port}`)
      assert.equal(listed['user'], 'guest')
    })

    test('one that is nowhere is refused as always', async () => {
      const client = await RawClient.tune(edge.port, { vhost: 'nowhere' })
      const { code, text } = await client.expectClose(0)
      assert.deepEqual([code, text], [530, 'NOT_ALLOWED - vhost nowhere not found'])
    })

    test('STOMP: what is sent at one node another one has, in the virtual host that is asked for', async () => {
      for (const vhost of ['/', 'shop']) {
        await using sender = await RawStomp.connect(edge.portOf('stomp'), { host: vhost })
        await using reader = await RawStomp.connect(owner.portOf('stomp'), { host: vhost })
        await reader.done('SUBSCRIBE', { destination: '/queue/orders', id: 'all' })
        await sender.done('SEND', { destination: '/queue/orders' }, vhost)
        assert.equal((await reader.expect('MESSAGE')).body, vhost)
      }
    })

    test('STOMP: one that may not is told so, whether there is such a virtual host or not', async () => {
      for (const host of ['/', 'nowhere']) {
        await using stranger = await RawStomp.open(edge.portOf('stomp'))
        stranger.login({ passcode: 'guessed', host })
        const { headers, body } = await stranger.expect('ERROR')
        assert.equal(headers['message'], 'Bad CONNECT')
        assert.equal(body, "Access refused for user 'guest'\n")
      }
      await using client = await RawStomp.open(edge.portOf('stomp'))
      client.login({ host: 'nowhere' })
      assert.match((await client.expect('ERROR')).body, /Virtual host 'nowhere' access denied/)
    })

    test('STOMP: what makes no sense is told so', async () => {
      await using client = await RawStomp.open(edge.portOf('stomp'))
      client.send('SEND', { destination: '/queue/orders' })
      assert.match((await client.expect('ERROR')).body, /You must log in using CONNECT first/)
    })

    test('MQTT: a port is of the virtual host that a global parameter says, at every node', async () => {
      const mapping = { value: { [edge.portOf('mqtt')]: 'shop' } }
      const authorization = `Basic ${btoa('guest:guest')}`
      const path = '/api/global-parameters/mqtt_port_to_vhost_mapping'
      const answer = await fetch(`http://127.0.0.1:${edge.httpPort}${path}`, {
        method: 'PUT',
        headers: { authorization, 'content-type': 'application/json' },
        body: JSON.stringify(mapping),
      })
      assert.equal(answer.status, 201)
      await using reader = await RawMqttClient.connect(owner.portOf('mqtt'), {
        username: 'shop:guest',
        password: Buffer.from('guest'),
      })
      await reader.subscribe('mapped')
      await using sender = await RawMqttClient.connect(edge.portOf('mqtt'))
      sender.publish({ topic: 'mapped' })
      assert.equal((await reader.receive('PUBLISH'))['topic'], 'mapped')
    })

    test('MQTT: what is published at one node another one has, also over WebSocket', async () => {
      const login = { protocolVersion: 5, username: 'shop:guest', password: 'guest' } as const
      const url = `ws://127.0.0.1:${edge.portOf('mqtt-ws')}/mqtt`
      const there = await connectAsync(url, { ...login, reconnectPeriod: 0 })
      const here = await connectAsync(`mqtt://127.0.0.1:${owner.portOf('mqtt')}`, login)
      await here.subscribeAsync('sensors/+/t', { qos: 2 })
      const came = new Promise<string>((resolve) => {
        here.once('message', (topic, payload) => resolve(`${topic} ${payload.toString()}`))
      })
      await there.publishAsync('sensors/a.b/t', 'warm', { qos: 2 })
      assert.equal(await came, 'sensors/a.b/t warm')
      await Promise.all([there.endAsync(), here.endAsync()])
    })

    test('MQTT: a client shows by SCRAM who it is at every node, also again, in the virtual host that it names', async () => {
      await using reader = await RawMqttClient.connect(owner.portOf('mqtt'), {
        username: 'shop:guest',
        password: Buffer.from('guest'),
      })
      await reader.subscribe('scram/#')
      for (const node of [owner, edge]) {
        await using client = await RawMqttClient.open(node.portOf('mqtt'))
        await connectByScram(client, 'shop:guest')
        await reauthenticate(client, 'guest')
        client.publish({ topic: `scram/${node === owner ? 'owner' : 'edge'}` })
        await reader.receive('PUBLISH')
      }
    })

    test('MQTT: one that may not is told so, whether there is such a virtual host or not', async () => {
      for (const username of ['guest', 'nowhere:guest']) {
        await using stranger = await RawMqttClient.open(edge.portOf('mqtt'))
        const connack = await stranger.login({ username, password: Buffer.from('guessed') })
        assert.equal(connack['code'], 0x86)
      }
      await using old = await RawMqttClient.open(edge.portOf('mqtt'), 4)
      const login = { username: 'nowhere:guest', password: Buffer.from('guest') }
      assert.equal((await old.login(login))['code'], 5)
    })

    test('when the owner is killed they are told, and find all that was confirmed at the same address', async () => {
      const session = await AmqpSession.open(edge.url)
      const channel = await session.confirmChannel()
      await channel.assertQueue('tasks', { durable: true })
      for (let n = 0; n < messageCount; n++) {
        channel.sendToQueue('tasks', Buffer.from(String(n)), { persistent: true })
      }
      await channel.waitForConfirms()
      const sender = await RawStomp.connect(edge.portOf('stomp'))
      await sender.done('SEND', { destination: '/queue/kept' }, 'kept')
      const device = await RawMqttClient.connect(edge.portOf('mqtt'), known)
      await device.subscribe('kept/#', { qos: 1 })
      await leaveMessages(owner.portOf('mqtt'))
      const raw = await RawClient.open(edge.port)
      const closed = session.connectionClosed()
      await owner.kill()
      const { code, text } = await raw.expectClose(0)
      assert.equal(code, 320)
      assert.equal(
        text,
        'CONNECTION_FORCED - owner, the node that served its virtual host, is gone',
      )
      assert.equal((await closed)?.code, 320)
      // Nobody can tell that from a server that has nothing to say.
      assert.deepEqual([await sender.next(), await device.ended()], [undefined, []])

      // The first try waits until the cell is served again, or is told that it is not yet.
      const again = await waitFor(
        'it is served again',
        () => AmqpSession.open(edge.url).catch(() => undefined),
        slowMsMax,
      )
      await using _ = again
      const taking = await again.channel()
      const taken: number[] = []
      for (;;) {
        const message = await taking.get('tasks', { noAck: true })
        if (message === false) break
        taken.push(Number(message.content.toString()))
      }
      assert.deepEqual(
        taken,
        Array.from({ length: messageCount }, (_each, index) => index),
      )
      await using reader = await RawStomp.connect(edge.portOf('stomp'))
      await reader.done('SUBSCRIBE', { destination: '/queue/kept', id: 'kept' })
      assert.equal((await reader.expect('MESSAGE')).body, 'kept')
      await using back = await RawMqttClient.open(edge.portOf('mqtt'))
      const connack = await back.login(known)
      assert.deepEqual([connack['code'], connack['isSessionPresent']], [0, true])
      await findMessages(edge.portOf('mqtt'))
    })
  },
)

/** Logs in by SCRAM, as guest. */
async function connectByScram(client: RawMqttClient, name: string): Promise<void> {
  const scram = new ScramClient(name, 'guest')
  const properties = { authenticationMethod: scram.mechanism, authenticationData: scram.first }
  const connect = { clientId: '', isCleanStart: true, keepAlive: 60, properties }
  client.send({ name: 'CONNECT', version: 5, ...connect })
  await prove(client, scram, 'CONNACK')
}

/** The same on the connection that is there. */
async function reauthenticate(client: RawMqttClient, name: string): Promise<void> {
  const scram = new ScramClient(name, 'guest')
  const properties = { authenticationMethod: scram.mechanism, authenticationData: scram.first }
  client.send({ name: 'AUTH', type: AUTH, code: 0x19, properties })
  await prove(client, scram, 'AUTH')
}

/** Answers the server's challenge, and checks its answer. */
async function prove(client: RawMqttClient, scram: ScramClient, last: string): Promise<void> {
  const asked = dataIn(await client.receive('AUTH'))
  const properties = {
    authenticationMethod: scram.mechanism,
    authenticationData: scram.final(asked),
  }
  client.send({ name: 'AUTH', type: AUTH, code: 0x18, properties })
  const told = await client.receive(last)
  assert.equal(told['code'], 0)
  scram.checkServer(dataIn(told))
}

function dataIn(packet: object): Buffer {
  const { properties } = packet as { properties: { authenticationData: Buffer } }
  return properties.authenticationData
}

/** A client of MQTT has messages of QoS 1 and 2 that it has not answered, and has sent one that it has not released. */
async function leaveMessages(port: number): Promise<void> {
  const client = await RawMqttClient.connect(port, moving)
  assert.deepEqual(await client.subscribe('moved/#', { qos: 2 }), [2])
  client.publish({ topic: 'moved/1', qos: 1, packetId: 1, payload: 'one' })
  client.publish({ topic: 'moved/2', qos: 2, packetId: 2, payload: 'two' })
  const names: string[] = []
  while (names.length < 4) names.push((await client.receive()).name)
  assert.deepEqual(names.toSorted(), ['PUBACK', 'PUBLISH', 'PUBLISH', 'PUBREC'])
}

/** It finds all of that at another node: messages under their ids, and each of QoS 2 once. */
async function findMessages(port: number): Promise<void> {
  await using client = await RawMqttClient.open(port)
  const connack = await client.login(moving)
  assert.deepEqual([connack['code'], connack['isSessionPresent']], [0, true])
  const sent = [await client.receive('PUBLISH'), await client.receive('PUBLISH')]
  assert.deepEqual(
    sent.map(({ payload, qos, packetId }) => [payload, qos, packetId]),
    [
      ['one', 1, 1],
      ['two', 2, 2],
    ],
  )
  client.publish({ topic: 'moved/2', qos: 2, packetId: 2, payload: 'two', isDuplicate: true })
  assert.equal((await client.receive('PUBREC'))['code'], 0)
  client.answer('PUBREL', 2)
  assert.equal((await client.receive('PUBCOMP'))['code'], 0)
  client.answer('PUBACK', 1)
  client.answer('PUBREC', 2)
  await client.receive('PUBREL')
  client.answer('PUBCOMP', 2)
  assert.deepEqual(await client.ping(), [])
}

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
