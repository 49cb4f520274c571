// What clients of MQTT notice while publishers are blocked, when they publish too fast or read nothing, and when
// somebody ends their connections.
import assert from 'node:assert/strict'
import { after, afterEach, before, describe, it } from 'node:test'
import { connectAsync } from 'mqtt'
import { noProperties } from '../../../src/codec/mqtt/properties.ts'
import { version } from '../../../src/lib/version.ts'
import { clientLimits } from '../../../src/limits/clients.ts'
import { rateLimits } from '../../../src/limits/rate.ts'
import { BrokerInProcess } from '../../support/broker-in-process.ts'
import { type MqttBeside, openMqttBeside } from '../../support/mqtt/open-mqtt-beside.ts'
import { RawMqttClient } from '../../support/mqtt/raw-mqtt-client.ts'
import { writePacket } from '../../support/mqtt/write-packet.ts'
import { waitFor } from '../../support/wait-for.ts'

let broker: BrokerInProcess
let mqtt: MqttBeside
before(async () => {
  broker = await BrokerInProcess.start()
  mqtt = await openMqttBeside(broker, { sysIntervalMs: 50 })
})
after(async () => {
  await mqtt[Symbol.asyncDispose]()
  await broker[Symbol.asyncDispose]()
  assert.deepEqual(broker.bugs, [])
})
afterEach(() => broker.broker.shortage.set('memory', false))

describe('while publishers are blocked', () => {
  it('publishes wait for their answers, and pings and acks go on', async () => {
    await using subscriber = await RawMqttClient.connect(mqtt.port)
    await subscriber.subscribe('blocked', { qos: 1 })
    await using client = await RawMqttClient.connect(mqtt.port)
    client.publish({ topic: 'blocked', qos: 1, packetId: 1, payload: 'before' })
    await client.receive('PUBACK')
    const { packetId } = await subscriber.receive('PUBLISH')
    broker.broker.shortage.set('memory', true)
    client.publish({ topic: 'blocked', qos: 1, packetId: 2, payload: 'one' })
    client.publish({ topic: 'blocked', qos: 2, packetId: 3, payload: 'two' })
    assert.deepEqual(await client.ping(), [])
    subscriber.answer('PUBACK', packetId as number)
    assert.deepEqual(await subscriber.ping(), [])
    const [listed] = [...broker.clients].filter(({ state }) => state === 'blocked')
    assert.equal(listed?.protocol, 'MQTT')
    broker.broker.shortage.set('memory', false)
    assert.equal((await client.receive('PUBACK'))['packetId'], 2)
    assert.equal((await client.receive('PUBREC'))['packetId'], 3)
    assert.equal((await subscriber.receive('PUBLISH'))['payload'], 'one')
    assert.equal((await subscriber.receive('PUBLISH'))['payload'], 'two')
  })

  it('a client that goes on publishing is not read beyond its budget', async () => {
    await using client = await RawMqttClient.connect(mqtt.port)
    broker.broker.shortage.set('memory', true)
    const payload = 'x'.repeat(100_000)
    for (let count = 0; count < 100; count++) client.publish({ topic: 'much', payload })
    await waitFor('the budget', () => broker.memory.sizes.parked > clientLimits.parkedSizeMax)
    assert.ok(broker.memory.sizes.parked < clientLimits.parkedSizeMax + 2_000_000)
    broker.broker.shortage.set('memory', false)
    await client.ping()
    assert.equal(broker.memory.sizes.parked, 0)
  })

  it('a goodbye waits for what was published before it, also when the client has gone', async () => {
    await using subscriber = await RawMqttClient.connect(mqtt.port)
    await subscriber.subscribe('goodbye')
    const base = { payload: Buffer.from('gone'), qos: 0, isRetained: false, properties: {} }
    const will = { topic: 'goodbye', ...base }
    const client = await RawMqttClient.connect(mqtt.port, { clientId: 'polite', will })
    broker.broker.shortage.set('memory', true)
    client.publish({ topic: 'goodbye', payload: 'last words' })
    client.send({ name: 'DISCONNECT', type: 14, code: 0, properties: {} })
    client.socket.end()
    assert.deepEqual(await subscriber.ping(), [])
    broker.broker.shortage.set('memory', false)
    assert.equal((await subscriber.receive('PUBLISH'))['payload'], 'last words')
    await client.ended()
    assert.deepEqual(await subscriber.ping(), [])
  })

  it('a will is gone with the goodbye, also when the client comes back meanwhile [MQTT-3.14.4-3]', async () => {
    await using subscriber = await RawMqttClient.connect(mqtt.port)
    await subscriber.subscribe('back')
    const base = { payload: Buffer.from('gone'), qos: 0, isRetained: false, properties: {} }
    const asked = { clientId: 'back', will: { topic: 'back', ...base } }
    await using client = await RawMqttClient.connect(mqtt.port, asked)
    broker.broker.shortage.set('memory', true)
    client.socket.cork()
    client.publish({ topic: 'back', payload: 'last words' })
    client.send({ name: 'DISCONNECT', type: 14, code: 0, properties: {} })
    client.socket.uncork()
    await waitFor('the goodbye', () => broker.memory.sizes.parked > 0)
    await using again = await RawMqttClient.connect(mqtt.port, { clientId: 'back' })
    broker.broker.shortage.set('memory', false)
    await again.ping()
    const got = await subscriber.ping()
    assert.ok(!got.some(({ payload }) => payload === 'gone'), JSON.stringify(got))
  })
})

