// What nodes of a cluster see of the streams of MQTT and STOMP that they pass on: what the first packet or frame asks
// for, and where something may be said in between.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { readPackets } from '../../test/support/mqtt/read-packet.ts'
import { writePacket } from '../../test/support/mqtt/write-packet.ts'
import { PacketReader } from '../codec/mqtt/packet-reader.ts'
import { encodeFrame } from '../codec/stomp/write-frame.ts'
import { mqttLimits } from '../limits/mqtt.ts'
import type { FirstReader } from './arriving-client.ts'
import { FirstPacketReader } from './mqtt/edge/first-packet.ts'
import { mqttLastWords, mqttUnavailable } from './mqtt/edge/last-words.ts'
import { MqttPacketTracker } from './mqtt/edge/packet-tracker.ts'
import type { StreamTracker } from './passed-on-client.ts'
import { FirstFrameReader } from './stomp/edge/first-frame.ts'
import { StompFrameTracker } from './stomp/edge/frame-tracker.ts'

/** Whole packets or frames in a row, cut anywhere. */
function followsAll(
  tracker: () => StreamTracker,
  whole: readonly Buffer[],
  sizes: readonly number[],
): void {
  const bytes = Buffer.concat(whole)
  const ends = new Set<number>([0])
  let end = 0
  for (const each of whole) ends.add((end += each.length))
  const following = tracker()
  let at = 0
  for (const size of [...sizes, bytes.length]) {
    following.follow(bytes.subarray(at, at + size))
    at = Math.min(bytes.length, at + size)
    assert.equal(following.isBetweenFrames, ends.has(at), `at ${at}`)
  }
  // From any place, no more than up to the end of what has begun.
  for (const cut of sizes) {
    const other = tracker()
    const from = cut % (bytes.length + 1)
    other.follow(bytes.subarray(0, from))
    const next = [...ends].filter((each) => each >= from).toSorted((a, b) => a - b)[0] ?? from
    assert.equal(other.followToEnd(bytes.subarray(from)), next - from)
    assert.equal(other.isBetweenFrames, true)
  }
}

const sizes = fc.array(fc.nat(300), { maxLength: 20 })

test('packets of MQTT are followed wherever they are cut', () => {
  const packets = fc.array(
    fc.oneof(
      fc.constant(Buffer.from([0xd0, 0])),
      fc.tuple(fc.nat(2), fc.oneof(fc.nat(300), fc.constantFrom(20_000))).map(([qos, size]) =>
        writePacket(
          {
            name: 'PUBLISH',
            qos,
            isDuplicate: false,
            isRetained: false,
            packetId: qos,
            topic: 't',
            payload: 'x'.repeat(size),
            properties: {},
          },
          5,
          'server',
        ),
      ),
    ),
    { maxLength: 8 },
  )
  fc.assert(
    fc.property(packets, sizes, (all, cuts) =>
      followsAll(() => new MqttPacketTracker(), all, cuts),
    ),
    { numRuns: 60 },
  )
})

test('frames of STOMP are followed wherever they are cut, with bodies and without', () => {
  const frames = fc.array(
    fc
      .record({
        command: fc.constantFrom('MESSAGE', 'RECEIPT', 'ERROR'),
        body: fc.oneof(fc.constant(''), fc.string({ maxLength: 200 }), fc.constant('a\0b\n\n\0')),
        value: fc.constantFrom('x', 'x'.repeat(200), 'content-length'),
      })
      .map(({ command, body, value }) => {
        const frame = encodeFrame({ command, headers: { some: value }, body }, '1.2')
        // The line feed behind it is a heart-beat.
        return frame.subarray(0, -1)
      }),
    { maxLength: 8 },
  )
  fc.assert(
    fc.property(frames, sizes, (all, cuts) => followsAll(() => new StompFrameTracker(), all, cuts)),
    { numRuns: 60 },
  )
})

function readAll<Asked>(reader: FirstReader<Asked>, bytes: Buffer): Asked | undefined {
  for (const byte of bytes) {
    const asked = reader.read(Buffer.of(byte))
    if (asked !== undefined) return asked
  }
  return undefined
}

