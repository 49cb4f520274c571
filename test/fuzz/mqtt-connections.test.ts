// Connections of MQTT that are damaged at random: whatever clients send, the broker has no error of its own, keeps
// nothing of theirs, and serves others. A fault is found again from the printed seed.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import * as fc from 'fast-check'
import { BrokerInProcess } from '../support/broker-in-process.ts'
import { type MqttBeside, openMqttBeside } from '../support/mqtt/open-mqtt-beside.ts'
import { anyPacket, type WrittenPacket } from '../support/mqtt/packet-arbitrary.ts'
import { RawMqttClient } from '../support/mqtt/raw-mqtt-client.ts'
import { writePacket } from '../support/mqtt/write-packet.ts'
import { ScramClient } from '../support/scram-client.ts'
import { waitFor } from '../support/wait-for.ts'

const connectionCount = 300
const atOnce = 20

let broker: BrokerInProcess
let mqtt: MqttBeside
before(async () => {
  broker = await BrokerInProcess.start()
  mqtt = await openMqttBeside(broker)
})
after(async () => {
  await mqtt[Symbol.asyncDispose]()
  await broker[Symbol.asyncDispose]()
})

/** What a client sends after its CONNECT, and where a byte of that is another one. */
interface Damaged {
  readonly version: 4 | 5
  readonly isPersistent: boolean
  /** It logs in step by step, if it gets so far. */
  readonly isByScram: boolean
  readonly packets: readonly WrittenPacket[]
  readonly damage: { readonly at: number; readonly byte: number } | undefined
}

const scram = new ScramClient('guest', 'guest')
const { mechanism: authenticationMethod } = scram

const fromClients = anyPacket.filter(
  ({ sender, packet }) => sender === 'client' && packet.name !== 'CONNECT',
)
const damaged: fc.Arbitrary<Damaged> = fc.record({
  version: fc.constantFrom(4, 5),
  isPersistent: fc.boolean(),
  isByScram: fc.boolean(),
  packets: fc.array(fromClients, { minLength: 1, maxLength: 8 }),
  damage: fc.option(fc.record({ at: fc.nat(), byte: fc.nat({ max: 255 }) }), { nil: undefined }),
})

test('damaged connections never harm the broker or another client', async (t) => {
  const seed = Date.now() % 1_000_000_000
  t.diagnostic(`seed ${seed}`)
  await using honest = await RawMqttClient.connect(mqtt.port, { clientId: 'honest' })
  await honest.subscribe('honest/#', { qos: 1 })
  const sessions = fc.sample(damaged, { numRuns: connectionCount, seed })
  let started = 0
  const runSome = async (): Promise<void> => {
    while (started < sessions.length) {
      const number = started++
      await run(sessions[number] as Damaged, number % 7)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, runSome))
  assert.deepEqual(broker.bugs, [])
  honest.publish({ topic: 'honest/x', qos: 1, packetId: 1 })
  const got = [await honest.receive(), await honest.receive()].map(({ name }) => name)
  assert.deepEqual(new Set(got), new Set(['PUBACK', 'PUBLISH']))
  await waitFor('the others to be gone', () => broker.clients.size === 1)
  assert.equal(broker.memory.sizes.input, 0)
  assert.equal(broker.memory.sizes.parked, 0)
})

async function run(
  { version, isPersistent, isByScram, packets, damage }: Damaged,
  id: number,
): Promise<void> {
  await using client = await RawMqttClient.open(mqtt.port, version)
  const own = packets.filter((written) => written.version === version)
  const bytes = Buffer.concat(own.map(({ packet, sender }) => writePacket(packet, version, sender)))
  if (damage !== undefined && bytes.length > 0) bytes[damage.at % bytes.length] = damage.byte
  const properties = {
    ...(version === 5 && isPersistent && { sessionExpiry: 1 }),
    ...(version === 5 && isByScram && { authenticationMethod, authenticationData: scram.first }),
  }
  client.send({
    name: 'CONNECT',
    version,
    isCleanStart: !isPersistent,
    keepAlive: 0,
    // Some take over what others have.
    clientId: `damaged-${id}`,
    properties,
  })
  client.write(bytes)
  client.socket.end()
  await client.ended()
}
