// Sessions that outlive their connections, wills, retained messages and subscriptions (MQTT 5 §3.1.2, §3.8, §4.1, §4.8).
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type MqttBroker, startMqttBroker } from '../../support/mqtt/mqtt-broker.ts'
import { RawMqttClient } from '../../support/mqtt/raw-mqtt-client.ts'
import type { ReadPacket } from '../../support/mqtt/read-packet.ts'

let under: MqttBroker
before(async () => {
  under = await startMqttBroker()
})
after(() => under[Symbol.asyncDispose]())

let names = 0
function nameOfTest(): string {
  return `s${++names}`
}

function lasting(clientId: string): {
  clientId: string
  isCleanStart: boolean
  properties: object
} {
  return { clientId, isCleanStart: false, properties: { sessionExpiry: 300 } }
}

/** A will without a delay unless it is given one. */
function will(topic: string, fields: object = {}): object {
  const base = { payload: Buffer.from('gone'), qos: 0, isRetained: false, properties: {} }
  return { will: { topic, ...base, ...fields } }
}

function payloads(packets: readonly ReadPacket[]): unknown[] {
  return packets.map(({ payload }) => payload)
}

async function publishAll(topic: string, all: readonly string[], qos = 1): Promise<void> {
  await using publisher = await RawMqttClient.connect(under.port, { version: 4 })
  for (const [index, payload] of all.entries()) {
    publisher.publish({ topic, qos, packetId: index + 1, payload })
  }
  await publisher.ping()
  // All of them have been answered, or are of QoS 0.
  await publisher.disconnect()
}

describe('a session', () => {
  it('[MQTT-3.1.2-5] keeps subscriptions and messages of QoS 1 and 2 for its client', async () => {
    const topic = nameOfTest()
    const client = await RawMqttClient.connect(under.port, lasting(topic))
    await client.subscribe(topic, { qos: 2 })
    await client.disconnect()
    await publishAll(topic, ['1', '2', '3'])
    await using again = await RawMqttClient.open(under.port)
    assert.equal((await again.login(lasting(topic)))['isSessionPresent'], true)
    const packets = [await again.receive(), await again.receive(), await again.receive()]
    assert.deepEqual(payloads(packets), ['1', '2', '3'])
  })

  it('[MQTT-3.1.2-4] of 3.1.1 lasts without Clean Session, and with it ends at once', async () => {
    const clientId = nameOfTest()
    const kept = { clientId, isCleanStart: false, version: 4 as const }
    await (await RawMqttClient.connect(under.port, kept)).disconnect()
    await using again = await RawMqttClient.open(under.port, 4)
    assert.equal((await again.login(kept))['isSessionPresent'], true)
    await again.disconnect()
    await (await RawMqttClient.connect(under.port, { clientId, version: 4 })).disconnect()
    await using third = await RawMqttClient.open(under.port, 4)
    assert.equal((await third.login(kept))['isSessionPresent'], false)
  })

  it('[MQTT-4.4.0-1] sends again what was not answered: same id, same order, DUP', async () => {
    const topic = nameOfTest()
    const client = await RawMqttClient.connect(under.port, lasting(topic))
    await client.subscribe(topic, { qos: 2 })
    await publishAll(topic, ['1', '2', '3'], 2)
    const first: ReadPacket[] = []
    for (let count = 0; count < 3; count++) {
      // Those of QoS 2 are released by their publisher or not: they are there.
      first.push(await client.receive('PUBLISH'))
    }
    client.answer('PUBREC', first[0]!['packetId'] as number)
    await client.receive('PUBREL')
    client.drop()
    await using again = await RawMqttClient.connect(under.port, lasting(topic))
    assert.equal((await again.receive('PUBREL'))['packetId'], first[0]!['packetId'])
    const second = [await again.receive('PUBLISH'), await again.receive('PUBLISH')]
    assert.deepEqual(
      second,
      first.slice(1).map((packet) => ({ ...packet, isDuplicate: true })),
    )
  })

  it('[MQTT-4.4.0-1] goes on where another connection was with it', async () => {
    const topic = nameOfTest()
    await using client = await RawMqttClient.connect(under.port, lasting(topic))
    await client.subscribe(topic, { qos: 1 })
    await publishAll(topic, ['1', '2'])
    const first = await client.receive('PUBLISH')
    await using other = await RawMqttClient.connect(under.port, lasting(topic))
    const again = await other.receive('PUBLISH')
    assert.deepEqual(again, { ...first, isDuplicate: true })
    assert.equal((await client.ended()).at(-1)?.['code'], 0x8e)
  })

  it('[MQTT-4.3.3-13] knows ids of QoS 2 that its client has sent and not released', async () => {
    const topic = nameOfTest()
    await using subscriber = await RawMqttClient.connect(under.port)
    await subscriber.subscribe(topic, { qos: 0 })
    const client = await RawMqttClient.connect(under.port, lasting(topic))
    client.publish({ topic, qos: 2, packetId: 9 })
    await client.receive('PUBREC')
    client.drop()
    await using again = await RawMqttClient.connect(under.port, lasting(topic))
    again.publish({ topic, qos: 2, packetId: 9, isDuplicate: true })
    await again.receive('PUBREC')
    again.answer('PUBREL', 9)
    assert.equal((await again.receive('PUBCOMP'))['code'], 0)
    await subscriber.receive('PUBLISH')
    assert.deepEqual(await subscriber.ping(), [])
  })
})

