// CONNACK (section 3.2): whether a client is let in, and what the server holds it to.
import { FieldReader } from './field-reader.ts'
import { malformed, protocolError } from './packet-error.ts'
import type { PacketReader } from './packet-reader.ts'
import { CONNACK, type MqttVersion } from './packet-type.ts'
import { PacketWriter } from './packet-writer.ts'
import { noProperties, type Properties } from './properties.ts'
import { isReasonCodeOf, reasonCode } from './reason-code.ts'

export interface ConnackPacket {
  readonly isSessionPresent: boolean
  /** Reason code of MQTT 5, return code of 3.x (section 3.2.2.3 of 3.1.1: 0 to 5). */
  readonly code: number
  readonly properties: Readonly<Properties>
}

/** Return codes of MQTT 3.x. */
export const returnCode = {
  accepted: 0,
  unacceptableVersion: 1,
  identifierRejected: 2,
  serverUnavailable: 3,
  badUserNameOrPassword: 4,
  notAuthorized: 5,
} as const

export function encodeConnack(connack: ConnackPacket, version: MqttVersion): Buffer {
  const writer = new PacketWriter()
  // [MQTT-3.2.2-6]: there is no session for one that is refused.
  writer.byte(connack.isSessionPresent && connack.code === 0 ? 1 : 0)
  writer.byte(connack.code)
  if (version === 5) writer.properties('server', CONNACK, connack.properties)
  return writer.finish(CONNACK)
}

/** Reads the current packet of a client's reader. Throws a PacketError. */
export function readConnack(reader: PacketReader): ConnackPacket {
  const fields = new FieldReader(reader)
  const flags = fields.byte()
  if (flags > 1) throw malformed('CONNACK with reserved flags', reader.start)
  const code = fields.byte()
  const isKnown =
    reader.version === 5
      ? isReasonCodeOf('server', CONNACK, code)
      : code <= returnCode.notAuthorized
  if (!isKnown) throw protocolError(`CONNACK with code ${code}`, reader.start + 1)
  if (flags === 1 && code !== reasonCode.success) {
    throw protocolError('session of a client that is refused', reader.start)
  }
  const properties = reader.version === 5 ? fields.properties('server', CONNACK) : noProperties
  fields.finish()
  return { isSessionPresent: flags === 1, code, properties }
}