describe('a client that publishes faster than it may', () => {
  it('is not read for a while, and has all of its answers in the end', async () => {
    const rate = 200
    await using limited = await BrokerInProcess.start({
      connectionRate: { messages: rate, bytes: undefined },
    })
    await using port = await openMqttBeside(limited)
    await using client = await RawMqttClient.connect(port.port, { version: 4 })
    const count = 300
    const start = performance.now()
    for (let id = 1; id <= count; id++) client.publish({ topic: 'fast', qos: 1, packetId: id })
    for (let id = 1; id <= count; id++) {
      assert.equal((await client.receive('PUBACK'))['packetId'], id)
    }
    const least = (count / rate) * 1000 - rateLimits.burstMs
    assert.ok(performance.now() - start > least * 0.9)
  })
})

describe('a client that reads nothing', () => {
  it('gets messages of QoS 0 as far as its output goes, and those of QoS 1 later', async () => {
    await using deaf = await RawMqttClient.connect(mqtt.port, { clientId: 'deaf' })
    await deaf.subscribe('flood', { qos: 0 })
    deaf.socket.pause()
    await using client = await RawMqttClient.connect(mqtt.port, { version: 4 })
    const payload = 'x'.repeat(60_000)
    for (let count = 0; count < 400; count++) client.publish({ topic: 'flood', payload })
    await client.ping()
    const unsent = [...broker.clients].map(({ unsentSize }) => unsentSize)
    assert.ok(Math.max(...unsent) < clientLimits.outputSizeMax + 100_000, String(unsent))
    deaf.socket.resume()
    const got = await deaf.ping()
    assert.ok(got.length > 0 && got.length < 400, `${got.length} messages`)
  })
})

describe('while memory is nearly used up', () => {
  afterEach(() => void (broker.broker.admission.isOpenToDeclarations = true))

  it('what is retained may change, and more topics are refused', async () => {
    const retained = { qos: 1, isRetained: true } as const
    await using client = await RawMqttClient.connect(mqtt.port)
    client.publish({ topic: 'kept/1', packetId: 1, ...retained })
    await client.receive('PUBACK')
    await using old = await RawMqttClient.connect(mqtt.port, { version: 4, clientId: 'old' })
    broker.broker.admission.isOpenToDeclarations = false
    client.publish({ topic: 'kept/1', packetId: 2, ...retained })
    assert.equal((await client.receive('PUBACK'))['code'], 0x10)
    client.publish({ topic: 'kept/2', packetId: 3, ...retained })
    assert.equal((await client.receive('PUBACK'))['code'], 0x80)
    old.publish({ topic: 'kept/3', packetId: 1, ...retained })
    assert.deepEqual(
      await old.ended(),
      [],
      'MQTT 3 has no word for it, so the message stays its own',
    )
    client.publish({ topic: 'kept/1', payload: '', packetId: 4, ...retained })
    await client.receive('PUBACK')
  })
})

