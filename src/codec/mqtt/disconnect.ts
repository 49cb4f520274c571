// DISCONNECT (section 3.14) and AUTH (section 3.15): a reason code and properties, both of which may be left out.
import { FieldReader } from './field-reader.ts'
import { protocolError } from './packet-error.ts'
import type { PacketReader } from './packet-reader.ts'
import { type AUTH, DISCONNECT, type MqttVersion, packetNames, type Sender } from './packet-type.ts'
import { PacketWriter } from './packet-writer.ts'
import { noProperties, type Properties } from './properties.ts'
import { isReasonCodeOf, reasonCode } from './reason-code.ts'

export interface ReasonPacket {
  readonly type: typeof DISCONNECT | typeof AUTH
  readonly code: number
  readonly properties: Readonly<Properties>
}

/** Reads the current packet of `reader`. Throws a PacketError. */
export function readReasonPacket(reader: PacketReader, sender: Sender = 'client'): ReasonPacket {
  const type = reader.type as ReasonPacket['type']
  const fields = new FieldReader(reader)
  if (reader.version !== 5) {
    // MQTT 3 has no AUTH, and its DISCONNECT has nothing in it.
    if (type !== DISCONNECT) throw protocolError('AUTH of MQTT 5', reader.start)
    fields.finish()
  }
  if (fields.isAtEnd) return { type, code: reasonCode.success, properties: noProperties }
  const code = fields.byte()
  if (!isReasonCodeOf(sender, type, code)) {
    throw protocolError(`${packetNames[type]} with reason code ${code}`, reader.start)
  }
  const properties = fields.isAtEnd ? noProperties : fields.properties(sender, type)
  fields.finish()
  return { type, code, properties }
}

/** As short as it may be. */
export function encodeReasonPacket(
  { type, code, properties }: ReasonPacket,
  version: MqttVersion,
  sender: Sender = 'server',
): Buffer {
  const writer = new PacketWriter()
  const hasProperties = Object.keys(properties).length > 0
  if (version === 5 && (code !== reasonCode.success || hasProperties)) {
    writer.byte(code)
    if (hasProperties) writer.properties(sender, type, properties)
  }
  return writer.finish(type)
}
