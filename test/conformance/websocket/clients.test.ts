// MQTT and STOMP over WebSocket as their libraries speak it: at ports of their own and at the HTTP port, with TLS and
// without.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { after, before, describe, test } from 'node:test'
import { Client as StompClient, ReconnectionTimeMode } from '@stomp/stompjs'
import { connectAsync } from 'mqtt'
import { WebSocket } from 'ws'
import { writePacket } from '../../support/mqtt/write-packet.ts'
import { TlsBroker } from '../../support/tls-broker.ts'
import { waitFor } from '../../support/wait-for.ts'

let under: TlsBroker
before(async () => {
  under = await TlsBroker.start({
    mqttWsPort: 0,
    mqttWsTlsPort: 0,
    stompWsPort: 0,
    stompWsTlsPort: 0,
    stompWsUseHttpAuth: true,
    websocketOrigins: ['https://app.example.com'],
  })
})
after(() => under[Symbol.asyncDispose]())

const places = {
  mqtt: [
    'mqtt-ws /mqtt',
    'mqtt-ws /ws',
    'mqtt-ws-tls /mqtt',
    'http /mqtt',
    'http /ws',
    'http-tls /mqtt',
  ],
  stomp: ['stomp-ws /ws', 'stomp-ws-tls /ws', 'http /ws', 'http-tls /ws'],
} as const

function urlOf(place: string): string {
  const [service = '', path = ''] = place.split(' ')
  return `${service.endsWith('-tls') ? 'wss' : 'ws'}://localhost:${under.port(service)}${path}`
}

describe('MQTT.js over WebSocket', () => {
  for (const place of places.mqtt) {
    test(`publishes and receives small and large messages at ${place}`, async () => {
      const client = await connectAsync(urlOf(place), {
        protocolVersion: 5,
        reconnectPeriod: 0,
        wsOptions: { ca: under.authority.certificate },
      })
      const received: Buffer[] = []
      client.on('message', (_topic, payload) => received.push(payload))
      await client.subscribeAsync('sizes', { qos: 1 })
      const sent = [0, 1, 125, 126, 65_535, 70_000, 900_000].map((size) => randomBytes(size))
      for (const payload of sent) await client.publishAsync('sizes', payload, { qos: 1 })
      await waitFor('all have come', () => received.length === sent.length)
      assert(received.every((payload, index) => payload.equals(sent[index] as Buffer)))
      await client.endAsync()
    })
  }

  test('is listed as what it is, and not as a client of HTTP', async () => {
    const client = await connectAsync(urlOf('http-tls /mqtt'), {
      clientId: 'listed',
      reconnectPeriod: 0,
      wsOptions: { ca: under.authority.certificate },
    })
    const url = `http://127.0.0.1:${under.port('http')}/api/connections`
    const authorization = `Basic ${btoa('guest:guest')}`
    const answer = await fetch(url, { headers: { authorization } })
    const listed = (await answer.json()) as readonly Record<string, unknown>[]
    const own = listed.filter(({ port, ssl }) => port === under.port('http-tls') && ssl === true)
    assert.deepEqual(
      own.map(({ protocol, user }) => [protocol, user]),
      [['MQTT 3-1-1', 'guest']],
    )
    await client.endAsync()
  })
})

/** Frames as STOMP's library gets them of `ws`. */
function openStomp(place: string, headers: Record<string, string> = {}): StompClient {
  return new StompClient({
    webSocketFactory: () =>
      new WebSocket(urlOf(place), ['v12.stomp', 'v11.stomp'], {
        ca: under.authority.certificate,
        headers,
      }),
    reconnectDelay: 0,
    reconnectTimeMode: ReconnectionTimeMode.LINEAR,
    connectHeaders: { login: 'guest', passcode: 'guest' },
  })
}

async function connected(client: StompClient): Promise<StompClient> {
  await new Promise<void>((resolve, reject) => {
    client.onConnect = () => resolve()
    client.onStompError = ({ headers, body }) => reject(new Error(`${headers['message']}: ${body}`))
    client.onWebSocketClose = () => reject(new Error('it is closed'))
    client.activate()
  })
  return client
}

describe('stompjs over WebSocket', () => {
  for (const place of places.stomp) {
    test(`sends and receives text and bytes at ${place}`, async () => {
      const client = await connected(openStomp(place))
      const received: Uint8Array[] = []
      const destination = `/queue/${place.replace(/\W/g, '-')}`
      client.subscribe(destination, ({ binaryBody }) => received.push(binaryBody))
      const sent = [Buffer.from('naïve €'), Buffer.from([0, 255, 254, 0]), randomBytes(300_000)]
      for (const binaryBody of sent) client.publish({ destination, binaryBody })
      await waitFor('all have come', () => received.length === sent.length)
      assert(received.every((body, index) => Buffer.from(body).equals(sent[index] as Buffer)))
      await client.deactivate()
    })
  }

  test('logs in with what its request has', async () => {
    const authorization = `Basic ${btoa('guest:guest')}`
    const client = openStomp('stomp-ws /ws', { authorization })
    client.connectHeaders = {}
    await (await connected(client)).deactivate()
    const wrong = openStomp('stomp-ws /ws', { authorization: `Basic ${btoa('guest:guess')}` })
    await assert.rejects(connected(wrong), /Bad CONNECT: Access refused for user 'guest'/)
    await wrong.deactivate()
  })
})

describe('the door', () => {
  test('lets in pages of this host and those that are named, at each port', async () => {
    for (const place of ['mqtt-ws /mqtt', 'http /mqtt', 'http-tls /mqtt']) {
      const ca = under.authority.certificate
      for (const origin of ['http://localhost:8080', 'https://app.example.com']) {
        const client = new WebSocket(urlOf(place), 'mqtt', { ca, origin })
        await once(client, 'open')
        client.terminate()
      }
      const foreign = new WebSocket(urlOf(place), 'mqtt', {
        ca,
        origin: 'https://evil.example.com',
      })
      foreign.on('error', () => undefined)
      const [, response] = (await once(foreign, 'unexpected-response')) as [
        unknown,
        { statusCode: number },
      ]
      assert.equal(response.statusCode, 403)
      foreign.terminate()
    }
  })

  test('closes with 1002 what is no MQTT, and with 1001 when the broker stops', async () => {
    await using other = await TlsBroker.start({ mqttWsPort: 0 })
    const url = `ws://localhost:${other.port('mqtt-ws')}/mqtt`
    const wrong = new WebSocket(url, 'mqtt')
    await once(wrong, 'open')
    const connect = {
      name: 'CONNECT',
      version: 5,
      clientId: 'c',
      isCleanStart: true,
      keepAlive: 0,
      properties: {},
    }
    wrong.send(writePacket(connect, 5, 'client'))
    await once(wrong, 'message')
    wrong.send(Buffer.from([0xf3, 0]))
    assert.equal(((await once(wrong, 'close')) as [number])[0], 1002)
    const idle = new WebSocket(url, 'mqtt')
    await once(idle, 'open')
    idle.send(writePacket(connect, 5, 'client'))
    await once(idle, 'message')
    const closed = once(idle, 'close') as Promise<[number]>
    await other.broker.close()
    assert.equal((await closed)[0], 1001)
  })
})
