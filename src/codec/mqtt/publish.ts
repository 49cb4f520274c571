// PUBLISH (section 3.3), the packet that comes and goes most: one object is used again for all that come, topic and
// payload are views, and what goes out is written into the output itself.
import { copyBytes } from '../../lib/copy-bytes.ts'
import { FieldReader } from './field-reader.ts'
import { protocolError } from './packet-error.ts'
import type { PacketReader } from './packet-reader.ts'
import { type MqttVersion, PUBLISH, type Sender } from './packet-type.ts'
import { varintSize, writeVarint } from './packet-writer.ts'
import { noProperties, type Properties } from './properties.ts'
import { isTopicName } from './text-bytes.ts'

const emptyBuffer = Buffer.alloc(0)
const topicAliasId = 35
const topicAliasSize = 3
const subscriptionId = 11

/** A PUBLISH that has come. Its views are those of the reader. */
export class PublishPacket {
  qos = 0
  isDuplicate = false
  isRetained = false
  /** 0 for QoS 0. */
  packetId = 0
  buffer: Buffer = emptyBuffer
  /** Empty where `topicAlias` says what the topic is. */
  topicStart = 0
  topicEnd = 0
  payloadStart = 0
  payloadEnd = 0
  properties: Readonly<Properties> = noProperties
}

/** Reads the current packet of `reader`. Throws a PacketError. */
export function readPublish(
  reader: PacketReader,
  into: PublishPacket,
  sender: Sender = 'client',
): void {
  const { buffer, end, flags } = reader
  into.buffer = buffer
  into.qos = (flags >>> 1) & 3
  into.isDuplicate = (flags & 8) !== 0
  into.isRetained = (flags & 1) !== 0
  into.packetId = 0
  into.properties = noProperties
  into.payloadEnd = end
  if (!readPlain(reader, into)) readFields(reader, into, sender)
}

/** Reads one without properties; false: it has some, or something is wrong with it. */
function readPlain(reader: PacketReader, into: PublishPacket): boolean {
  const { buffer, start, end } = reader
  if (end - start < 2) return false
  const topicStart = start + 2
  const topicEnd = topicStart + (((buffer[start] as number) << 8) | (buffer[start + 1] as number))
  let position = topicEnd
  if (into.qos > 0) {
    into.packetId = ((buffer[position] as number) << 8) | (buffer[position + 1] as number)
    if (into.packetId === 0) return false
    position += 2
  }
  if (reader.version === 5) {
    if (buffer[position] !== 0) return false
    position++
  }
  if (position > end || !isTopicName(buffer, topicStart, topicEnd)) return false
  into.topicStart = topicStart
  into.topicEnd = topicEnd
  into.payloadStart = position
  return true
}

function readFields(reader: PacketReader, into: PublishPacket, sender: Sender): void {
  const fields = new FieldReader(reader)
  const topicStart = fields.skipSized()
  const topicEnd = fields.position
  if (into.qos > 0) into.packetId = fields.packetId()
  if (reader.version === 5) into.properties = fields.properties(sender, PUBLISH)
  // An alias stands for a topic that was sent before [MQTT-3.3.2-12].
  const { topicAlias } = into.properties
  if (topicEnd > topicStart) fields.checkTopicName(topicStart, topicEnd)
  else if (topicAlias === undefined) throw protocolError('PUBLISH without a topic', topicStart)
  into.topicStart = topicStart
  into.topicEnd = topicEnd
  into.payloadStart = fields.position
}

/** A PUBLISH on its way out; one object is used again for many. */
export class OutgoingPublish {
  qos = 0
  isDuplicate = false
  isRetained = false
  /** Written for QoS 1 and 2. */
  packetId = 0
  /** Empty where the alias alone says it. */
  topic: Buffer = emptyBuffer
  /** Encoded without their size (`encodeProperties`), but for the following two. */
  properties: Buffer = emptyBuffer
  /** 0 for none. */
  topicAlias = 0
  subscriptionIds: readonly number[] = []
  payload: Buffer = emptyBuffer
  payloadStart = 0
  payloadEnd = 0
}

/** Bytes of the whole packet, as its receiver's Maximum Packet Size counts them. */
export function publishSize(publish: OutgoingPublish, version: MqttVersion): number {
  const rest = restSizeOf(publish, version)
  return 1 + varintSize(rest) + rest
}

/**
 * Writes all of the packet but its payload, and returns where the payload goes: beside it or as a view. `target` has
 * room for `publishSize` bytes less the payload.
 */
export function writePublishHead(
  target: Buffer,
  position: number,
  publish: OutgoingPublish,
  version: MqttVersion,
): number {
  const { topic, packetId } = publish
  let at = position
  target[at++] = firstByteOf(publish)
  at = writeVarint(target, at, restSizeOf(publish, version))
  target[at++] = topic.length >>> 8
  target[at++] = topic.length
  at = copyBytes(topic, 0, topic.length, target, at)
  if (publish.qos > 0) {
    target[at++] = packetId >>> 8
    target[at++] = packetId
  }
  return version === 5 ? writeProperties(target, at, publish) : at
}

/** Writes the whole packet and returns where it ends. */
export function writePublish(
  target: Buffer,
  position: number,
  publish: OutgoingPublish,
  version: MqttVersion,
): number {
  const at = writePublishHead(target, position, publish, version)
  return copyBytes(publish.payload, publish.payloadStart, publish.payloadEnd, target, at)
}

function firstByteOf({ qos, isDuplicate, isRetained }: OutgoingPublish): number {
  return (PUBLISH << 4) | (isDuplicate ? 8 : 0) | (qos << 1) | (isRetained ? 1 : 0)
}

function restSizeOf(publish: OutgoingPublish, version: MqttVersion): number {
  const { topic, qos, payloadStart, payloadEnd } = publish
  const size = 2 + topic.length + (qos > 0 ? 2 : 0) + payloadEnd - payloadStart
  if (version !== 5) return size
  const propertiesSize = propertiesSizeOf(publish)
  return size + varintSize(propertiesSize) + propertiesSize
}

function propertiesSizeOf({ properties, topicAlias, subscriptionIds }: OutgoingPublish): number {
  let size = properties.length + (topicAlias > 0 ? topicAliasSize : 0)
  for (const id of subscriptionIds) size += 1 + varintSize(id)
  return size
}

function writeProperties(target: Buffer, position: number, publish: OutgoingPublish): number {
  const { properties, topicAlias, subscriptionIds } = publish
  let at = writeVarint(target, position, propertiesSizeOf(publish))
  at = copyBytes(properties, 0, properties.length, target, at)
  for (const id of subscriptionIds) {
    target[at++] = subscriptionId
    at = writeVarint(target, at, id)
  }
  if (topicAlias === 0) return at
  target[at++] = topicAliasId
  target[at++] = topicAlias >>> 8
  target[at++] = topicAlias
  return at
}