describe('a client that asks for answers and reads none', () => {
  for (const name of ['PUBREC', 'PUBREL'] as const) {
    it(`is not read any more when it sends ${name} on and on`, async () => {
      await using deaf = await RawMqttClient.connect(mqtt.port, { clientId: `asks-${name}` })
      deaf.socket.pause()
      const packets = Array.from({ length: 16_384 }, (_, index) =>
        writePacket({ name, packetId: index + 1, code: 0, properties: noProperties }, 5, 'client'),
      )
      const many = Buffer.concat(packets)
      for (let count = 0; count < 4 * (clientLimits.unreadSizeMax / many.length); count++) {
        deaf.write(many)
      }
      const [listed] = [...broker.clients].filter(
        ({ properties }) => properties.get('client_id')?.value === `asks-${name}`,
      )
      assert.ok(listed !== undefined)
      await waitFor('the limit', () => listed.unsentSize > clientLimits.unreadSizeMax)
      await turnsOfTheBroker()
      const { unsentSize } = listed
      assert.ok(unsentSize < 2 * clientLimits.unreadSizeMax, `${unsentSize} bytes`)
    })
  }
})

/** What was begun goes on for a while. */
async function turnsOfTheBroker(): Promise<void> {
  for (let count = 0; count < 200; count++) await new Promise(setImmediate)
}

describe('somebody who looks after the broker', () => {
  it('sees clients with their version, id, virtual host and counts, and ends them', async () => {
    await using client = await RawMqttClient.connect(mqtt.port, { clientId: 'seen' })
    await client.subscribe('seen', { qos: 1 })
    client.publish({ topic: 'seen', qos: 1, packetId: 1 })
    const packets = [await client.receive(), await client.receive()]
    const publish = packets.find(({ name }) => name === 'PUBLISH')
    client.answer('PUBACK', publish?.['packetId'] as number)
    await client.ping()
    const [listed] = [...broker.clients].filter(
      ({ properties }) => properties.get('client_id')?.value === 'seen',
    )
    assert.ok(listed !== undefined)
    const { protocol, protocolVersion, vhost, state, consumerCount, counters, principal } = listed
    assert.deepEqual(
      { protocol, protocolVersion, vhost, state, consumerCount, user: principal?.user },
      {
        protocol: 'MQTT',
        protocolVersion: '5.0',
        vhost: '/',
        state: 'running',
        consumerCount: 1,
        user: 'guest',
      },
    )
    const { published, confirmed, delivered, acked } = counters
    assert.deepEqual([published, confirmed, delivered, acked], [1, 1, 1, 1])
    listed.close('maintenance')
    const { code, properties } = await client.receive('DISCONNECT')
    assert.deepEqual([code, properties], [0x98, { reason: 'maintenance' }])
    await client.ended()
  })

  it('deletes a session under its client, which is told', async () => {
    await using client = await RawMqttClient.connect(mqtt.port, { clientId: 'deleted' })
    const vhost = broker.broker.getVHost('/')
    assert.ok(mqtt.sessions.of(vhost).delete('deleted'))
    assert.equal((await client.receive('DISCONNECT'))['code'], 0x98)
  })
})

describe('$SYS', () => {
  it('[MQTT-4.7.2-1] shows what the broker does, at once and again, and not to wildcards', async () => {
    await using client = await RawMqttClient.connect(mqtt.port)
    await client.subscribe('#')
    assert.deepEqual(await client.ping(), [])
    await client.subscribe('$SYS/broker/clients/+')
    const first = await client.ping()
    const retained = first.filter(({ isRetained }) => isRetained === true)
    assert.deepEqual(
      new Set(retained.map(({ topic }) => topic)),
      new Set(
        ['connected', 'disconnected', 'expired', 'maximum', 'total'].map(
          (name) => `$SYS/broker/clients/${name}`,
        ),
      ),
    )
    const again = await client.receive('PUBLISH')
    assert.equal(again['isRetained'], false)
  })

  it('has the values that Mosquitto has', async () => {
    const client = await connectAsync(`mqtt://127.0.0.1:${mqtt.port}`, { reconnectPeriod: 0 })
    const seen = new Map<string, string>()
    client.on('message', (topic, payload) => seen.set(topic, payload.toString()))
    await client.subscribeAsync('$SYS/#')
    await waitFor('all values', () => seen.size >= 30)
    const names = [
      'version',
      'uptime',
      'messages/received',
      'publish/bytes/sent',
      'load/messages/received/1min',
      'retained messages/count',
      'shared_subscriptions/count',
    ]
    for (const name of names) assert.ok(seen.has(`$SYS/broker/${name}`), name)
    assert.equal(seen.get('$SYS/broker/version'), `pabal version ${version}`)
    assert.match(seen.get('$SYS/broker/uptime') ?? '', /^\d+ seconds$/u)
    assert.ok(Number(seen.get('$SYS/broker/messages/received')) > 0)
    await client.endAsync()
  })
})
