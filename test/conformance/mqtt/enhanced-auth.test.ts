// MQTT 5's enhanced authentication (section 4.12), which is SCRAM here: when a client connects, and again later.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { connect, connectAsync, type IClientOptions, type MqttClient } from 'mqtt'
import { AUTH } from '../../../src/codec/mqtt/packet-type.ts'
import { type MqttBroker, startMqttBroker } from '../../support/mqtt/mqtt-broker.ts'
import { RawMqttClient, type RawConnect } from '../../support/mqtt/raw-mqtt-client.ts'
import { writePacket } from '../../support/mqtt/write-packet.ts'
import { type Mechanism, ScramClient } from '../../support/scram-client.ts'

let under: MqttBroker
before(async () => {
  under = await startMqttBroker({ httpPort: 0, vhosts: ['shop'], mqttAnonymousUser: 'none' })
  for (const user of ['anna', 'b,e=n']) {
    await call('PUT', `users/${encodeURIComponent(user)}`, { password: 'secret', tags: '' })
    for (const vhost of ['%2F', 'shop']) {
      const rights = { configure: '.*', write: '.*', read: '.*' }
      await call('PUT', `permissions/${vhost}/${encodeURIComponent(user)}`, rights)
    }
  }
  // Of its password only a hash is known, of which SCRAM can make nothing.
  const hashed = { password_hash: 'kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR', tags: '' }
  await call('PUT', 'users/moved', hashed)
})
after(() => under[Symbol.asyncDispose]())

