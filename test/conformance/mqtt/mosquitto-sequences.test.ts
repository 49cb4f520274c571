// The byte sequences of Mosquitto's test data, sent to a broker: connections end or go on as they must, and what is
// answered is what Mosquitto answers, but for the differences listed here.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { PacketReader } from '../../../src/codec/mqtt/packet-reader.ts'
import {
  findMosquittoData,
  type MosquittoSequence,
  type MosquittoStep,
  skipWithout,
} from '../../support/mqtt/mosquitto-data.ts'
import { type MqttBroker, startMqttBroker } from '../../support/mqtt/mqtt-broker.ts'
import { RawMqttClient } from '../../support/mqtt/raw-mqtt-client.ts'
import { type ReadPacket, readPackets } from '../../support/mqtt/read-packet.ts'

/** Where the connection does not go on, or the answer has another form. */
const otherwise: ReadonlyArray<readonly [pattern: RegExp, why: string]> = [
  [/CONNECT 10 (?:Username|Password)/u, 'a name and a password have to be right'],
  [/proto ver [26]/u, 'MQTT 3 gets an answer of MQTT 3'],
]

/** Answers with another reason code, or one where Mosquitto has none. */
const otherCodes: ReadonlyArray<readonly [pattern: RegExp, why: string]> = [
  [/Client ID with/u, '0x81: the packet is malformed (1.5.4)'],
  [
    /DISALLOWED PROPERTIES|subscription-identifier=0/u,
    '0x82 for each packet, as for most of Mosquitto’s',
  ],
  [
    /short 3|no topic or qos|(?:mid|zero mid) 0|zero mid|topic 0$/u,
    '0x82: the packet can be parsed (4.13)',
  ],
  [/(?:PINGRESP D|SUBACK 9|UNSUBACK B)[1248]$/u, '0x82: such packets are of servers'],
  [/AUTH F[1248]$/u, '0x81: flags are malformed (2.1.3)'],
  [/topic with [+#]/u, '0x90: a wildcard in a topic name (3.3.2.1)'],
  [
    /unsolicited|PUBREL? ALLOWED|PUBREC ALLOWED/u,
    '0x92: there is no such packet id (3.6.2.1, 3.7.2.1)',
  ],
  [/QoS 2 Dup/u, '0x10: nobody has subscribed (3.5.2.1)'],
]

const data = findMosquittoData()
const options = skipWithout(data)
let under: MqttBroker
before(async () => {
  under = await startMqttBroker({ mqttTopicAliasMaximum: 10 })
})
after(() => under[Symbol.asyncDispose]())

test('every byte sequence ends its connection if it must, and is answered', options, async (t) => {
  if (typeof data === 'string') throw new Error(data)
  const sequences = data.filter(({ name }) => !otherwise.some(([pattern]) => pattern.test(name)))
  // Those that say which client they are, or tell others, come one after the other.
  const alone = sequences.filter(({ file, isConnected }) => /FLOW|REGR/u.test(file) || !isConnected)
  const others = sequences.filter((sequence) => !alone.includes(sequence))
  const failures: string[] = []
  let started = 0
  const runOthers = async (): Promise<void> => {
    while (started < others.length) {
      const number = started++
      await run(others[number] as MosquittoSequence, `c${number}`).catch((error: Error) => {
        failures.push(`${others[number]?.name}: ${error.message}`)
      })
    }
  }
  await Promise.all(Array.from({ length: 8 }, runOthers))
  for (const [number, sequence] of alone.entries()) {
    await run(sequence, `a${number}`).catch((error: Error) => {
      failures.push(`${sequence.name}: ${error.message}`)
    })
  }
  assert.deepEqual(failures, [])
  t.diagnostic(`${sequences.length} of ${data.length} sequences`)
})

async function run(sequence: MosquittoSequence, clientId: string): Promise<void> {
  await using client = await RawMqttClient.open(under.port, sequence.version)
  if (sequence.isConnected) {
    const { code } = await client.login({ clientId })
    assert.equal(code, 0)
  }
  for (const step of sequence.steps) await take(client, sequence, step)
  const rest = sequence.isBad ? await client.ended() : await client.ping()
  // Mosquitto's data do not always say what comes last.
  const unexpected = rest.filter(({ name }) => name !== 'DISCONNECT' && name !== 'CONNACK')
  assert.deepEqual(unexpected, [])
}

async function take(
  client: RawMqttClient,
  { name, version }: MosquittoSequence,
  { kind, bytes, message }: MosquittoStep,
): Promise<void> {
  if (kind === 'send') client.write(bytes)
  else if (message !== undefined) await publish(message)
  else {
    const reader = new PacketReader('server', 1_000_000)
    reader.version = version
    const [expected] = readPackets(reader, [bytes], 'server')
    const isOtherCode = otherCodes.some(([pattern]) => pattern.test(name))
    assert.deepEqual(
      comparable(await client.receive(), isOtherCode),
      comparable(expected, isOtherCode),
    )
  }
}

async function publish(message: NonNullable<MosquittoStep['message']>): Promise<void> {
  const { qos } = message
  await using helper = await RawMqttClient.connect(under.port, { version: 4, clientId: 'helper' })
  helper.publish({ ...message, packetId: qos === 0 ? 0 : 1 })
  if (qos === 1) await helper.receive('PUBACK')
  if (qos !== 2) return
  await helper.receive('PUBREC')
  helper.answer('PUBREL', 1)
  await helper.receive('PUBCOMP')
}

/** Limits and reasons are each broker's own. */
function comparable(packet: ReadPacket | undefined, isOtherCode: boolean): object {
  const isOwn = packet?.name === 'CONNACK' || packet?.name === 'DISCONNECT'
  const { code, properties, ...fields } = packet ?? { name: '' }
  return { ...fields, ...(!isOtherCode && { code }), ...(!isOwn && { properties }) }
}
