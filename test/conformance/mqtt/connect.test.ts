// CONNECT and what follows from it (MQTT 5 §3.1, §3.2; 3.1.1 §3.1, §3.2), through raw clients where the bytes matter.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { connectAsync } from 'mqtt'
import { type MqttBroker, startMqttBroker } from '../../support/mqtt/mqtt-broker.ts'
import { RawMqttClient } from '../../support/mqtt/raw-mqtt-client.ts'

let under: MqttBroker
before(async () => {
  under = await startMqttBroker({
    mqttMaxKeepAlive: 120,
    mqttMaxSessionExpiryIntervalSeconds: 3600,
  })
})
after(() => under[Symbol.asyncDispose]())

const versions = [3, 4, 5] as const

function properties(packet: object): Record<string, unknown> {
  return (packet as { properties: Record<string, unknown> }).properties
}

describe('CONNECT', () => {
  for (const protocolVersion of versions) {
    it(`[MQTT-3.1.4-5] MQTT.js connects with version ${protocolVersion}`, async () => {
      const protocolId = protocolVersion === 3 ? 'MQIsdp' : 'MQTT'
      const url = `mqtt://127.0.0.1:${under.port}`
      const client = await connectAsync(url, { protocolVersion, protocolId, reconnectPeriod: 0 })
      assert.equal(client.connected, true)
      await client.endAsync()
    })
  }

  it('[MQTT-3.2.2-21] [MQTT-3.2.2-9] CONNACK says what the server holds a client of 5 to', async () => {
    await using client = await RawMqttClient.open(under.port)
    const connack = await client.login({ clientId: 'limits' })
    assert.deepEqual(properties(connack), {
      receiveMax: 1000,
      topicAliasMax: 16,
      packetSizeMax: 16_777_216,
    })
  })

  it('[MQTT-3.2.2-22] [MQTT-3.1.3-7] CONNACK says what is other than was asked for', async () => {
    await using client = await RawMqttClient.open(under.port)
    const connack = await client.login({ keepAlive: 0, properties: { sessionExpiry: 0xffff_ffff } })
    const { sessionExpiry, serverKeepAlive, assignedClientId } = properties(connack)
    assert.equal(sessionExpiry, 3600)
    assert.equal(serverKeepAlive, 120)
    assert.match(assignedClientId as string, /^auto-[0-9a-f]{32}$/u)
  })

  it('[MQTT-3.1.3-8] of 3.1.1 a client without an id has to clean', async () => {
    await using kept = await RawMqttClient.open(under.port, 4)
    const refused = await kept.login({ isCleanStart: false })
    assert.deepEqual(
      { ...refused, properties: {} },
      {
        name: 'CONNACK',
        isSessionPresent: false,
        code: 2,
        properties: {},
      },
    )
    await kept.ended()
    await using clean = await RawMqttClient.open(under.port, 4)
    assert.equal((await clean.login())['code'], 0)
  })

  it('[MQTT-3.1.2-2] a level that is not known is refused in the form of its version', async () => {
    await using old = await RawMqttClient.open(under.port, 4)
    old.write(Buffer.from('100c00044d5154540302003c0000', 'hex'))
    assert.equal((await old.receive('CONNACK'))['code'], 1)
    await using future = await RawMqttClient.open(under.port, 5)
    future.write(Buffer.from('100d00044d5154540602003c000000', 'hex'))
    assert.equal((await future.receive('CONNACK'))['code'], 0x84)
  })

  it('[MQTT-3.1.2-1] another protocol ends the connection without a word', async () => {
    await using client = await RawMqttClient.open(under.port)
    client.write(Buffer.from('100d00044d5154550502003c000000', 'hex'))
    assert.deepEqual(await client.ended(), [])
  })

  it('[MQTT-3.1.0-2] a second CONNECT is a protocol error', async () => {
    await using client = await RawMqttClient.connect(under.port)
    client.write(Buffer.from('100d00044d5154540502003c000000', 'hex'))
    assert.equal((await client.receive('DISCONNECT'))['code'], 0x82)
    await client.ended()
  })

  it('[MQTT-4.12.0-1] an authentication method that is not known is refused', async () => {
    await using client = await RawMqttClient.open(under.port)
    const connack = await client.login({ properties: { authenticationMethod: 'SCRAM-SHA-1' } })
    assert.equal(connack['code'], 0x8c)
  })

  it('[MQTT-3.1.3-8] a client id that no queue can have is refused', async () => {
    for (const version of [4, 5] as const) {
      await using client = await RawMqttClient.open(under.port, version)
      const connack = await client.login({ clientId: 'x'.repeat(300) })
      assert.equal(connack['code'], version === 5 ? 0x85 : 2)
    }
  })

  it('[MQTT-3.1.4-5] what a client sends before it has its CONNACK is done after it', async () => {
    await using client = await RawMqttClient.open(under.port)
    const login = client.login({ clientId: 'hasty' })
    client.send({ name: 'PINGREQ' })
    await login
    await client.receive('PINGRESP')
  })

  it('[MQTT-3.1.2-24] nothing is sent to a client for which even CONNACK is too large', async () => {
    await using client = await RawMqttClient.open(under.port)
    client.send({
      name: 'CONNECT',
      version: 5,
      isCleanStart: true,
      keepAlive: 0,
      clientId: 'tiny',
      properties: { packetSizeMax: 4 },
    })
    assert.deepEqual(await client.ended(), [])
  })

  it('[MQTT-3.1.2-22] a client that says nothing is closed after one and a half keep alives', async () => {
    const before = performance.now()
    await using client = await RawMqttClient.connect(under.port, {
      keepAlive: 1,
      clientId: 'quiet',
    })
    const after = performance.now()
    assert.equal((await client.receive('DISCONNECT'))['code'], 0x8d)
    const end = performance.now()
    assert.ok(end - before > 1400 && end - after < 4000, `${end - before} ms`)
  })
})