describe('a subscription', () => {
  it('[MQTT-3.8.4-6] is answered for itself, and [MQTT-3.8.4-3] replaces the one before', async () => {
    const topic = nameOfTest()
    await using client = await RawMqttClient.connect(under.port)
    assert.deepEqual(await client.subscribe(topic, { qos: 0 }), [0])
    assert.deepEqual(await client.subscribe(topic, { qos: 1 }), [1])
    client.publish({ topic, qos: 1, packetId: 5 })
    const packets = [await client.receive(), await client.receive()]
    assert.equal(packets.filter(({ name }) => name === 'PUBLISH').length, 1)
    assert.deepEqual(await client.ping(), [])
  })

  it('[MQTT-3.3.4-2] that overlaps another gives one message with both of their numbers', async () => {
    const topic = nameOfTest()
    await using client = await RawMqttClient.connect(under.port)
    await client.subscribe(`${topic}/#`, { qos: 0, properties: { subscriptionId: 1 } })
    await client.subscribe(`${topic}/+`, { qos: 1, properties: { subscriptionId: 200 } })
    await publishAll(`${topic}/x`, ['1'])
    const publish = await client.receive('PUBLISH')
    assert.equal(publish['qos'], 1)
    const { subscriptionIds } = publish['properties'] as { subscriptionIds: number[] }
    assert.deepEqual(
      subscriptionIds.toSorted((a, b) => a - b),
      [1, 200],
    )
    assert.deepEqual(await client.ping(), [])
  })

  it('[MQTT-3.8.3-3] with No Local has nothing of its own client', async () => {
    const topic = nameOfTest()
    await using client = await RawMqttClient.connect(under.port)
    await client.subscribe(topic, { qos: 1, isNoLocal: true })
    client.publish({ topic })
    assert.deepEqual(await client.ping(), [])
    await publishAll(topic, ['others'])
    assert.equal((await client.receive('PUBLISH'))['payload'], 'others')
  })

  it('[MQTT-4.7.1-2] [MQTT-4.7.2-1] matches by levels, and not what begins with $', async () => {
    const topic = nameOfTest()
    await using client = await RawMqttClient.connect(under.port)
    await client.subscribe(`${topic}/#`)
    await client.subscribe(`+/${topic}`)
    for (const name of [topic, `${topic}/a/b`, `/${topic}`, `${topic}x`, `$x/${topic}`]) {
      client.publish({ topic: name })
    }
    const topics = (await client.ping()).map((packet) => packet['topic'])
    assert.deepEqual(topics, [topic, `${topic}/a/b`, `/${topic}`])
  })

  it('[MQTT-3.10.4-1] ends with UNSUBSCRIBE, which says whether there was one', async () => {
    const topic = nameOfTest()
    await using client = await RawMqttClient.connect(under.port)
    await client.subscribe(topic)
    const filters = [topic, `${topic}/none`]
    client.send({ name: 'UNSUBSCRIBE', packetId: 2, properties: {}, filters })
    assert.deepEqual((await client.receive('UNSUBACK'))['codes'], [0, 0x11])
    client.publish({ topic })
    assert.deepEqual(await client.ping(), [])
  })

  it('is refused with 0x8F when its filter is longer than all that topics could match', async () => {
    await using client = await RawMqttClient.connect(under.port)
    const longest = `${'+/'.repeat(256)}#`
    assert.deepEqual(await client.subscribe(longest), [0])
    assert.deepEqual(await client.subscribe(`+/${longest}`), [0x8f])
    await using old = await RawMqttClient.connect(under.port, { version: 4 })
    assert.deepEqual(await old.subscribe(`+/${longest}`), [0x80])
    client.publish({ topic: '/'.repeat(255), qos: 1, packetId: 3 })
    const got = (await client.receive('PUBLISH'))['topic']
    assert.equal(got, '/'.repeat(255))
  })

  it('[MQTT-4.8.2-1] of a group without a name or a filter is a protocol error', async () => {
    for (const filter of ['$share//a', '$share/g', '$share/+/a', '$share/g/']) {
      await using client = await RawMqttClient.connect(under.port)
      const options = { qos: 0, isNoLocal: false, isRetainAsPublished: false, retainHandling: 0 }
      const subscriptions = [{ filter, ...options }]
      client.send({ name: 'SUBSCRIBE', packetId: 1, properties: {}, subscriptions })
      assert.equal((await client.receive('DISCONNECT'))['code'], 0x82, filter)
    }
  })

  for (const version of [4, 5] as const) {
    it(`[MQTT-4.8.2-4] that is shared gives each message to one member, in version ${version}`, async () => {
      const topic = nameOfTest()
      const options = { version, isCleanStart: true }
      await using one = await RawMqttClient.connect(under.port, {
        ...options,
        clientId: `${topic}a`,
      })
      await using two = await RawMqttClient.connect(under.port, {
        ...options,
        clientId: `${topic}b`,
      })
      for (const member of [one, two]) await member.subscribe(`$share/g/${topic}`, { qos: 1 })
      const all = Array.from({ length: 10 }, (_, index) => String(index))
      await publishAll(topic, all)
      const got: unknown[][] = []
      for (const member of [one, two]) {
        const packets: ReadPacket[] = []
        for (let more = await member.ping(); more.length > 0; more = await member.ping()) {
          packets.push(...more)
          for (const { packetId } of more) member.answer('PUBACK', packetId as number)
        }
        got.push(payloads(packets))
      }
      const whole = got.flat() as string[]
      assert.deepEqual(whole.toSorted(), all)
      assert.ok(
        got.every((part) => part.length > 0),
        JSON.stringify(got),
      )
    })
  }
})

