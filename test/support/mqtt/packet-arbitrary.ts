// fast-check arbitraries for MQTT's packets: all that its tables allow, from both sides. Values are canonical: a reader
// returns exactly what was written.
import * as fc from 'fast-check'
import {
  AUTH,
  CONNACK,
  CONNECT,
  DISCONNECT,
  type MqttVersion,
  packetNames,
  PUBACK,
  PUBCOMP,
  PUBLISH,
  PUBREC,
  PUBREL,
  type Sender,
  SUBACK,
  SUBSCRIBE,
  UNSUBACK,
  UNSUBSCRIBE,
  WILL,
} from '../../../src/codec/mqtt/packet-type.ts'
import type { Properties } from '../../../src/codec/mqtt/properties.ts'
import { propertiesOf, type PropertyRow } from '../../../src/codec/mqtt/property-table.ts'
import { codeUses } from '../../../src/codec/mqtt/reason-code.ts'
import { isText } from '../../../src/codec/mqtt/text-bytes.ts'
import type { ReadPacket } from './read-packet.ts'

/** A packet, who sends it, and in which version. */
export interface WrittenPacket {
  readonly version: MqttVersion
  readonly sender: Sender
  readonly packet: ReadPacket
}

const text = fc.string({ unit: 'binary', maxLength: 12 }).filter((value) => {
  const bytes = Buffer.from(value)
  return isText(bytes, 0, bytes.length)
})
const topic = text.filter((value) => value !== '' && !/[+#]/u.test(value))
const filter = fc.constantFrom('a', '#', '+/b', '/+/#', '$share/g/x', 'é/#')
const binary = fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes))
const packetId = fc.integer({ min: 1, max: 0xffff })
const version = fc.constantFrom(4, 5) as fc.Arbitrary<MqttVersion>

const sizes = { byte: 0xff, uint16: 0xffff, uint32: 0xffff_ffff, varint: 268_435_455 }

function valueOf(row: PropertyRow): fc.Arbitrary<unknown> {
  if (row.type === 'text') return text
  if (row.type === 'topic') return topic
  if (row.type === 'binary') return binary
  if (row.type === 'pair') {
    return fc.array(fc.tuple(text, text), { minLength: 1, maxLength: 3 }).map((all) => all.flat())
  }
  const number = fc.integer({ min: row.min ?? 0, max: row.max ?? sizes[row.type] })
  return row.isRepeatable === true ? fc.array(number, { minLength: 1, maxLength: 3 }) : number
}

function propertiesFor(sender: Sender, type: number): fc.Arbitrary<Properties> {
  const rows = propertiesOf(sender, type)
  const values = Object.fromEntries(rows.map((row) => [row.key, valueOf(row)]))
  return fc.record(values, { requiredKeys: [] }).map((record): Properties => ({ ...record }))
}

/** A packet whose fields depend on the version: `five` are those of MQTT 5. */
function packet(
  sender: Sender,
  type: number,
  fieldsOf: (isFive: boolean) => Record<string, fc.Arbitrary<unknown>>,
): fc.Arbitrary<WrittenPacket> {
  return version.chain((chosen) => {
    const isFive = chosen === 5
    const properties = isFive ? propertiesFor(sender, type) : fc.constant({})
    const name = fc.constant(packetNames[type] as string)
    return fc
      .record({ name, properties, ...fieldsOf(isFive) })
      .map((fields) => ({ version: chosen, sender, packet: { ...fields } as ReadPacket }))
  })
}

function codeFor(sender: Sender, type: number, isFive: boolean): fc.Arbitrary<number> {
  const codes = codeUses.filter((use) => use[sender].includes(type)).map(({ code }) => code)
  return isFive ? fc.constantFrom(...codes) : fc.constant(0)
}

function publish(sender: Sender): fc.Arbitrary<WrittenPacket> {
  return packet(sender, PUBLISH, () => ({
    qos: fc.constantFrom(0, 1, 2),
    isDuplicate: fc.boolean(),
    isRetained: fc.boolean(),
    packetId,
    topic,
    payload: binary.map((bytes) => bytes.toString('latin1')),
  })).map((written) => {
    if (written.packet['qos'] !== 0) return written
    return { ...written, packet: { ...written.packet, packetId: 0, isDuplicate: false } }
  })
}

