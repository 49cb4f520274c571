// Connections of WebSocket that are damaged at random, with MQTT and STOMP within: none of them harms the broker, and
// those that are whole go on beside them.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test, type TestContext } from 'node:test'
import { connectAsync } from 'mqtt'
import { type Logger, silentLogger } from '../../src/lib/logger.ts'
import type { Random } from '../../src/lib/random.ts'
import { type RunningBroker, startBroker } from '../../src/start-broker.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { writePacket } from '../support/mqtt/write-packet.ts'
import { otherPortsOff } from '../support/other-ports-off.ts'

const connectionCount = 120
const atOnce = 20

const payloads = {
  mqtt: [
    {
      name: 'CONNECT',
      version: 5,
      clientId: 'f',
      isCleanStart: true,
      keepAlive: 0,
      properties: {},
    },
    {
      name: 'SUBSCRIBE',
      packetId: 1,
      properties: {},
      subscriptions: [
        { filter: '#', qos: 1, isNoLocal: false, isRetainAsPublished: false, retainHandling: 0 },
      ],
    },
    {
      name: 'PUBLISH',
      qos: 1,
      isDuplicate: false,
      isRetained: false,
      packetId: 2,
      topic: 'a/b',
      payload: 'x'.repeat(200),
      properties: {},
    },
    { name: 'PINGREQ' },
  ].map((packet) => writePacket(packet, 5, 'client')),
  stomp: [
    'CONNECT\naccept-version:1.2\nlogin:guest\npasscode:guest\n\n\0',
    'SUBSCRIBE\nid:1\ndestination:/queue/a\n\n\0',
    'SEND\ndestination:/queue/a\n\nhello\0\n',
  ].map((frame) => Buffer.from(frame)),
} as const

function frame(opcode: number, payload: Buffer): Buffer {
  const mask = Buffer.from([1, 2, 3, 4])
  const { length } = payload
  const size = length < 126 ? [0x80 | length] : [0xfe, length >> 8, length & 0xff]
  const masked = payload.map((byte, index) => byte ^ (mask[index % 4] as number))
  return Buffer.concat([Buffer.from([0x80 | opcode, ...size]), mask, masked])
}

function request(path: string, name: string | undefined): Buffer {
  const offered = name === undefined ? '' : `Sec-WebSocket-Protocol: ${name}\r\n`
  const head = `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n`
  const key = 'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n'
  return Buffer.from(`${head}${key}${offered}\r\n`)
}

function damaged(bytes: Buffer, random: Random): Buffer {
  let result = bytes
  for (let count = random.below(6); count > 0; count--) {
    const at = random.below(result.length)
    const [before, after] = [result.subarray(0, at), result.subarray(at)]
    const added = random.bytes(random.below(3))
    result = Buffer.concat([before, added, after.subarray(random.below(3))])
  }
  return result
}

/** Says all of it, in two parts, and hangs up. */
async function say(port: number, bytes: Buffer, random: Random): Promise<void> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => undefined)
  socket.resume()
  const cut = random.below(bytes.length)
  socket.write(bytes.subarray(0, cut))
  await new Promise(setImmediate)
  socket.end(bytes.subarray(cut))
  const closed = once(socket, 'close')
  // Half of them do not wait for an answer.
  if (random.below(2) === 0) setImmediate(() => socket.destroy())
  await closed
}

function one(broker: RunningBroker, random: Random): Promise<void> {
  const protocol = random.below(2) === 0 ? 'mqtt' : 'stomp'
  const service = random.below(3) === 0 ? 'http' : `${protocol}-ws`
  const isMqtt = protocol === 'mqtt'
  const asked = request(isMqtt ? '/mqtt' : '/ws', isMqtt ? 'mqtt' : undefined)
  const frames = payloads[protocol].map((payload) => frame(random.below(4) === 0 ? 1 : 2, payload))
  const ends = [frame(9, Buffer.from('p')), frame(8, Buffer.from([3, 232]))]
  const said = damaged(Buffer.concat([...frames, ...ends]), random)
  const head = random.below(10) === 0 ? damaged(asked, random) : asked
  return say(broker.addresses[service]?.port ?? 0, Buffer.concat([head, said]), random)
}

function loggerInto(errors: unknown[]): Logger {
  const logger: Logger = {
    ...silentLogger,
    error: (...line) => void errors.push(line),
    child: () => logger,
  }
  return logger
}

test('damaged connections of WebSocket harm nobody', async (t: TestContext) => {
  const seed = Date.now() % 1_000_000_000
  t.diagnostic(`seed ${seed}`)
  const random = seededRandom(seed)
  const errors: unknown[] = []
  await using broker = await startBroker({
    storage: 'memory',
    logger: loggerInto(errors),
    ...otherPortsOff,
    amqpPort: 'off',
    kafkaPort: 'off',
    httpPort: 0,
    mqttWsPort: 0,
    stompWsPort: 0,
  })
  const url = `ws://127.0.0.1:${broker.addresses['mqtt-ws']?.port}/mqtt`
  const honest = await connectAsync(url, { reconnectPeriod: 0 })
  for (let count = 0; count < connectionCount; count += atOnce) {
    await Promise.all(Array.from({ length: atOnce }, () => one(broker, random)))
    await honest.publishAsync('honest', 'still here', { qos: 1 })
  }
  await honest.endAsync()
  assert.deepEqual(errors, [])
})
