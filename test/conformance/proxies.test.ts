// Clients that come through a proxy which says who they are (PROXY protocol, versions 1 and 2): their own libraries, to
// plain ports, with TLS and by WebSocket. The broker takes them for who they are, and nobody else.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect as connectSocket, createServer, type Server, type Socket } from 'node:net'
import { after, before, test } from 'node:test'
import { connect, credentials } from 'amqplib'
import { Kafka, logLevel } from 'kafkajs'
import { connectAsync } from 'mqtt'
import { RawStomp } from '../support/stomp/raw-stomp.ts'
import { TlsBroker } from '../support/tls-broker.ts'
import { waitFor } from '../support/wait-for.ts'

const client = { host: '203.0.113.9', port: 40_001 }
const textHeader = Buffer.from(`PROXY TCP4 ${client.host} 198.51.100.7 ${client.port} 5672\r\n`)
const binaryHeader = Buffer.concat([
  Buffer.from('\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c', 'latin1'),
  Buffer.from([203, 0, 113, 9, 198, 51, 100, 7, 0x9c, 0x41, 0x16, 0x28]),
])

let broker: TlsBroker
const servers: Server[] = []
const sockets = new Set<Socket>()

before(async () => {
  broker = await TlsBroker.start({
    proxyProtocol: ['amqp', 'kafka', 'mqtt', 'stomp'],
    mqttPort: 0,
    mqttWsPort: 0,
    stompPort: 0,
    user: 'owner',
    password: 'owned',
    loopbackUsers: ['near'],
  })
})
after(async () => {
  for (const socket of sockets) socket.destroy()
  for (const server of servers) server.close()
  await broker[Symbol.asyncDispose]()
})

/** A proxy before a port of the broker; in turns of `pieces` bytes, where those are given. */
async function proxyTo(service: string, header: Buffer, pieceSize = Infinity): Promise<number> {
  const server = createServer((near) => void pass(near, broker.port(service)))
  const pass = async (near: Socket, port: number): Promise<void> => {
    const far = connectSocket(port, '127.0.0.1')
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('error', () => undefined)
    }
    far.setNoDelay(true)
    await once(far, 'connect')
    for (let at = 0; at < header.length; at += pieceSize) {
      await new Promise((resolve) => far.write(header.subarray(at, at + pieceSize), resolve))
    }
    near.pipe(far).pipe(near)
  }
  servers.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as { readonly port: number }).port
}

/** Connections as RabbitMQ's API lists them. */
async function listed(protocol: string): Promise<Record<string, unknown>> {
  const authorization = `Basic ${btoa('owner:owned')}`
  const url = `http://127.0.0.1:${broker.port('http')}/api/connections`
  return waitFor(`a connection of ${protocol} is listed`, async () => {
    const answer = await fetch(url, { headers: { authorization } })
    const all = (await answer.json()) as Record<string, unknown>[]
    return all.find((each) => String(each['protocol']).startsWith(protocol))
  })
}

const amqpPlaces = [
  ['amqp', textHeader, Infinity],
  ['amqp', binaryHeader, 1],
  ['amqp-tls', textHeader, 7],
  ['amqp-tls', binaryHeader, Infinity],
] as const

for (const [service, header, pieceSize] of amqpPlaces) {
  test(`amqplib at ${service}, a header of ${header.length} bytes in pieces of ${pieceSize}`, async () => {
    const port = await proxyTo(service, header, pieceSize)
    const scheme = service === 'amqp' ? 'amqp' : 'amqps'
    const url = `${scheme}://owner:owned@localhost:${port}`
    const connection = await connect(url, { ca: [broker.authority.certificate] })
    const channel = await connection.createConfirmChannel()
    const { queue } = await channel.assertQueue('', { exclusive: true })
    const bodies = [0, 10, 300_000, 2_000_000].map((size) => Buffer.alloc(size, size))
    const received: Buffer[] = []
    await channel.consume(queue, (message) => message && received.push(message.content), {
      noAck: true,
    })
    for (const body of bodies) channel.sendToQueue(queue, body)
    await channel.waitForConfirms()
    await waitFor('all arrive', () => received.length === bodies.length)
    assert.ok(received.every((body, index) => body.equals(bodies[index] as Buffer)))
    const shown = await listed('AMQP')
    assert.deepEqual(
      [shown['peer_host'], shown['peer_port'], shown['host'], shown['ssl']],
      [client.host, client.port, '198.51.100.7', service === 'amqp-tls'],
    )
    await connection.close()
  })
}

