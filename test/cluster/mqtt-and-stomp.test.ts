// Clients of MQTT and STOMP at a node of a cluster that does not serve their virtual host, on a real PostgreSQL and a store that
// speaks S3: they notice nothing of it, and are told when it moves.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { connectAsync } from 'mqtt'
import { ClusterUnderTest, slowMsMax } from '../support/cluster-under-test.ts'
import { RawMqttClient } from '../support/mqtt/raw-mqtt-client.ts'
import { postgresMissing } from '../support/postgres/find-postgres.ts'
import type { TestBroker } from '../support/start-test-broker.ts'
import { RawStomp } from '../support/stomp/raw-stomp.ts'
import { waitFor } from '../support/wait-for.ts'

/** Of a client that comes back. */
const session = {
  clientId: 'device',
  isCleanStart: false,
  password: Buffer.from('guest'),
  properties: { sessionExpiry: 600 },
}

describe('clients of MQTT and STOMP at a node of a cluster', { skip: postgresMissing() }, () => {
  let cluster: ClusterUnderTest
  let owner: TestBroker
  let other: TestBroker

  before(async () => {
    cluster = await ClusterUnderTest.start()
    // One that nobody wants a share of.
    const ports = ['--stomp-port', '0', '--mqtt-port', '0', '--mqtt-ws-port', '0']
    const flags = ['--cluster-cells', '1', ...ports, '--vhosts', 'shop']
    owner = await cluster.startNode('owner', flags)
    await waitFor('it serves', () => owner.output.includes('serves cell 0 '), slowMsMax)
    other = await cluster.startNode('other', flags)
  })

  after(async () => {
    await cluster?.[Symbol.asyncDispose]()
  })

  test('STOMP: what is sent at one node another one has, in the virtual host that is asked for', async () => {
    for (const vhost of ['/', 'shop']) {
      await using sender = await RawStomp.connect(other.portOf('stomp'), { host: vhost })
      await using reader = await RawStomp.connect(owner.portOf('stomp'), { host: vhost })
      await reader.done('SUBSCRIBE', { destination: '/queue/orders', id: 'all' })
      await sender.done('SEND', { destination: '/queue/orders' }, vhost)
      assert.equal((await reader.expect('MESSAGE')).body, vhost)
    }
  })

  test('STOMP: one that may not is told so, whether there is such a virtual host or not', async () => {
    for (const host of ['/', 'nowhere']) {
      await using stranger = await RawStomp.open(other.portOf('stomp'))
      stranger.login({ passcode: 'guessed', host })
      const { headers, body } = await stranger.expect('ERROR')
      assert.equal(headers['message'], 'Bad CONNECT')
      assert.equal(body, "Access refused for user 'guest'\n")
    }
    await using client = await RawStomp.open(other.portOf('stomp'))
    client.login({ host: 'nowhere' })
    assert.match((await client.expect('ERROR')).body, /Virtual host 'nowhere' access denied/)
  })

  test('STOMP: what makes no sense is told so', async () => {
    await using client = await RawStomp.open(other.portOf('stomp'))
    client.send('SEND', { destination: '/queue/orders' })
    assert.match((await client.expect('ERROR')).body, /You must log in using CONNECT first/)
  })

  test('MQTT: a port is of the virtual host that a global parameter says, at every node', async () => {
    const mapping = { value: { [other.portOf('mqtt')]: 'shop' } }
    const authorization = `Basic ${btoa('guest:guest')}`
    const path = '/api/global-parameters/mqtt_port_to_vhost_mapping'
    const answer = await fetch(`http://127.0.0.1:${other.httpPort}${path}`, {
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
    await using sender = await RawMqttClient.connect(other.portOf('mqtt'))
    sender.publish({ topic: 'mapped' })
    assert.equal((await reader.receive('PUBLISH'))['topic'], 'mapped')
  })

  test('MQTT: what is published at one node another one has, also over WebSocket', async () => {
    const login = { protocolVersion: 5, username: 'shop:guest', password: 'guest' } as const
    const url = `ws://127.0.0.1:${other.portOf('mqtt-ws')}/mqtt`
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

  test('MQTT: one that may not is told so, whether there is such a virtual host or not', async () => {
    for (const username of ['guest', 'nowhere:guest']) {
      await using stranger = await RawMqttClient.open(other.portOf('mqtt'))
      const connack = await stranger.login({ username, password: Buffer.from('guessed') })
      assert.equal(connack['code'], 0x86)
    }
    await using old = await RawMqttClient.open(other.portOf('mqtt'), 4)
    const login = { username: 'nowhere:guest', password: Buffer.from('guest') }
    assert.equal((await old.login(login))['code'], 5)
  })

  test('when the owner stops they are told, and go on at the same address', async () => {
    const device = await RawMqttClient.connect(other.portOf('mqtt'), {
      ...session,
      username: 'shop:guest',
    })
    await device.subscribe('kept/#', { qos: 1 })
    const client = await RawStomp.connect(other.portOf('stomp'))
    await client.done('SEND', { destination: '/queue/kept' }, 'kept')
    const stopped = owner.stop()
    const told = await client.expect('ERROR')
    assert.equal((await device.receive('DISCONNECT'))['code'], 0x8b)
    await device.ended()
    assert.equal(told.headers['message'], 'connection_forced')
    assert.equal(await client.next(), undefined)
    assert.equal(await stopped, 0)
    await using again = await RawStomp.connect(other.portOf('stomp'))
    await again.done('SUBSCRIBE', { destination: '/queue/kept', id: 'kept' })
    assert.equal((await again.expect('MESSAGE')).body, 'kept')
    await using back = await RawMqttClient.open(other.portOf('mqtt'))
    const connack = await back.login({ ...session, username: 'shop:guest' })
    assert.deepEqual([connack['code'], connack['isSessionPresent']], [0, true])
  })
})
