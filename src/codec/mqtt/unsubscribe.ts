// UNSUBSCRIBE (section 3.10): topic filters that a client wants no more of.
import { FieldReader } from './field-reader.ts'
import type { PacketReader } from './packet-reader.ts'
import { type MqttVersion, UNSUBSCRIBE } from './packet-type.ts'
import { PacketWriter } from './packet-writer.ts'
import { noProperties, type Properties } from './properties.ts'

export interface UnsubscribePacket {
  readonly packetId: number
  readonly properties: Readonly<Properties>
  /** At least one [MQTT-3.10.3-2]. */
  readonly filters: readonly string[]
}

/** Reads the current packet of `reader`. Throws a PacketError. */
export function readUnsubscribe(reader: PacketReader): UnsubscribePacket {
  const fields = new FieldReader(reader)
  const packetId = fields.packetId()
  const properties = reader.version === 5 ? fields.properties('client', UNSUBSCRIBE) : noProperties
  const filters = fields.filters(() => fields.topicFilter())
  return { packetId, properties, filters }
}

export function encodeUnsubscribe(unsubscribe: UnsubscribePacket, version: MqttVersion): Buffer {
  const writer = new PacketWriter()
  writer.uint16(unsubscribe.packetId)
  if (version === 5) writer.properties('client', UNSUBSCRIBE, unsubscribe.properties)
  for (const filter of unsubscribe.filters) writer.text(filter)
  return writer.finish(UNSUBSCRIBE, 2)
}