const connect = {
  name: 'CONNECT',
  version: 5,
  clientId: 'c',
  isCleanStart: true,
  keepAlive: 0,
  username: 'shop:anna',
  password: Buffer.from('secret'),
  properties: { packetSizeMax: 100 },
}

test('a CONNECT says its version and its user; what makes no sense says as much as can be seen', () => {
  const bytes = writePacket(connect, 5, 'client')
  const asked = { version: 5, username: 'shop:anna', packetSizeMax: 100 }
  assert.deepEqual(new FirstPacketReader().read(bytes), asked)
  assert.deepEqual(readAll(new FirstPacketReader(), bytes), asked)
  assert.equal(new FirstPacketReader().read(bytes.subarray(0, -1)), undefined)
  const unclear = { version: 0, username: undefined, packetSizeMax: Infinity }
  assert.deepEqual(new FirstPacketReader().read(Buffer.from([0xc0, 0])), unclear)
  assert.deepEqual(new FirstPacketReader().read(Buffer.from('GET / HTTP/1.1\r\n')), unclear)
  const wrong = Buffer.concat([
    bytes.subarray(0, 1),
    Buffer.of(bytes[1]! + 1),
    bytes.subarray(2),
    Buffer.of(0),
  ])
  assert.deepEqual(new FirstPacketReader().read(wrong), { ...unclear, version: 5 })
  const { username: _none, password: _unused, ...nameless } = connect
  const scram = {
    ...nameless,
    properties: {
      authenticationMethod: 'SCRAM-SHA-256',
      authenticationData: Buffer.from('n,,n=shop:ben,r=x'),
    },
  }
  const byScram = new FirstPacketReader().read(writePacket(scram, 5, 'client'))
  assert.deepEqual(byScram, { version: 5, username: 'shop:ben', packetSizeMax: Infinity })
  const large = Buffer.from([0x10, 0xff, 0xff, 0xff, 0x7f])
  assert.deepEqual(new FirstPacketReader().read(large), unclear)
  assert(large.length < mqttLimits.firstPacketSizeMax)
})

test('a CONNECT of STOMP says its host, and other frames the usual one', () => {
  const ask = (text: string): string | undefined =>
    readAll(new FirstFrameReader('usual'), Buffer.from(text))
  assert.equal(ask('CONNECT\naccept-version:1.2\nhost:shop\n\n\0'), 'shop')
  assert.equal(ask('\n\nSTOMP\r\naccept-version:1.2\r\nhost:a\\cb\r\n\r\n\0'), 'a\\cb')
  assert.equal(ask('CONNECT\nhost: shop\n\n\0'), 'shop')
  assert.equal(ask('CONNECT\nlogin:guest\n\n\0'), 'usual')
  assert.equal(ask('SEND\nhost:shop\ndestination:/queue/a\n\n\0'), 'usual')
  assert.equal(ask('x'.repeat(100)), 'usual')
  assert.equal(ask('CONNECT\nhost:shop\n\n'), undefined)
})

test('MQTT is told of an end with CONNACK before its first answer, with DISCONNECT after it, and 3 with nothing', () => {
  const asked = { version: 5, username: undefined, packetSizeMax: 1000 } as const
  const told = (bytes: Buffer, version: 4 | 5 = 5): unknown => {
    const reader = new PacketReader('server', 1000)
    reader.version = version
    return readPackets(reader, [bytes], 'server').map((packet) => [packet.name, packet['code']])
  }
  const words = mqttLastWords(asked)
  assert.deepEqual(told(words.say('moved', 'why')), [['CONNACK', 0x88]])
  words.tracker.follow(Buffer.from([0x20, 3, 0, 0, 0]))
  assert.deepEqual(told(words.say('moved', 'why')), [['DISCONNECT', 0x9d]])
  assert.deepEqual(told(words.say('stopping', 'why')), [['DISCONNECT', 0x8b]])
  assert.equal(words.say('gone', 'why').length, 0)
  const old = mqttLastWords({ ...asked, version: 4 })
  assert.deepEqual(told(old.say('moved', 'why'), 4), [['CONNACK', 3]])
  old.tracker.follow(Buffer.from([0x20, 2, 0, 0]))
  assert.equal(old.say('moved', 'why').length, 0)
  assert.equal(mqttUnavailable({ ...asked, version: 0 }, 'why').length, 0)
})
