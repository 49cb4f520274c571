// PUBLISH in both directions (MQTT 5 §3.3, §4.3): QoS 0, 1 and 2, flow control, aliases, sizes.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { connectAsync, type MqttClient } from 'mqtt'
import { type MqttBroker, startMqttBroker } from '../../support/mqtt/mqtt-broker.ts'
import { RawMqttClient } from '../../support/mqtt/raw-mqtt-client.ts'
import type { ReadPacket } from '../../support/mqtt/read-packet.ts'

let under: MqttBroker
before(async () => {
  under = await startMqttBroker({ mqttReceiveMaximum: 5, mqttTopicAliasMaximum: 3 })
})
after(() => under[Symbol.asyncDispose]())

let names = 0
function topicOfTest(): string {
  return `t${++names}`
}

/** Everything that comes to a client of MQTT.js, as soon as `count` have. */
function gather(client: MqttClient, count: number): Promise<[topic: string, payload: string][]> {
  const { promise, resolve } = Promise.withResolvers<[string, string][]>()
  const messages: [string, string][] = []
  client.on('message', (topic, payload) => {
    messages.push([topic, payload.toString()])
    if (messages.length === count) resolve(messages)
  })
  return promise
}

describe('QoS', () => {
  for (const protocolVersion of [3, 4, 5] as const) {
    it(`[MQTT-4.6.0-6] 0, 1 and 2 go through version ${protocolVersion} in order, with the lower of two`, async () => {
      const protocolId = protocolVersion === 3 ? 'MQIsdp' : 'MQTT'
      const url = `mqtt://127.0.0.1:${under.port}`
      const client = await connectAsync(url, { protocolVersion, protocolId, reconnectPeriod: 0 })
      const topic = topicOfTest()
      await client.subscribeAsync(topic, { qos: 2 })
      const gathered = gather(client, 9)
      for (const round of ['a', 'b', 'c']) {
        for (const qos of [0, 1, 2] as const) await client.publishAsync(topic, round + qos, { qos })
      }
      const messages = (await gathered).map(([, payload]) => payload)
      for (const qos of [0, 1, 2]) {
        const ofQos = messages.filter((payload) => payload.endsWith(String(qos)))
        assert.deepEqual(ofQos, [`a${qos}`, `b${qos}`, `c${qos}`])
      }
      await client.endAsync()
    })
  }

  it('[MQTT-4.3.3-12] a message of QoS 2 that is sent again is answered again, and delivered once', async () => {
    const topic = topicOfTest()
    await using subscriber = await RawMqttClient.connect(under.port, { clientId: 'once' })
    await subscriber.subscribe(topic, { qos: 0 })
    await using client = await RawMqttClient.connect(under.port, { clientId: 'twice' })
    client.publish({ topic, qos: 2, packetId: 7 })
    await client.receive('PUBREC')
    client.publish({ topic, qos: 2, packetId: 7, isDuplicate: true })
    await client.receive('PUBREC')
    client.answer('PUBREL', 7)
    assert.equal((await client.receive('PUBCOMP'))['code'], 0)
    client.answer('PUBREL', 7)
    assert.equal((await client.receive('PUBCOMP'))['code'], 0x92)
    await subscriber.receive('PUBLISH')
    assert.deepEqual(await subscriber.ping(), [])
    // The id is free again, and stands for another message.
    client.publish({ topic, qos: 2, packetId: 7, payload: 'next' })
    await client.receive('PUBREC')
    assert.equal((await subscriber.receive('PUBLISH'))['payload'], 'next')
  })

  it('a PUBREL that is repeated because its PUBCOMP was lost is answered with success (3.7.2.1)', async () => {
    const options = {
      clientId: 'cut-off',
      isCleanStart: false,
      properties: { sessionExpiry: 60 },
    }
    {
      await using client = await RawMqttClient.connect(under.port, options)
      client.publish({ topic: topicOfTest(), qos: 2, packetId: 7 })
      await client.receive('PUBREC')
      client.answer('PUBREL', 7)
      await client.receive('PUBCOMP')
    }
    await using client = await RawMqttClient.connect(under.port, options)
    client.answer('PUBREL', 7)
    assert.equal((await client.receive('PUBCOMP'))['code'], 0)
  })

  it('[MQTT-4.6.0-2] PUBACKs and PUBRECs come in the order of their messages', async () => {
    await using client = await RawMqttClient.connect(under.port, { version: 4 })
    for (const packetId of [5, 3, 9, 1]) client.publish({ qos: 1, packetId })
    for (const packetId of [5, 3, 9, 1]) {
      assert.equal((await client.receive('PUBACK'))['packetId'], packetId)
    }
  })

  it('[MQTT-4.3.3-4] a message of QoS 2 to a client takes four packets, each at its time', async () => {
    const topic = topicOfTest()
    await using client = await RawMqttClient.connect(under.port, { version: 4 })
    await client.subscribe(topic, { qos: 2 })
    await using publisher = await RawMqttClient.connect(under.port)
    publisher.publish({ topic, qos: 2, packetId: 1 })
    const { packetId, qos } = await client.receive('PUBLISH')
    assert.equal(qos, 2)
    assert.deepEqual(await client.ping(), [])
    client.answer('PUBREC', packetId as number)
    assert.equal((await client.receive('PUBREL'))['packetId'], packetId)
    client.answer('PUBREC', packetId as number)
    assert.equal((await client.receive('PUBREL'))['packetId'], packetId)
    client.answer('PUBCOMP', packetId as number)
    assert.deepEqual(await client.ping(), [])
  })

  it('[MQTT-4.3.2-1] an answer that is not that of the QoS is a protocol error', async () => {
    const topic = topicOfTest()
    await using client = await RawMqttClient.connect(under.port)
    await client.subscribe(topic, { qos: 1 })
    client.publish({ topic, qos: 1, packetId: 1 })
    const packets = [await client.receive(), await client.receive()]
    const { packetId } = packets.find(({ name }) => name === 'PUBLISH') as ReadPacket
    client.answer('PUBCOMP', packetId as number)
    assert.equal((await client.receive('DISCONNECT'))['code'], 0x82)
  })

  it('an error in PUBACK ends the message, and it is never sent again', async () => {
    const topic = topicOfTest()
    const lasting = { clientId: 'picky', isCleanStart: false, properties: { sessionExpiry: 100 } }
    const client = await RawMqttClient.connect(under.port, lasting)
    await client.subscribe(topic, { qos: 1 })
    await using publisher = await RawMqttClient.connect(under.port)
    publisher.publish({ topic, qos: 1, packetId: 1 })
    const { packetId } = await client.receive('PUBLISH')
    client.answer('PUBACK', packetId as number, 0x99)
    await client.ping()
    client.drop()
    await using again = await RawMqttClient.connect(under.port, lasting)
    assert.deepEqual(await again.ping(), [])
  })
})

