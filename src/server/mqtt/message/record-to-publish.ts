// A message as logs keep it, whoever wrote it → what a PUBLISH to a client says. One without properties costs no table
// and, but for its topic, no object.
import { PUBLISH } from '../../../codec/mqtt/packet-type.ts'
import { encodeProperties } from '../../../codec/mqtt/packet-writer.ts'
import { isTopicName } from '../../../codec/mqtt/text-bytes.ts'
import {
  CONTENT_FLAGS_POSITION,
  decodeContentHeaderAsText,
} from '../../../record/message/content-header.ts'
import {
  PROPERTY_DELIVERY_MODE,
  PROPERTY_EXPIRATION,
  PROPERTY_HEADERS,
} from '../../../record/message/properties.gen.ts'
import { topicInHeader, type TopicPlace } from '../../../record/message/published-topic.ts'
import type { RecordSource } from '../../../record/message/record-source.ts'
import type { RecordView } from '../../../record/message/record-view.ts'
import { lifetimeMsOf, toMqttProperties } from './message-properties.ts'

/** Where a message is: good as long as the record or source that it is of. */
export interface MessageBytes extends TopicPlace {
  readonly body: Buffer
  readonly bodyStart: number
  readonly bodyEnd: number
  /** When it came, in milliseconds since the Unix epoch. */
  readonly timestamp: number
}

/** What is the same for all clients that it goes to. */
export interface PublishContent {
  readonly topic: Buffer
  /** Of MQTT 5, encoded, but for subscription ids and the alias; empty for none. */
  readonly properties: Buffer
}

const empty: Buffer = Buffer.alloc(0)
const [slash, dot] = [0x2f, 0x2e]

export function bytesOfView(view: RecordView): MessageBytes {
  const { buffer, addressStart, headerStart, headerEnd, body, bodyStart, bodyEnd, timestamp } = view
  const place = { address: buffer, addressStart, header: buffer, headerStart, headerEnd }
  return { ...place, body, bodyStart, bodyEnd, timestamp }
}

/** Of a message that has just come. */
export function bytesOfSource(source: RecordSource, now: number): MessageBytes {
  const { address, addressStart, header, headerStart, headerEnd, body, bodyStart, bodyEnd } = source
  const place = { address, addressStart, header, headerStart, headerEnd }
  return { ...place, body, bodyStart, bodyEnd, timestamp: now }
}

/**
 * What a PUBLISH of it says at `now`. Undefined for a message that no client can be sent: its key is no topic, or its
 * time is over [MQTT-3.3.2-5].
 */
export function contentOf(
  message: MessageBytes,
  now: number,
  { hasProperties }: { readonly hasProperties: boolean },
): PublishContent | undefined {
  const { header, headerStart, headerEnd } = message
  const flags = header.readUInt16BE(headerStart + CONTENT_FLAGS_POSITION)
  const topic = topicOf(message, flags)
  if (topic === undefined) return undefined
  // What lives longer than AMQP can say outlives every wait.
  const ofInterest = hasProperties ? ~PROPERTY_DELIVERY_MODE : PROPERTY_EXPIRATION
  if ((flags & ofInterest) === 0) return { topic, properties: empty }
  const { properties: basic } = decodeContentHeaderAsText(header, headerStart, headerEnd)
  const lifetimeMs = lifetimeMsOf(basic)
  const waitedMs = Math.max(0, now - message.timestamp)
  if (lifetimeMs !== undefined && lifetimeMs < waitedMs) return undefined
  if (!hasProperties) return { topic, properties: empty }
  const properties = toMqttProperties(basic)
  if (lifetimeMs !== undefined) {
    // What was received less the seconds that it has waited [MQTT-3.3.2-6].
    properties.messageExpiry = Math.floor(lifetimeMs / 1000) - Math.floor(waitedMs / 1000)
  }
  return { topic, properties: encodeProperties('server', PUBLISH, properties) }
}

/** As it was published, or what the routing key stands for. */
function topicOf(message: MessageBytes, flags: number): Buffer | undefined {
  const own = (flags & PROPERTY_HEADERS) === 0 ? undefined : topicInHeader(message)
  const topic = own === undefined ? topicOfAddress(message) : Buffer.from(own)
  return isTopicName(topic, 0, topic.length) && topic.length <= 65_535 ? topic : undefined
}

/** A star of a key stays one: the wildcard that it stands for may not be in a topic [MQTT-3.3.2-2]. */
function topicOfAddress({ address, addressStart }: MessageBytes): Buffer {
  const sizeAt = addressStart + 1 + (address[addressStart] as number)
  const size = address[sizeAt] as number
  const topic = Buffer.allocUnsafe(size)
  for (let index = 0; index < size; index++) {
    const byte = address[sizeAt + 1 + index] as number
    topic[index] = byte === dot ? slash : byte
  }
  return topic
}