for (const service of ['mqtt', 'mqtt-ws']) {
  test(`MQTT.js at ${service}`, async () => {
    const port = await proxyTo(service, binaryHeader)
    const scheme = service === 'mqtt' ? 'mqtt' : 'ws'
    const login = { username: 'owner', password: 'owned', reconnectPeriod: 0 }
    const device = await connectAsync(`${scheme}://127.0.0.1:${port}/mqtt`, login)
    const came = new Promise<string>((resolve) => {
      device.once('message', (_topic, payload) => resolve(payload.toString()))
    })
    await device.subscribeAsync('a/b', { qos: 1 })
    await device.publishAsync('a/b', 'hi', { qos: 1 })
    assert.equal(await came, 'hi')
    const shown = await listed('MQTT')
    assert.deepEqual([shown['peer_host'], shown['peer_port']], [client.host, client.port])
    // One more thing that is shown of it.
    assert.equal(shown['timeout'], 60)
    await device.endAsync()
  })
}

test('STOMP', async () => {
  await using session = await RawStomp.connect(await proxyTo('stomp', textHeader, 3), {
    login: 'owner',
    passcode: 'owned',
    heartBeat: '10000,0',
  })
  await session.done('SEND', { destination: '/queue/q' }, 'x')
  const shown = await listed('STOMP')
  assert.deepEqual([shown['peer_host'], shown['timeout']], [client.host, 10])
})

test('kafkajs', async () => {
  const port = await proxyTo('kafka', textHeader)
  const sasl = { mechanism: 'plain', username: 'owner', password: 'owned' } as const
  // It is told the address that it has come to, which is nobody's here: what it asks before is enough.
  const kafka = new Kafka({ brokers: [`127.0.0.1:${port}`], sasl, logLevel: logLevel.NOTHING })
  const admin = kafka.admin()
  await admin.connect()
  const shown = await listed('Kafka')
  assert.equal(shown['peer_host'], client.host)
  await admin.disconnect()
})

test('a user who may only come from this machine does not by a proxy of this machine', async () => {
  const put = async (path: string, body: object): Promise<void> => {
    const answer = await fetch(`http://127.0.0.1:${broker.port('http')}/api/${path}`, {
      method: 'PUT',
      headers: {
        authorization: `Basic ${btoa('owner:owned')}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify(body),
    })
    assert.equal(answer.status, 201)
  }
  await put('users/near', { password: 'near', tags: '' })
  await put('permissions/%2F/near', { configure: '.*', write: '.*', read: '.*' })
  const login = { credentials: credentials.plain('near', 'near') }
  const urlBehind = async (header: Buffer): Promise<string> =>
    `amqp://127.0.0.1:${await proxyTo('amqp', header)}`
  await assert.rejects(connect(await urlBehind(textHeader), login), /403 \(ACCESS-REFUSED\)/)
  const near = Buffer.from('PROXY TCP4 127.0.0.1 127.0.0.1 4000 5672\r\n')
  const connection = await connect(await urlBehind(near), login)
  await connection.close()
})

test('whoever sends no header is not let in, and the log tells', async () => {
  const socket = connectSocket(broker.port('amqp'), '127.0.0.1')
  socket.write('AMQP\0\0\x09\x01')
  socket.on('error', () => undefined)
  const came: Buffer[] = []
  socket.on('data', (bytes) => came.push(bytes))
  await once(socket, 'close')
  assert.deepEqual(came, [])
  const told = /127\.0\.0\.1 sent no header of the PROXY protocol: no header of the PROXY protocol/
  await waitFor('the log tells', () => broker.warnings.find((each) => told.test(each)))
})

test('a look whether somebody listens is told nobody', async () => {
  const count = broker.warnings.length
  const socket = connectSocket(broker.port('stomp'), '127.0.0.1')
  await once(socket, 'connect')
  socket.end()
  await once(socket, 'close')
  assert.equal(broker.warnings.length, count)
})