describe('a retained message', () => {
  it('[MQTT-3.3.1-6] [MQTT-3.3.1-8] comes to new subscriptions with wildcards, marked so', async () => {
    const topic = nameOfTest()
    await using publisher = await RawMqttClient.connect(under.port)
    for (const end of ['a', 'b/c']) {
      publisher.publish({
        topic: `${topic}/${end}`,
        qos: 1,
        packetId: 1,
        isRetained: true,
        payload: end,
      })
      await publisher.receive('PUBACK')
    }
    await using client = await RawMqttClient.connect(under.port)
    await client.subscribe(`${topic}/#`, { qos: 0 })
    const packets = [await client.receive('PUBLISH'), await client.receive('PUBLISH')]
    assert.deepEqual(new Set(payloads(packets)), new Set(['a', 'b/c']))
    assert.ok(packets.every(({ isRetained, qos }) => isRetained === true && qos === 0))
  })

  it('[MQTT-3.3.1-12] is not marked for those who had subscribed, unless they ask', async () => {
    const topic = nameOfTest()
    await using client = await RawMqttClient.connect(under.port)
    await client.subscribe(topic)
    await using asking = await RawMqttClient.connect(under.port)
    await asking.subscribe(topic, { isRetainAsPublished: true })
    client.publish({ topic, isRetained: true })
    assert.equal((await client.receive('PUBLISH'))['isRetained'], false)
    assert.equal((await asking.receive('PUBLISH'))['isRetained'], true)
  })

  it('[MQTT-3.3.1-10] goes with an empty one, which goes to subscribers as it is', async () => {
    const topic = nameOfTest()
    await using client = await RawMqttClient.connect(under.port)
    await client.subscribe(topic)
    client.publish({ topic, isRetained: true })
    client.publish({ topic, isRetained: true, payload: '' })
    assert.deepEqual(payloads(await client.ping()), ['hi', ''])
    await using late = await RawMqttClient.connect(under.port)
    await late.subscribe(topic)
    assert.deepEqual(await late.ping(), [])
  })

  it('[MQTT-3.3.1-9] [MQTT-3.3.1-10] comes as Retain Handling says', async () => {
    const topic = nameOfTest()
    await using client = await RawMqttClient.connect(under.port)
    client.publish({ topic, isRetained: true })
    const seen: number[] = []
    for (const retainHandling of [2, 1, 0, 1]) {
      await client.subscribe(topic, { retainHandling })
      seen.push((await client.ping()).length)
    }
    assert.deepEqual(seen, [0, 0, 1, 0])
    await using other = await RawMqttClient.connect(under.port)
    await other.subscribe(topic, { retainHandling: 1 })
    await other.receive('PUBLISH')
  })

  it('does not come to shared subscriptions', async () => {
    const topic = nameOfTest()
    await using client = await RawMqttClient.connect(under.port)
    client.publish({ topic, isRetained: true })
    await client.subscribe(`$share/g/${topic}`)
    assert.deepEqual(await client.ping(), [])
  })
})