async function call(method: string, path: string, body?: unknown): Promise<unknown> {
  const { port } = under.broker.addresses['http']!
  const authorization = `Basic ${Buffer.from('guest:guest').toString('base64')}`
  const response = await fetch(`http://127.0.0.1:${port}/api/${path}`, {
    method,
    headers: { authorization, 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  assert.ok(response.ok, `${method} ${path}: ${response.status} ${text}`)
  return text === '' ? undefined : JSON.parse(text)
}

const step = 0x18
const again = 0x19

interface Properties {
  readonly authenticationMethod?: string
  readonly authenticationData?: Buffer
}

function propertiesOf(packet: object): Properties {
  return (packet as { properties: Properties }).properties
}

function auth(code: number, method: string | undefined, data?: Buffer | string): object {
  const properties = {
    ...(method !== undefined && { authenticationMethod: method }),
    ...(data !== undefined && { authenticationData: Buffer.from(data) }),
  }
  return { name: 'AUTH', type: AUTH, code, properties }
}

/** The properties of a CONNECT that begins with SCRAM. */
function begin(scram: ScramClient): RawConnect {
  const properties = { authenticationMethod: scram.mechanism, authenticationData: scram.first }
  return { clientId: '', isCleanStart: true, keepAlive: 60, properties }
}

function send(client: RawMqttClient, packet: object): void {
  client.send(packet as Parameters<RawMqttClient['send']>[0])
}

/** Connects up to the server's challenge, which it returns. */
async function challenge(
  client: RawMqttClient,
  scram: ScramClient,
  options: RawConnect = {},
): Promise<Buffer> {
  send(client, { name: 'CONNECT', version: 5, ...begin(scram), ...options })
  const asked = await client.receive('AUTH')
  assert.equal(asked['code'], step)
  assert.equal(propertiesOf(asked).authenticationMethod, scram.mechanism)
  return propertiesOf(asked).authenticationData!
}

/** Connects and answers the challenge; returns CONNACK. */
async function login(
  client: RawMqttClient,
  scram: ScramClient,
  options: RawConnect = {},
): Promise<Awaited<ReturnType<RawMqttClient['receive']>>> {
  const challenged = await challenge(client, scram, options)
  send(client, auth(step, scram.mechanism, scram.final(challenged)))
  return client.receive('CONNACK')
}

async function loggedIn(scram: ScramClient, options: RawConnect = {}): Promise<RawMqttClient> {
  const client = await RawMqttClient.open(under.port)
  const connack = await login(client, scram, options)
  assert.equal(connack['code'], 0, JSON.stringify(connack))
  scram.checkServer(propertiesOf(connack).authenticationData)
  return client
}

describe('a login by SCRAM', () => {
  for (const mechanism of ['SCRAM-SHA-256', 'SCRAM-SHA-512'] as const) {
    it(`[MQTT-4.12.0-2] [MQTT-4.12.0-3] [MQTT-4.12.0-5] goes step by step: ${mechanism}`, async () => {
      const scram = new ScramClient('anna', 'secret', mechanism)
      await using client = await RawMqttClient.open(under.port)
      const connack = await login(client, scram, { clientId: mechanism })
      assert.equal(connack['code'], 0)
      assert.equal(propertiesOf(connack).authenticationMethod, mechanism)
      scram.checkServer(propertiesOf(connack).authenticationData)
      client.publish({ topic: 'scram', qos: 1, packetId: 7 })
      assert.equal((await client.receive('PUBACK'))['packetId'], 7)
      const listed = (await call('GET', 'connections')) as readonly Record<string, unknown>[]
      const ours = listed.map(({ user, auth_mechanism: by }) => [user, by])
      assert.deepEqual(ours, [['anna', mechanism]])
    })
  }

  it('is that of the settings’ user, and of one whose name has to be escaped', async () => {
    for (const [name, password] of [['guest', 'guest'] as const, ['b,e=n', 'secret'] as const]) {
      await using client = await loggedIn(new ScramClient(name, password))
      assert.deepEqual(await client.ping(), [])
    }
  })

  it('may begin when the server asks for it (RFC 4422)', async () => {
    const scram = new ScramClient('anna', 'secret')
    const method = scram.mechanism
    await using client = await RawMqttClient.open(under.port)
    const properties = { authenticationMethod: method }
    send(client, { name: 'CONNECT', version: 5, ...begin(scram), properties })
    const asked = await client.receive('AUTH')
    assert.deepEqual(propertiesOf(asked), { authenticationMethod: method })
    send(client, auth(step, method, scram.first))
    const challenged = propertiesOf(await client.receive('AUTH')).authenticationData!
    send(client, auth(step, method, scram.final(challenged)))
    assert.equal((await client.receive('CONNACK'))['code'], 0)
  })

  it('comes to the virtual host that the name says, in SCRAM or beside it', async () => {
    await using reader = await loggedIn(new ScramClient('shop:anna', 'secret'))
    await reader.subscribe('here')
    for (const username of ['shop:anna', undefined]) {
      const scram = new ScramClient(username === undefined ? 'shop:anna' : 'anna', 'secret')
      const named = username === undefined ? {} : { username, password: Buffer.from('unused') }
      await using sender = await loggedIn(scram, named)
      sender.publish({ topic: 'here' })
      await reader.receive('PUBLISH')
    }
    await using elsewhere = await loggedIn(new ScramClient('anna', 'secret'))
    elsewhere.publish({ topic: 'here' })
    await elsewhere.ping()
    assert.deepEqual(await reader.ping(), [])
  })

  it('[MQTT-4.12.0-4] is refused with 0x87, whatever of it is wrong', async () => {
    for (const [name, password] of [
      ['anna', 'wrong'],
      ['nobody', 'secret'],
      ['moved', 'test12'],
      ['none:anna', 'secret'],
    ] as const) {
      await using client = await RawMqttClient.open(under.port)
      const connack = await login(client, new ScramClient(name, password))
      assert.equal(connack['code'], 0x87, name)
      assert.equal(propertiesOf(connack).authenticationData, undefined)
      await client.ended()
    }
  })

  it('tells nobody who exists: each name has a salt, and always the same', async () => {
    const salts: string[] = []
    for (const name of ['anna', 'nobody', 'anna', 'nobody']) {
      await using client = await RawMqttClient.open(under.port)
      const challenged = await challenge(client, new ScramClient(name, 'x'))
      salts.push(/,(s=.*)$/u.exec(challenged.toString())![1]!)
    }
    assert.deepEqual(salts.slice(2), salts.slice(0, 2))
    assert.notEqual(salts[0], salts[1])
    assert.equal(salts[0]!.length, salts[1]!.length)
  })

  it('is refused for another user than the User Name says', async () => {
    await using client = await RawMqttClient.open(under.port)
    const scram = new ScramClient('anna', 'secret')
    const named = { ...begin(scram), username: 'guest', password: Buffer.from('guest') }
    assert.equal((await client.login(named))['code'], 0x87)
  })

  it('is refused when it makes no sense, or is too long', async () => {
    const authenticationMethod = 'SCRAM-SHA-256'
    for (const [data, code] of [
      ['', 0x87],
      ['n,,n=anna', 0x87],
      ['p=tls-unique,,n=anna,r=x', 0x87],
      [`n,,n=anna,r=${'x'.repeat(2048)}`, 0x95],
    ] as const) {
      await using client = await RawMqttClient.open(under.port)
      const properties = { authenticationMethod, authenticationData: Buffer.from(data) }
      assert.equal((await client.login({ properties }))['code'], code, data)
      await client.ended()
    }
  })

  it('[MQTT-4.12.0-1] has a method that the broker knows', async () => {
    for (const authenticationMethod of ['SCRAM-SHA-1', 'scram-sha-256', 'toString', '']) {
      await using client = await RawMqttClient.open(under.port)
      assert.equal((await client.login({ properties: { authenticationMethod } }))['code'], 0x8c)
      await client.ended()
    }
  })

  it('[MQTT-3.1.2-30] has nothing but AUTH and DISCONNECT in it', async () => {
    const scram = new ScramClient('anna', 'secret')
    const { mechanism: method } = scram
    const wrong: readonly (readonly [object, number])[] = [
      [{ name: 'PINGREQ' }, 0x82],
      [auth(step, 'SCRAM-SHA-512', 'x'), 0x8c],
      [auth(step, undefined), 0x82],
      [auth(again, method, scram.first), 0x82],
    ]
    for (const [packet, code] of wrong) {
      await using client = await RawMqttClient.open(under.port)
      await challenge(client, scram)
      send(client, packet)
      assert.equal((await client.receive('CONNACK'))['code'], code, JSON.stringify(packet))
      await client.ended()
    }
    await using hasty = await RawMqttClient.open(under.port)
    const challenged = await challenge(hasty, scram)
    const proof = auth(step, method, scram.final(challenged))
    const both = [proof, { name: 'PINGREQ' }] as Parameters<RawMqttClient['send']>
    hasty.write(Buffer.concat(both.map((packet) => writePacket(packet, 5, 'client'))))
    assert.equal((await hasty.receive('CONNACK'))['code'], 0x82)
    await using leaving = await RawMqttClient.open(under.port)
    await challenge(leaving, scram)
    send(leaving, { name: 'DISCONNECT', type: 14, code: 0, properties: {} })
    assert.deepEqual(await leaving.ended(), [])
  })

  it('[MQTT-3.1.2-24] ends for a client for which the challenge is too large', async () => {
    const scram = new ScramClient('anna', 'secret')
    await using client = await RawMqttClient.open(under.port)
    const { properties } = begin(scram)
    const small = { ...begin(scram), properties: { ...properties, packetSizeMax: 64 } }
    send(client, { name: 'CONNECT', version: 5, ...small })
    assert.deepEqual(await client.ended(), [])
  })

  it('[MQTT-4.12.0-6] [MQTT-4.12.0-7] is nothing that a client without a method hears of', async () => {
    const named = { username: 'anna', password: Buffer.from('secret') }
    await using client = await RawMqttClient.open(under.port)
    assert.equal(propertiesOf(await client.login(named)).authenticationMethod, undefined)
    send(client, auth(again, 'SCRAM-SHA-256', new ScramClient('anna', 'secret').first))
    assert.equal((await client.receive('DISCONNECT'))['code'], 0x82)
  })
})

describe('re-authentication', () => {
  /** Begins it; returns the challenge. */
  async function beginAgain(client: RawMqttClient, scram: ScramClient): Promise<Buffer> {
    send(client, auth(again, scram.mechanism, scram.first))
    const asked = await client.receive('AUTH')
    assert.equal(asked['code'], step)
    return propertiesOf(asked).authenticationData!
  }

  it('[MQTT-4.12.1-1] goes on beside everything else, as often as the client likes', async () => {
    await using client = await loggedIn(new ScramClient('anna', 'secret'))
    await client.subscribe('beside', { qos: 1 })
    for (let round = 0; round < 3; round++) {
      const scram = new ScramClient('anna', 'secret')
      const challenged = await beginAgain(client, scram)
      client.publish({ topic: 'beside', qos: 1, packetId: 1 })
      const names = [await client.receive(), await client.receive()].map(({ name }) => name)
      assert.deepEqual(names.toSorted(), ['PUBACK', 'PUBLISH'])
      send(client, auth(step, scram.mechanism, scram.final(challenged)))
      const done = await client.receive('AUTH')
      assert.equal(done['code'], 0)
      assert.equal(propertiesOf(done).authenticationMethod, scram.mechanism)
      scram.checkServer(propertiesOf(done).authenticationData)
    }
  })

  it('[MQTT-4.12.1-2] that fails ends the connection', async () => {
    for (const [name, password] of [
      ['anna', 'wrong'],
      ['guest', 'guest'],
    ] as const) {
      await using client = await loggedIn(new ScramClient('anna', 'secret'))
      const scram = new ScramClient(name, password)
      send(client, auth(again, scram.mechanism, scram.first))
      if (name === 'anna') {
        const { authenticationData } = propertiesOf(await client.receive('AUTH'))
        send(client, auth(step, scram.mechanism, scram.final(authenticationData!)))
      }
      assert.equal((await client.receive('DISCONNECT'))['code'], 0x87)
      await client.ended()
    }
  })

  it('with a password that has changed on the way fails', async () => {
    await call('PUT', 'users/leaving', { password: 'secret', tags: 'administrator' })
    await call('PUT', 'permissions/%2F/leaving', { configure: '.*', write: '.*', read: '.*' })
    await using client = await loggedIn(new ScramClient('leaving', 'secret'))
    const scram = new ScramClient('leaving', 'other')
    const challenged = await beginAgain(client, scram)
    await call('PUT', 'users/leaving', { password: 'other', tags: '' })
    // The challenge was for the old one.
    send(client, auth(step, scram.mechanism, scram.final(challenged)))
    assert.equal((await client.receive('DISCONNECT'))['code'], 0x87)
  })

  it('out of place is a protocol error', async () => {
    const scram = new ScramClient('anna', 'secret')
    const { mechanism: method } = scram
    const first = auth(again, method, scram.first)
    for (const packets of [
      [auth(step, method, 'x')],
      [auth(again, 'SCRAM-SHA-512', scram.first)],
      [auth(again, undefined)],
      [first, first],
    ]) {
      await using client = await loggedIn(new ScramClient('anna', 'secret'))
      client.send(...(packets as Parameters<RawMqttClient['send']>))
      let packet = await client.receive()
      if (packet.name === 'AUTH') packet = await client.receive()
      assert.deepEqual([packet.name, packet['code']], ['DISCONNECT', 0x82])
      await client.ended()
    }
  })
})

describe('MQTT.js', () => {
  /** A client that logs in by SCRAM, and wants the server's proof. */
  function open(password: string, mechanism: Mechanism): MqttClient {
    const scram = new ScramClient('anna', password, mechanism)
    const options: IClientOptions = {
      protocolVersion: 5,
      reconnectPeriod: 0,
      manualConnect: true,
      properties: { authenticationMethod: mechanism, authenticationData: scram.first },
    }
    const client = connect(`mqtt://127.0.0.1:${under.port}`, options)
    client.handleAuth = ({ properties }, callback) => {
      const authenticationData = scram.final(properties!.authenticationData!)
      const answer = { authenticationMethod: mechanism, authenticationData }
      callback(undefined, { cmd: 'auth', reasonCode: step, properties: answer })
    }
    client.on('connect', ({ properties }) => scram.checkServer(properties?.authenticationData))
    return client.connect()
  }

  for (const mechanism of ['SCRAM-SHA-256', 'SCRAM-SHA-512'] as const) {
    it(`logs in by ${mechanism}, publishes and subscribes`, async () => {
      const client = open('secret', mechanism)
      await new Promise((resolve, reject) => {
        client.once('connect', resolve)
        client.once('error', reject)
      })
      await client.subscribeAsync('js', { qos: 1 })
      const message = new Promise((resolve) => client.once('message', resolve))
      await client.publishAsync('js', 'hello', { qos: 1 })
      assert.equal(await message, 'js')
      await client.endAsync()
    })
  }

  it('is refused with a wrong password', async () => {
    const client = open('wrong', 'SCRAM-SHA-256')
    const error = await new Promise<Error>((resolve) => client.once('error', resolve))
    assert.match(error.message, /Not authorized/u)
    client.end(true)
  })

  it('of 3.1.1 logs in as ever', async () => {
    const named = { username: 'anna', password: 'secret', reconnectPeriod: 0 }
    const client = await connectAsync(`mqtt://127.0.0.1:${under.port}`, named)
    await client.endAsync()
  })
})
