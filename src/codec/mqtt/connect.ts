// CONNECT (section 3.1): who a client is, which version it speaks, and what is to be published when it is gone. What it
// returns has memory of its own, because much of it is kept for as long as the session is.
import { FieldReader } from './field-reader.ts'
import { malformed, PacketError, protocolError } from './packet-error.ts'
import type { PacketReader } from './packet-reader.ts'
import { CONNECT, type MqttVersion, WILL } from './packet-type.ts'
import { PacketWriter } from './packet-writer.ts'
import { noProperties, type Properties } from './properties.ts'
import { reasonCode } from './reason-code.ts'

export interface WillMessage {
  readonly topic: string
  readonly payload: Buffer
  readonly qos: number
  readonly isRetained: boolean
  readonly properties: Readonly<Properties>
}

export interface ConnectPacket {
  readonly version: MqttVersion
  /** Clean Session in MQTT 3. */
  readonly isCleanStart: boolean
  /** Seconds without a packet; 0 for any. */
  readonly keepAlive: number
  /** Empty where the server is to make one. */
  readonly clientId: string
  readonly will?: WillMessage
  readonly username?: string
  readonly password?: Buffer
  readonly properties: Readonly<Properties>
}

const flagBits = {
  reserved: 0x01,
  cleanStart: 0x02,
  will: 0x04,
  willRetain: 0x20,
  password: 0x40,
  username: 0x80,
} as const
const willQosShift = 3

/** Mosquitto's bridges say with this bit of the level who they are, and go on without it when it is refused. */
const bridgeBit = 0x80

/**
 * Reads the current packet of `reader`, which knows the version from then on, also when something after it is wrong:
 * the answer to that is in this version. Throws a PacketError; with 0x84 the server does not speak the version.
 */
export function readConnect(reader: PacketReader): ConnectPacket {
  const fields = new FieldReader(reader)
  const version = readVersion(fields, reader)
  if (version !== 3 && reader.flags !== 0) throw malformed('CONNECT with flags', reader.start)
  const flags = fields.byte()
  checkFlags(flags, version, fields.position - 1)
  const keepAlive = fields.uint16()
  const properties = version === 5 ? ownProperties(fields, CONNECT) : noProperties
  if (
    properties.authenticationData !== undefined &&
    properties.authenticationMethod === undefined
  ) {
    throw protocolError('Authentication Data without a method', fields.position)
  }
  const clientId = fields.text()
  const will = (flags & flagBits.will) === 0 ? undefined : readWill(fields, flags, version)
  const username = (flags & flagBits.username) === 0 ? undefined : fields.text()
  const password = (flags & flagBits.password) === 0 ? undefined : Buffer.from(fields.binary())
  fields.finish()
  return {
    version,
    isCleanStart: (flags & flagBits.cleanStart) !== 0,
    keepAlive,
    clientId,
    properties,
    ...(will && { will }),
    ...(username !== undefined && { username }),
    ...(password && { password }),
  }
}

export function encodeConnect(connect: ConnectPacket): Buffer {
  const { version, will, username, password } = connect
  const writer = new PacketWriter()
  writer.text(version === 3 ? 'MQIsdp' : 'MQTT')
  writer.byte(version)
  writer.byte(flagsOf(connect))
  writer.uint16(connect.keepAlive)
  if (version === 5) writer.properties('client', CONNECT, connect.properties)
  writer.text(connect.clientId)
  if (will !== undefined) {
    if (version === 5) writer.properties('client', WILL, will.properties)
    writer.text(will.topic)
    writer.binary(will.payload)
  }
  if (username !== undefined) writer.text(username)
  if (password !== undefined) writer.binary(password)
  return writer.finish(CONNECT)
}

function flagsOf({ isCleanStart, will, username, password }: ConnectPacket): number {
  let flags = isCleanStart ? flagBits.cleanStart : 0
  if (will !== undefined) {
    flags |=
      flagBits.will | (will.qos << willQosShift) | (will.isRetained ? flagBits.willRetain : 0)
  }
  if (username !== undefined) flags |= flagBits.username
  return password === undefined ? flags : flags | flagBits.password
}

/** Protocol name and level. */
function readVersion(fields: FieldReader, reader: PacketReader): MqttVersion {
  const name = fields.text()
  const isKnown = name === 'MQTT' || name === 'MQIsdp'
  if (!isKnown) throw malformed('protocol that is not MQTT', fields.position)
  const level = fields.byte()
  if (name === 'MQIsdp' ? level === 3 : level === 4 || level === 5) {
    reader.version = level as MqttVersion
    return reader.version
  }
  const isBridge = (level & bridgeBit) !== 0 && (level & ~bridgeBit) < 5
  reader.version = level > 5 && !isBridge ? 5 : 4
  const { unsupportedVersion } = reasonCode
  throw new PacketError(unsupportedVersion, `protocol level ${level} of ${name}`, fields.position)
}

/** [MQTT-3.1.2-3], [MQTT-3.1.2-11] to [MQTT-3.1.2-15], [MQTT-3.1.2-22] of 3.1.1 */
function checkFlags(flags: number, version: MqttVersion, at: number): void {
  if ((flags & flagBits.reserved) !== 0 && version !== 3) {
    throw malformed('CONNECT with its reserved flag', at)
  }
  const willQos = (flags >>> willQosShift) & 3
  if (willQos === 3) throw malformed('will with QoS 3', at)
  const hasWill = (flags & flagBits.will) !== 0
  if (!hasWill && (willQos !== 0 || (flags & flagBits.willRetain) !== 0)) {
    throw malformed('QoS or retain of a will that is not there', at)
  }
  const hasOnlyPassword = (flags & (flagBits.username | flagBits.password)) === flagBits.password
  if (hasOnlyPassword && version !== 5) throw malformed('password without a user name', at)
}

function readWill(fields: FieldReader, flags: number, version: MqttVersion): WillMessage {
  const properties = version === 5 ? ownProperties(fields, WILL) : noProperties
  const topic = fields.topicName()
  const payload = Buffer.from(fields.binary())
  return {
    topic,
    payload,
    qos: (flags >>> willQosShift) & 3,
    isRetained: (flags & flagBits.willRetain) !== 0,
    properties,
  }
}

/** Their binary values are copies. */
function ownProperties(fields: FieldReader, type: number): Readonly<Properties> {
  const properties = fields.properties('client', type)
  const { correlationData, authenticationData } = properties
  if (correlationData === undefined && authenticationData === undefined) return properties
  return {
    ...properties,
    ...(correlationData && { correlationData: Buffer.from(correlationData) }),
    ...(authenticationData && { authenticationData: Buffer.from(authenticationData) }),
  }
}