describe('a client id', () => {
  it('[MQTT-3.1.4-3] is that of the last connection, and the first one is told', async () => {
    await using first = await RawMqttClient.connect(under.port, { clientId: 'same' })
    await using old = await RawMqttClient.connect(under.port, { clientId: 'old', version: 4 })
    await using second = await RawMqttClient.connect(under.port, { clientId: 'same' })
    await using other = await RawMqttClient.connect(under.port, { clientId: 'old', version: 4 })
    assert.equal((await first.receive('DISCONNECT'))['code'], 0x8e)
    await first.ended()
    assert.deepEqual(await old.ended(), [])
    assert.deepEqual(await second.ping(), [])
    assert.deepEqual(await other.ping(), [])
  })
})

describe('a broker that stops', () => {
  it('[MQTT-4.13.1-1] says so to clients of 5, and waits for nobody who stays', async () => {
    const stopping = await startMqttBroker()
    const options = { allowHalfOpen: true }
    await using client = await RawMqttClient.connect(stopping.port)
    await using deaf = await RawMqttClient.open(stopping.port, 5, options)
    await deaf.login()
    deaf.write(Buffer.from([0x00]))
    assert.equal((await deaf.receive('DISCONNECT'))['code'], 0x82)
    const start = performance.now()
    await stopping[Symbol.asyncDispose]()
    assert.ok(performance.now() - start < 8000)
    assert.equal((await client.receive('DISCONNECT'))['code'], 0x8b)
  })
})

describe('DISCONNECT', () => {
  it('[MQTT-3.14.2-2] does not make a session last that was to end with its connection', async () => {
    await using client = await RawMqttClient.connect(under.port, { clientId: 'short' })
    client.send({ name: 'DISCONNECT', type: 14, code: 0, properties: { sessionExpiry: 10 } })
    assert.equal((await client.receive('DISCONNECT'))['code'], 0x82)
  })

  it('[MQTT-3.1.2-23] says last how long a session lasts', async () => {
    const lasting = { clientId: 'ends', properties: { sessionExpiry: 100 } }
    const client = await RawMqttClient.connect(under.port, lasting)
    await client.disconnect(0, { sessionExpiry: 0 })
    await using again = await RawMqttClient.open(under.port)
    const connack = await again.login({ ...lasting, isCleanStart: false })
    assert.equal(connack['isSessionPresent'], false)
  })
})
