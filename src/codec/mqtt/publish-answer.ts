// PUBACK, PUBREC, PUBREL and PUBCOMP (sections 3.4 to 3.7): a packet id and, in MQTT 5, a reason. All four have the
// same form. One object is used again for all that come, and what goes out is written into the output itself.
import { FieldReader } from './field-reader.ts'
import { protocolError } from './packet-error.ts'
import type { PacketReader } from './packet-reader.ts'
import { type MqttVersion, packetNames, PUBREL, type Sender } from './packet-type.ts'
import { PacketWriter } from './packet-writer.ts'
import { noProperties, type Properties } from './properties.ts'
import { isReasonCodeOf, reasonCode } from './reason-code.ts'

export class PublishAnswer {
  /** PUBACK, PUBREC, PUBREL or PUBCOMP. */
  type = 0
  packetId = 0
  /** 0 (success) in MQTT 3. */
  code: number = reasonCode.success
  properties: Readonly<Properties> = noProperties
}

/** Bytes that `writePublishAnswer` needs at most. */
export const publishAnswerSizeMax = 5

/** Reads the current packet of `reader`. Throws a PacketError. */
export function readPublishAnswer(
  reader: PacketReader,
  into: PublishAnswer,
  sender: Sender = 'client',
): void {
  const { buffer, start, end, type } = reader
  into.type = type
  into.code = reasonCode.success
  into.properties = noProperties
  into.packetId = ((buffer[start] as number) << 8) | (buffer[start + 1] as number)
  if (end - start === 2 && into.packetId !== 0) return
  const fields = new FieldReader(reader)
  into.packetId = fields.packetId()
  if (reader.version === 5) readReason(fields, into, sender)
  fields.finish()
}

function readReason(fields: FieldReader, into: PublishAnswer, sender: Sender): void {
  const { type } = into
  into.code = fields.byte()
  if (!isReasonCodeOf(sender, type, into.code)) {
    throw protocolError(`${packetNames[type]} with reason code ${into.code}`, fields.position - 1)
  }
  // Without properties their size may be left out as well.
  if (!fields.isAtEnd) into.properties = fields.properties(sender, type)
}

/** Writes one without properties, as short as it may be, and returns where it ends. */
export function writePublishAnswer(
  target: Buffer,
  position: number,
  { type, packetId, code }: Readonly<Pick<PublishAnswer, 'type' | 'packetId' | 'code'>>,
  version: MqttVersion,
): number {
  const hasCode = version === 5 && code !== reasonCode.success
  target[position] = firstByteOf(type)
  target[position + 1] = hasCode ? 3 : 2
  target[position + 2] = packetId >>> 8
  target[position + 3] = packetId
  if (!hasCode) return position + 4
  target[position + 4] = code
  return position + 5
}

/** One with properties, which only MQTT 5 has. */
export function encodePublishAnswer(answer: PublishAnswer, sender: Sender): Buffer {
  const { type, packetId, code, properties } = answer
  const writer = new PacketWriter()
  writer.uint16(packetId)
  writer.byte(code)
  writer.properties(sender, type, properties)
  return writer.finish(type, flagsOf(type))
}

function firstByteOf(type: number): number {
  return (type << 4) | flagsOf(type)
}

/** [MQTT-3.6.1-1] */
function flagsOf(type: number): number {
  return type === PUBREL ? 2 : 0
}