describe('reason codes of PUBACK and PUBREC', () => {
  it('0x10 where nobody has subscribed, also when it is retained', async () => {
    await using client = await RawMqttClient.connect(under.port)
    client.publish({ topic: topicOfTest(), qos: 1, packetId: 1 })
    assert.equal((await client.receive('PUBACK'))['code'], 0x10)
    client.publish({ topic: topicOfTest(), qos: 2, packetId: 2, isRetained: true })
    assert.equal((await client.receive('PUBREC'))['code'], 0x10)
    await using old = await RawMqttClient.connect(under.port, { version: 4 })
    old.publish({ topic: topicOfTest(), qos: 1, packetId: 1 })
    assert.equal((await old.receive('PUBACK'))['code'], 0)
  })

  it('0x87 for a topic below $SYS, which a client of 3 is not told', async () => {
    await using client = await RawMqttClient.connect(under.port)
    client.publish({ topic: '$SYS/broker/version', qos: 1, packetId: 1 })
    assert.equal((await client.receive('PUBACK'))['code'], 0x87)
    await using old = await RawMqttClient.connect(under.port, { version: 4 })
    old.publish({ topic: '$SYS/x', qos: 2, packetId: 2 })
    await old.receive('PUBREC')
    old.answer('PUBREL', 2)
    await old.receive('PUBCOMP')
  })

  it('0x90 for a topic that is longer than a routing key', async () => {
    await using client = await RawMqttClient.connect(under.port)
    client.publish({ topic: 'x'.repeat(256), qos: 1, packetId: 1 })
    assert.equal((await client.receive('PUBACK'))['code'], 0x90)
    client.publish({ topic: 'x'.repeat(255), qos: 1, packetId: 1 })
    assert.equal((await client.receive('PUBACK'))['code'], 0x10)
  })
})

describe('Receive Maximum', () => {
  it('[MQTT-3.3.4-9] a client that has more unfinished than the server takes is told so', async () => {
    await using client = await RawMqttClient.connect(under.port)
    for (let packetId = 1; packetId <= 5; packetId++) {
      client.publish({ qos: 2, packetId })
      await client.receive('PUBREC')
    }
    client.answer('PUBREL', 1)
    await client.receive('PUBCOMP')
    client.publish({ qos: 2, packetId: 6 })
    await client.receive('PUBREC')
    client.publish({ qos: 2, packetId: 7 })
    assert.equal((await client.receive('DISCONNECT'))['code'], 0x93)
  })

  it('[MQTT-3.3.4-7] a client has no more on their way than it takes', async () => {
    const topic = topicOfTest()
    await using client = await RawMqttClient.connect(under.port, { properties: { receiveMax: 2 } })
    await client.subscribe(topic, { qos: 2 })
    await using publisher = await RawMqttClient.connect(under.port, { version: 4 })
    for (const qos of [1, 2, 1, 0])
      publisher.publish({ topic, qos, packetId: qos && qos + 1, payload: `${qos}` })
    await publisher.ping()
    const first = await client.receive('PUBLISH')
    const second = await client.receive('PUBLISH')
    const rest = (await client.ping()).filter(({ qos }) => qos !== 0)
    assert.deepEqual(rest, [])
    client.answer('PUBREC', second['packetId'] as number)
    await client.receive('PUBREL')
    assert.deepEqual(await client.ping(), [], 'QoS 2 counts until PUBCOMP')
    client.answer('PUBACK', first['packetId'] as number)
    assert.equal((await client.receive('PUBLISH'))['qos'], 1)
  })
})

