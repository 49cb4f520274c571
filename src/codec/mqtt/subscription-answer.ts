// SUBACK and UNSUBACK (sections 3.9 and 3.11): a code for each topic filter, in their order [MQTT-3.8.4-6].
import { FieldReader } from './field-reader.ts'
import { protocolError } from './packet-error.ts'
import type { PacketReader } from './packet-reader.ts'
import { type MqttVersion, packetNames, SUBACK, UNSUBACK } from './packet-type.ts'
import { PacketWriter } from './packet-writer.ts'
import { noProperties, type Properties } from './properties.ts'
import { isReasonCodeOf, reasonCode } from './reason-code.ts'

export interface SubscriptionAnswer {
  readonly type: typeof SUBACK | typeof UNSUBACK
  readonly packetId: number
  readonly properties: Readonly<Properties>
  /** None in an UNSUBACK of MQTT 3. */
  readonly codes: readonly number[]
}

/** Every failure is 0x80 in MQTT 3 (section 3.9.3 of 3.1.1), whose UNSUBACK has no codes. */
export function encodeSubscriptionAnswer(answer: SubscriptionAnswer, version: MqttVersion): Buffer {
  const { type, codes } = answer
  const writer = new PacketWriter()
  writer.uint16(answer.packetId)
  if (version === 5) {
    writer.properties('server', type, answer.properties)
    for (const code of codes) writer.byte(code)
  } else if (type === SUBACK) {
    for (const code of codes) writer.byte(Math.min(code, reasonCode.unspecifiedError))
  }
  return writer.finish(type)
}

/** Reads the current packet of a client's reader. Throws a PacketError. */
export function readSubscriptionAnswer(reader: PacketReader): SubscriptionAnswer {
  const type = reader.type as SubscriptionAnswer['type']
  const fields = new FieldReader(reader)
  const packetId = fields.packetId()
  const isFive = reader.version === 5
  const properties = isFive ? fields.properties('server', type) : noProperties
  if (!isFive && type === UNSUBACK) {
    fields.finish()
    return { type, packetId, properties, codes: [] }
  }
  const codes: number[] = []
  while (!fields.isAtEnd) codes.push(readCode(fields, type))
  return { type, packetId, properties, codes }
}

function readCode(fields: FieldReader, type: number): number {
  const code = fields.byte()
  if (isReasonCodeOf('server', type, code)) return code
  throw protocolError(`${packetNames[type]} with reason code ${code}`, fields.position - 1)
}