describe('a will', () => {
  it('[MQTT-3.1.2-8] is published when the network goes, and [MQTT-3.1.2-14] retained if it says so', async () => {
    const topic = nameOfTest()
    await using watcher = await RawMqttClient.connect(under.port)
    await watcher.subscribe(topic, { qos: 1 })
    const options = will(topic, { qos: 1, isRetained: true })
    const client = await RawMqttClient.connect(under.port, { clientId: topic, ...options })
    client.drop()
    const publish = await watcher.receive('PUBLISH')
    assert.deepEqual(
      [publish['payload'], publish['qos'], publish['isRetained']],
      ['gone', 1, false],
    )
    await using late = await RawMqttClient.connect(under.port)
    await late.subscribe(topic)
    assert.equal((await late.receive('PUBLISH'))['isRetained'], true)
  })

  it('[MQTT-3.14.4-3] is not published after DISCONNECT, but for 0x04', async () => {
    const topic = nameOfTest()
    await using watcher = await RawMqttClient.connect(under.port)
    await watcher.subscribe(topic)
    const options = { clientId: topic, ...will(topic) }
    await (await RawMqttClient.connect(under.port, options)).disconnect()
    assert.deepEqual(await watcher.ping(), [])
    await (await RawMqttClient.connect(under.port, options)).disconnect(4)
    await watcher.receive('PUBLISH')
  })

  it('[MQTT-3.1.3-9] waits for its delay, and is gone when the session is resumed before', async () => {
    const topic = nameOfTest()
    await using watcher = await RawMqttClient.connect(under.port)
    await watcher.subscribe(topic)
    const delayed = { ...lasting(topic), ...will(topic, { properties: { willDelay: 2 } }) }
    const client = await RawMqttClient.connect(under.port, delayed)
    client.drop()
    await using again = await RawMqttClient.connect(under.port, delayed)
    const start = performance.now()
    again.drop()
    await watcher.receive('PUBLISH')
    assert.ok(performance.now() - start > 1900)
    assert.deepEqual(await watcher.ping(), [])
  })

  it('[MQTT-3.1.4-3] of a session that is taken over is published without a delay', async () => {
    const topic = nameOfTest()
    await using watcher = await RawMqttClient.connect(under.port)
    await watcher.subscribe(topic)
    await using first = await RawMqttClient.connect(under.port, { clientId: topic, ...will(topic) })
    await using second = await RawMqttClient.connect(under.port, { clientId: topic })
    await watcher.receive('PUBLISH')
    assert.equal((await first.receive('DISCONNECT'))['code'], 0x8e)
    assert.deepEqual(await second.ping(), [])
  })

  it('is published for a client that breaks the protocol', async () => {
    const topic = nameOfTest()
    await using watcher = await RawMqttClient.connect(under.port)
    await watcher.subscribe(topic)
    await using client = await RawMqttClient.connect(under.port, {
      clientId: topic,
      ...will(topic),
    })
    client.write(Buffer.from([0x00]))
    await watcher.receive('PUBLISH')
  })
})