describe('topic aliases', () => {
  it('[MQTT-3.3.2-12] of a client stand for the topic that they came with last', async () => {
    const topic = topicOfTest()
    await using client = await RawMqttClient.connect(under.port)
    await client.subscribe(`${topic}/#`)
    client.publish({ topic: `${topic}/a`, properties: { topicAlias: 3 } })
    client.publish({ topic: '', properties: { topicAlias: 3 }, payload: '2' })
    client.publish({ topic: `${topic}/b`, properties: { topicAlias: 3 } })
    client.publish({ topic: '', properties: { topicAlias: 3 } })
    const topics = (await client.ping()).map((packet) => packet['topic'])
    assert.deepEqual(topics, [`${topic}/a`, `${topic}/a`, `${topic}/b`, `${topic}/b`])
  })

  it('[MQTT-3.3.2-9] above the maximum are refused, and those that stand for nothing', async () => {
    await using high = await RawMqttClient.connect(under.port)
    high.publish({ properties: { topicAlias: 4 } })
    assert.equal((await high.receive('DISCONNECT'))['code'], 0x94)
    await using unknown = await RawMqttClient.connect(under.port)
    unknown.publish({ topic: '', properties: { topicAlias: 1 } })
    assert.equal((await unknown.receive('DISCONNECT'))['code'], 0x82)
  })

  it('[MQTT-3.1.2-26] of the server come first with their topic, then without it, as many as the client takes', async () => {
    const topic = topicOfTest()
    await using client = await RawMqttClient.connect(under.port, {
      properties: { topicAliasMax: 1 },
    })
    await client.subscribe(`${topic}/#`)
    for (const end of ['a', 'a', 'b', 'a']) client.publish({ topic: `${topic}/${end}` })
    const seen = (await client.ping()).map((packet) => [packet['topic'], packet['properties']])
    assert.deepEqual(seen, [
      [`${topic}/a`, { topicAlias: 1 }],
      ['', { topicAlias: 1 }],
      [`${topic}/b`, {}],
      ['', { topicAlias: 1 }],
    ])
  })
})

describe('Maximum Packet Size', () => {
  it('[MQTT-3.1.2-25] what is too large for a client is as if it were delivered', async () => {
    const topic = topicOfTest()
    await using client = await RawMqttClient.connect(under.port, {
      properties: { packetSizeMax: 100 },
    })
    await client.subscribe(topic, { qos: 1 })
    await using publisher = await RawMqttClient.connect(under.port, { version: 4 })
    publisher.publish({ topic, qos: 1, packetId: 1, payload: 'x'.repeat(200) })
    publisher.publish({ topic, qos: 0, payload: 'x'.repeat(200) })
    publisher.publish({ topic, qos: 1, packetId: 2, payload: 'small' })
    await publisher.ping()
    assert.equal((await client.receive('PUBLISH'))['payload'], 'small')
    assert.deepEqual(await client.ping(), [])
  })

  it('[MQTT-3.2.2-15] of the server is 64 KiB for CONNECT, and more from then on', async () => {
    await using stranger = await RawMqttClient.open(under.port)
    stranger.write(Buffer.from('1080800400044d515454', 'hex'))
    assert.deepEqual(await stranger.ended(), [])
    const topic = topicOfTest()
    await using client = await RawMqttClient.connect(under.port)
    await client.subscribe(topic, { qos: 1 })
    const payload = 'pabal'.repeat(500_000)
    client.publish({ topic, qos: 1, packetId: 1, payload })
    client.publish({ topic, payload })
    const packets = [await client.receive(), await client.receive(), await client.receive()]
    const got = packets.filter(({ name }) => name === 'PUBLISH')
    assert.equal(got.length, 2)
    for (const publish of got) assert.ok(publish['payload'] === payload)
    client.write(Buffer.from('30ffffff7f', 'hex'))
    assert.equal((await client.receive('DISCONNECT'))['code'], 0x95)
  })
})

describe('properties', () => {
  it('[MQTT-3.3.2-17] and the topic arrive as they were published, expiry less what it has waited', async () => {
    const topic = `${topicOfTest()}/a.b*c`
    await using client = await RawMqttClient.connect(under.port)
    await client.subscribe(topic, { qos: 1, properties: { subscriptionId: 42 } })
    const properties = {
      payloadFormat: 1,
      messageExpiry: 100,
      contentType: 'text/plain',
      responseTopic: 're/ply.to',
      correlationData: Buffer.from([0, 255, 1]),
      userProperties: ['z', '1', 'a', '2', 'z', '3'],
    }
    client.publish({ topic, qos: 1, packetId: 1, properties: { ...properties, topicAlias: 1 } })
    const packets = [await client.receive(), await client.receive()]
    const publish = packets.find(({ name }) => name === 'PUBLISH') as ReadPacket
    assert.equal(publish['topic'], topic)
    assert.deepEqual(publish['properties'], { ...properties, subscriptionIds: [42] })
  })
})
