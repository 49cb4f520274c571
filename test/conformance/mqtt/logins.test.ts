// Who clients of MQTT are, which virtual host they come to, and what they may do (RabbitMQ's rabbit_mqtt_processor.erl).
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { connectAsync, type IClientOptions } from 'mqtt'
import { type MqttBroker, startMqttBroker } from '../../support/mqtt/mqtt-broker.ts'
import { RawMqttClient, type RawConnect } from '../../support/mqtt/raw-mqtt-client.ts'
import { TlsBroker } from '../../support/tls-broker.ts'
import { TokenIssuer } from '../../support/token-issuer.ts'

let issuer: TokenIssuer
let under: MqttBroker
let lenient: MqttBroker
before(async () => {
  issuer = await TokenIssuer.start()
  under = await startMqttBroker({ httpPort: 0, vhosts: ['shop', 'a:b'], oauthIssuer: issuer.url })
  lenient = await startMqttBroker({ httpPort: 0, mqttDisconnectOnUnauthorized: false })
  await call(under, 'PUT /api/users/anna', { password: 'secret', tags: '' })
  for (const vhost of ['shop', 'a:b', '/']) {
    const path = `/api/permissions/${encodeURIComponent(vhost)}/anna`
    await call(under, `PUT ${path}`, { configure: '.*', write: '.*', read: '.*' })
  }
  for (const broker of [under, lenient]) {
    const limited = { password: 'limited', tags: '' }
    await call(broker, 'PUT /api/users/limited', limited)
    const rights = { configure: '^mqtt-subscription-', write: '.*', read: '.*' }
    await call(broker, 'PUT /api/permissions/%2F/limited', rights)
    const topics = {
      exchange: 'amq.topic',
      write: '^own\\.{client_id}\\.',
      read: '^own\\.{username}\\.',
    }
    await call(broker, 'PUT /api/topic-permissions/%2F/limited', topics)
  }
})
after(async () => {
  await under[Symbol.asyncDispose]()
  await lenient[Symbol.asyncDispose]()
  await issuer[Symbol.asyncDispose]()
})