const connect = packet('client', CONNECT, (isFive) => ({
  version: fc.constant(isFive ? 5 : 4),
  isCleanStart: fc.boolean(),
  keepAlive: fc.integer({ min: 0, max: 0xffff }),
  clientId: text,
  will: fc.option(
    fc.record({
      topic,
      payload: binary,
      qos: fc.constantFrom(0, 1, 2),
      isRetained: fc.boolean(),
      properties: isFive ? propertiesFor('client', WILL) : fc.constant({}),
    }),
  ),
  username: fc.option(text),
  password: fc.option(binary),
})).map((written) => {
  const { will, username, password, properties, ...fields } = written.packet
  const given: Properties = properties ?? {}
  // Data belong to a method, and in MQTT 3 a password to a user.
  const { authenticationData: _, ...others } = given
  const hasPassword = password !== null && (username !== null || written.version === 5)
  return {
    ...written,
    packet: {
      ...fields,
      properties: given.authenticationMethod === undefined ? others : given,
      ...(will !== null && { will: { ...(will as object) } }),
      ...(username !== null && { username }),
      ...(hasPassword && { password }),
    },
  }
})

const connack = packet('server', CONNACK, (isFive) => ({
  isSessionPresent: fc.boolean(),
  code: isFive ? codeFor('server', CONNACK, true) : fc.integer({ min: 0, max: 5 }),
})).map((written) => {
  const { code, isSessionPresent } = written.packet
  return {
    ...written,
    packet: { ...written.packet, isSessionPresent: code === 0 && isSessionPresent },
  }
})

function answer(sender: Sender, type: number): fc.Arbitrary<WrittenPacket> {
  return packet(sender, type, (isFive) => ({
    type: fc.constant(type),
    packetId,
    code: codeFor(sender, type, isFive),
  }))
}

const subscribe = packet('client', SUBSCRIBE, (isFive) => ({
  packetId,
  subscriptions: fc.array(
    fc
      .record({
        filter,
        qos: fc.constantFrom(0, 1, 2),
        isNoLocal: fc.constant(false).chain((no) => (isFive ? fc.boolean() : fc.constant(no))),
        isRetainAsPublished: isFive ? fc.boolean() : fc.constant(false),
        retainHandling: isFive ? fc.constantFrom(0, 1, 2) : fc.constant(0),
      })
      .map((one) => ({ ...one, isNoLocal: one.isNoLocal && !one.filter.startsWith('$share') })),
    { minLength: 1, maxLength: 3 },
  ),
}))

const unsubscribe = packet('client', UNSUBSCRIBE, () => ({
  packetId,
  filters: fc.array(filter, { minLength: 1, maxLength: 3 }),
}))

const suback = packet('server', SUBACK, (isFive) => ({
  type: fc.constant(SUBACK),
  packetId,
  codes: fc.array(isFive ? codeFor('server', SUBACK, true) : fc.constantFrom(0, 1, 2, 0x80), {
    minLength: 1,
    maxLength: 3,
  }),
}))

const unsuback = packet('server', UNSUBACK, (isFive) => ({
  type: fc.constant(UNSUBACK),
  packetId,
  codes: isFive
    ? fc.array(codeFor('server', UNSUBACK, true), { minLength: 1, maxLength: 3 })
    : fc.constant([]),
}))

function disconnect(sender: Sender): fc.Arbitrary<WrittenPacket> {
  return packet(sender, DISCONNECT, (isFive) => ({
    type: fc.constant(DISCONNECT),
    code: codeFor(sender, DISCONNECT, isFive),
  }))
}

const auth = packet('client', AUTH, () => ({
  type: fc.constant(AUTH),
  code: codeFor('client', AUTH, true),
})).map((written) => ({ ...written, version: 5 as const }))

export const anyPacket: fc.Arbitrary<WrittenPacket> = fc.oneof(
  connect,
  connack,
  publish('client'),
  publish('server'),
  ...[PUBACK, PUBREC, PUBREL, PUBCOMP].flatMap((type) => [
    answer('client', type),
    answer('server', type),
  ]),
  subscribe,
  unsubscribe,
  suback,
  unsuback,
  disconnect('client'),
  disconnect('server'),
  auth,
)
