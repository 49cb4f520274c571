import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AccessControl } from '../../auth/access-control.ts'
import { Users } from '../../auth/users.ts'
import type { ReasonPacket } from '../../codec/mqtt/disconnect.ts'
import { AUTH } from '../../codec/mqtt/packet-type.ts'
import { reasonCode } from '../../codec/mqtt/reason-code.ts'
import { mqttLimits } from '../../limits/mqtt.ts'
import { seededRandom } from '../../testing/seeded-random.ts'
import { VirtualClock } from '../../testing/virtual-clock.ts'
import { EnhancedAuth, type OnAuthEnd } from './enhanced-auth.ts'
import type { MqttContext } from './mqtt-context.ts'
import type { MqttError } from './mqtt-error.ts'

const method = 'SCRAM-SHA-256'

/** An exchange with a client that says what a test wants; `seen` is what has happened to it. */
function openAuth(): { auth: EnhancedAuth; seen: unknown[]; clock: VirtualClock } {
  const clock = new VirtualClock()
  const users = new Users({ access: new AccessControl(), random: seededRandom(1), clock })
  const seen: unknown[] = []
  const peer = {
    context: { users, clock } as unknown as MqttContext,
    send: (packet: Buffer) => seen.push(packet[0]! >>> 4 === AUTH ? packet[2] : packet),
    awaitAuth: () => seen.push('asked'),
    destroy: () => seen.push('destroyed'),
    resume: (action: () => void) => action(),
    onError: (error: unknown) => seen.push((error as MqttError).reasonCode),
  }
  const origin = { protocol: 'MQTT', address: '127.0.0.1' } as const
  const names = { nameGiven: undefined, user: undefined }
  const auth = new EnhancedAuth(peer, { method, origin, packetSizeMax: 1000, ...names })
  return { auth, seen, clock }
}

const first = Buffer.from('n,,n=nobody,r=nonce')
const unexpected: OnAuthEnd = () => assert.fail('it has ended')

function again(data: Buffer = first): ReasonPacket {
  const properties = { authenticationMethod: method, authenticationData: data }
  return { type: AUTH, code: reasonCode.reauthenticate, properties }
}

/** What SCRAM keeps of a user comes in a later turn. */
function laterTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

test('a client that was asked has so long to show again who it is, and no longer', async () => {
  const { auth, seen, clock } = openAuth()
  auth.reauthenticate(again(), unexpected)
  await laterTurn()
  clock.advance(mqttLimits.reauthenticateMsMax - 1)
  assert.deepEqual(seen, ['asked', reasonCode.continueAuthentication])
  clock.advance(1)
  assert.deepEqual(seen.slice(2), [reasonCode.notAuthorized])
})

test('a client that is gone is neither asked nor ended', async () => {
  const { auth, seen, clock } = openAuth()
  auth.reauthenticate(again(), unexpected)
  auth.stop()
  await laterTurn()
  clock.advance(2 * mqttLimits.reauthenticateMsMax)
  assert.deepEqual(seen, [])
})

test('what ends an exchange ends its time as well, and a client that was refused has no other try', async () => {
  const refusals: (string | undefined)[] = []
  const onEnd: OnAuthEnd = ({ refusal }) => refusals.push(refusal)
  const nonsense = openAuth()
  nonsense.auth.reauthenticate(again(Buffer.from('nonsense')), onEnd)
  const wrong = openAuth()
  wrong.auth.reauthenticate(again(), onEnd)
  await laterTurn()
  const { properties } = again(Buffer.from('c=biws,r=wrong,p=AAAA'))
  const proof = { type: AUTH, code: reasonCode.continueAuthentication, properties } as const
  wrong.auth.reauthenticate(proof, unexpected)
  assert.equal(refusals.length, 2)
  assert.equal(refusals[1], "user 'nobody' does not exist")
  for (const { auth, seen, clock } of [nonsense, wrong]) {
    clock.advance(2 * mqttLimits.reauthenticateMsMax)
    for (const packet of [again(), proof]) {
      assert.throws(() => auth.reauthenticate(packet, unexpected), { reasonCode: 0x82 })
    }
    assert.ok(!seen.includes(reasonCode.notAuthorized))
  }
})

test('the longest name has room, and no client is made to read more than it can', async () => {
  const { auth, seen } = openAuth()
  const name = '=3D'.repeat(255)
  auth.reauthenticate(again(Buffer.from(`n,,n=${name},r=${'x'.repeat(1000)}`)), unexpected)
  await laterTurn()
  assert.deepEqual(seen, ['asked', 'destroyed'])
})