async function call({ broker }: MqttBroker, request: string, body: unknown): Promise<void> {
  const [method = '', path = ''] = request.split(' ')
  const { port } = broker.addresses['http']!
  const authorization = `Basic ${Buffer.from('guest:guest').toString('base64')}`
  const response = await fetch(`http://127.0.0.1:${port}${path}`, {
    method,
    headers: { authorization, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  assert.ok(response.ok, `${request}: ${response.status} ${await response.text()}`)
}

/** The code of CONNACK. */
async function login(options: RawConnect, port: number = under.port): Promise<unknown> {
  await using client = await RawMqttClient.open(port, options.version)
  const { code } = await client.login(options)
  if (code === 0) await client.disconnect()
  return code
}

function named(username: string, password: string): RawConnect {
  return { username, password: Buffer.from(password) }
}

describe('a login', () => {
  it('without a name is guest from this machine', async () => {
    assert.equal(await login({}), 0)
    await using strict = await startMqttBroker({ mqttAnonymousUser: 'none' })
    assert.equal(await login({}, strict.port), 0x87)
    assert.equal(await login({ version: 4 }, strict.port), 5)
  })

  it('[MQTT-3.2.2-8] with a wrong password or none is refused in the codes of its version', async () => {
    for (const options of [named('anna', 'wrong'), named('anna', ''), { username: 'anna' }]) {
      assert.equal(await login(options), 0x86)
      assert.equal(await login({ ...options, version: 4 }), 4)
    }
    assert.equal(await login(named('anna', 'secret')), 0)
  })

  it('to a virtual host that is not there, or not for the user, is refused', async () => {
    assert.equal(await login(named('none:anna', 'secret')), 0x87)
    assert.equal(await login({ ...named('none:anna', 'secret'), version: 4 }), 5)
    assert.equal(await login(named('shop:limited', 'limited')), 0x87)
  })

  it('names its virtual host before the last colon', async () => {
    await using shop = await RawMqttClient.connect(under.port, named('shop:anna', 'secret'))
    await shop.subscribe('t')
    await using elsewhere = await RawMqttClient.connect(under.port, named('a:b:anna', 'secret'))
    elsewhere.publish({ topic: 't' })
    await elsewhere.ping()
    assert.deepEqual(await shop.ping(), [])
    await using same = await RawMqttClient.connect(under.port, named('shop:anna', 'secret'))
    same.publish({ topic: 't' })
    await shop.receive('PUBLISH')
  })

  it('comes to the virtual host of its port, if that has one', async () => {
    const mapping = { name: 'mqtt_port_to_vhost_mapping', value: { [lenient.port]: 'none' } }
    await call(lenient, 'PUT /api/global-parameters/mqtt_port_to_vhost_mapping', mapping)
    assert.equal(await login({}, lenient.port), 0x87)
    const { port } = lenient.broker.addresses['http']!
    const authorization = `Basic ${Buffer.from('guest:guest').toString('base64')}`
    const path = '/api/global-parameters/mqtt_port_to_vhost_mapping'
    await fetch(`http://127.0.0.1:${port}${path}`, { method: 'DELETE', headers: { authorization } })
    assert.equal(await login({}, lenient.port), 0)
  })

  it('beyond the limit of its virtual host is refused', async () => {
    await call(under, 'PUT /api/vhost-limits/a:b/max-connections', { value: 1 })
    await using first = await RawMqttClient.connect(under.port, named('a:b:anna', 'secret'))
    assert.equal(await login(named('a:b:anna', 'secret')), 0x97)
    await first.disconnect()
    await using device = await RawMqttClient.connect(under.port, {
      ...named('a:b:anna', 'secret'),
      clientId: 'device',
    })
    // Its network was gone: it comes back before the broker has noticed.
    const again = { ...named('a:b:anna', 'secret'), clientId: 'device' }
    await using back = await RawMqttClient.connect(under.port, again)
    assert.equal((await device.receive('DISCONNECT'))['code'], 0x8e)
    await device.ended()
    assert.equal(await login(named('a:b:anna', 'secret')), 0x97)
    await back.disconnect()
    assert.equal(await login(named('a:b:anna', 'secret')), 0)
  })

  it('is served without queues where its virtual host may have no more of them', async () => {
    await call(under, 'PUT /api/vhost-limits/shop/max-queues', { value: 0 })
    const anna = named('shop:anna', 'secret')
    await using client = await RawMqttClient.connect(under.port, anna)
    const lasting = { clientId: 'lasting', isCleanStart: false, properties: { sessionExpiry: 60 } }
    await using other = await RawMqttClient.connect(under.port, { ...anna, ...lasting })
    assert.deepEqual(await client.subscribe('t', { qos: 1 }), [0x97])
    assert.deepEqual(await other.subscribe('$share/g/t', { qos: 1 }), [0x97])
    client.publish({ topic: 't', qos: 1, packetId: 1, isRetained: true, payload: '' })
    assert.equal((await client.receive('PUBACK'))['code'], 0x10)
    client.publish({ topic: 't', qos: 1, packetId: 1, isRetained: true, payload: 'kept' })
    assert.equal((await client.receive('PUBACK'))['code'], 0x97)
    await using old = await RawMqttClient.connect(under.port, { ...anna, version: 4 })
    assert.deepEqual(await old.subscribe('t', { qos: 1 }), [0x80])
    assert.deepEqual(await client.subscribe('t', { qos: 0 }), [0])
    old.publish({ topic: 't', payload: 'without a queue' })
    assert.equal((await client.receive('PUBLISH'))['payload'], 'without a queue')
  })

  it('by a token ends with it', async () => {
    const expiresAt = Math.floor(Date.now() / 1000) + 4
    const claims = { scope: 'rabbitmq.read:*/* rabbitmq.write:*/* rabbitmq.configure:*/*' }
    const token = await issuer.sign({ ...claims, exp: expiresAt })
    await using client = await RawMqttClient.open(under.port)
    const connack = await client.login({ username: '', password: Buffer.from(token) })
    assert.equal(connack['code'], 0, JSON.stringify(connack))
    assert.equal((await client.receive('DISCONNECT'))['code'], 0xa0)
    // MQTT 5 has passwords without a user.
    const again = await issuer.sign({ ...claims, exp: expiresAt + 60 })
    assert.equal(await login({ password: Buffer.from(again) }), 0)
    assert.equal(await login({ password: Buffer.from(`${again}x`) }), 0x86)
  })
})

describe('rights', () => {
  const limited = { ...named('limited', 'limited'), clientId: 'c7' }

  it('to topics name the client, and whoever has none is disconnected', async () => {
    await using client = await RawMqttClient.connect(under.port, limited)
    client.publish({ topic: 'own/c7/x', qos: 1, packetId: 1 })
    await client.receive('PUBACK')
    assert.deepEqual(await client.subscribe('own/limited/+', { qos: 1 }), [1])
    client.publish({ topic: 'own/c8/x', qos: 1, packetId: 2 })
    assert.equal((await client.receive('DISCONNECT'))['code'], 0x87)
    await using other = await RawMqttClient.connect(under.port, limited)
    other.send({
      name: 'SUBSCRIBE',
      packetId: 1,
      properties: {},
      subscriptions: [
        { filter: '#', qos: 0, isNoLocal: false, isRetainAsPublished: false, retainHandling: 0 },
      ],
    })
    assert.equal((await other.receive('DISCONNECT'))['code'], 0x87)
  })

  it('that are missing are told with the answer where the broker is set so', async () => {
    await using client = await RawMqttClient.connect(lenient.port, limited)
    client.publish({ topic: 'own/c8/x', qos: 1, packetId: 2 })
    const puback = await client.receive('PUBACK')
    assert.equal(puback['code'], 0x87)
    const { reason } = puback['properties'] as { reason?: string }
    assert.match(reason ?? '', /^write access to topic 'own\.c8\.x' in exchange 'amq\.topic'/u)
    client.publish({ topic: 'own/c8/x', qos: 2, packetId: 3 })
    assert.equal((await client.receive('PUBREC'))['code'], 0x87)
    client.publish({ topic: 'own/c8/x' })
    assert.deepEqual(await client.subscribe('#', { qos: 1 }), [0x87])
    const silent = { ...limited, clientId: 'silent', properties: { requestProblemInformation: 0 } }
    await using told = await RawMqttClient.connect(lenient.port, silent)
    told.publish({ topic: 'own/c8/x', qos: 1, packetId: 2 })
    assert.deepEqual((await told.receive('PUBACK'))['properties'], {})
    await using old = await RawMqttClient.connect(lenient.port, {
      ...limited,
      clientId: 'old',
      version: 4,
    })
    old.publish({ topic: 'own/c8/x', qos: 1, packetId: 2 })
    assert.equal((await old.receive('PUBACK'))['code'], 0)
    assert.deepEqual(await old.subscribe('#', { qos: 1 }), [0x80])
  })

  it('to a will are asked for when the client connects', async () => {
    const will = { payload: Buffer.alloc(0), qos: 0, isRetained: false, properties: {} }
    assert.equal(await login({ ...limited, will: { topic: 'own/c8/x', ...will } }), 0x87)
    assert.equal(await login({ ...limited, will: { topic: 'own/c7/x', ...will } }), 0)
  })

  it('to a will below $SYS has nobody but a bridge of Mosquitto, which says whether it stands', async () => {
    const will = { payload: Buffer.from('0'), qos: 1, isRetained: true, properties: {} }
    const answer = async (topic: string): Promise<unknown> => {
      await using client = await RawMqttClient.open(under.port)
      const { code, properties } = await client.login({ will: { topic, ...will } })
      return [code, (properties as { readonly reason?: string }).reason]
    }
    assert.deepEqual(await answer('$SYS/x'), [0x87, "nobody publishes to '$SYS/x'"])
    const state = '$SYS/broker/connection/vm.pabal/state'
    assert.deepEqual(await answer(`${state}/x`), [0x87, `nobody publishes to '${state}/x'`])
    // Its connection has ended without a goodbye.
    assert.deepEqual(await answer(state), [0, undefined])
    await using bridge = await RawMqttClient.connect(under.port)
    await using watcher = await RawMqttClient.connect(under.port)
    await watcher.subscribe('$SYS/broker/connection/#', { qos: 1 })
    const { topic, payload, isRetained } = await watcher.receive('PUBLISH')
    assert.deepEqual([topic, payload, isRetained], [state, '0', true])
    bridge.publish({ topic: state, payload: '1', qos: 1, packetId: 1, isRetained: true })
    assert.equal((await bridge.receive('PUBACK'))['code'], 0)
    assert.equal((await watcher.receive('PUBLISH'))['payload'], '1')
  })

  it('to see $SYS have administrators and users who monitor', async () => {
    await using client = await RawMqttClient.connect(under.port, named('anna', 'secret'))
    assert.deepEqual(await client.subscribe('$SYS/#'), [0x87])
  })
})

describe('a certificate', () => {
  it('is a login where that is set, and may say what the client id is', async () => {
    const ports = { amqpPort: 'off', kafkaPort: 'off', httpPort: 'off' } as const
    const tlsPorts = { amqpTlsPort: 'off', kafkaTlsPort: 'off', httpTlsPort: 'off' } as const
    await using tls = await TlsBroker.start(
      {
        storage: 'memory',
        ...ports,
        ...tlsPorts,
        mqttTlsPort: 0,
        mqttTlsCertLogin: true,
        mqttTlsCertClientIdFrom: 'distinguished-name',
        tlsClientName: 'common-name',
        user: 'client',
        password: 'unused',
        mqttAnonymousUser: 'none',
      },
      true,
    )
    const { certificate: cert, key } = tls.clientCertificate()
    const url = `mqtts://localhost:${tls.port('mqtt-tls')}`
    const base: IClientOptions = {
      ca: tls.authority.certificate,
      reconnectPeriod: 0,
      protocolVersion: 5,
    }
    const client = await connectAsync(url, { ...base, cert, key, clientId: 'CN=client' })
    await client.endAsync()
    await assert.rejects(
      connectAsync(url, { ...base, cert, key, clientId: 'other' }),
      /Client Identifier not valid/u,
    )
    const nobody = connectAsync(url, { ...base, clientId: 'CN=client' })
    await assert.rejects(nobody)
  })
})

describe('WebSocket', () => {
  it('[MQTT-6.0.0-3] carries MQTT', async () => {
    await using ws = await startMqttBroker({ mqttPort: 'off', mqttWsPort: 0 })
    const { port } = ws.broker.addresses['mqtt-ws']!
    const client = await connectAsync(`ws://127.0.0.1:${port}/mqtt`, { reconnectPeriod: 0 })
    await client.subscribeAsync('ws/#', { qos: 1 })
    const message = new Promise<string>((resolve) => {
      client.once('message', (_topic, payload) => resolve(payload.toString()))
    })
    await client.publishAsync('ws/x', 'hello', { qos: 1 })
    assert.equal(await message, 'hello')
    await client.endAsync()
  })
})
