// SUBSCRIBE (section 3.8): topic filters with their options.
import { FieldReader } from './field-reader.ts'
import { malformed, protocolError } from './packet-error.ts'
import type { PacketReader } from './packet-reader.ts'
import { type MqttVersion, SUBSCRIBE } from './packet-type.ts'
import { PacketWriter } from './packet-writer.ts'
import { noProperties, type Properties } from './properties.ts'

export interface SubscriptionRequest {
  /** Legal in its form; a filter of a shared subscription begins with `$share/`. */
  readonly filter: string
  readonly qos: number
  /** Nothing that the client itself has published. */
  readonly isNoLocal: boolean
  readonly isRetainAsPublished: boolean
  /** Retained messages are sent: 0 always, 1 if there was no such subscription, 2 never. */
  readonly retainHandling: number
}

export interface SubscribePacket {
  readonly packetId: number
  readonly properties: Readonly<Properties>
  /** At least one [MQTT-3.8.3-2]. */
  readonly subscriptions: readonly SubscriptionRequest[]
}

const noLocalBit = 0x04
const retainAsPublishedBit = 0x08
const retainHandlingShift = 4

/** Reads the current packet of `reader`. Throws a PacketError. */
export function readSubscribe(reader: PacketReader): SubscribePacket {
  const fields = new FieldReader(reader)
  const packetId = fields.packetId()
  const isFive = reader.version === 5
  const properties = isFive ? fields.properties('client', SUBSCRIBE) : noProperties
  const subscriptions = fields.filters(() => readSubscription(fields, isFive))
  return { packetId, properties, subscriptions }
}

export function encodeSubscribe(subscribe: SubscribePacket, version: MqttVersion): Buffer {
  const writer = new PacketWriter()
  writer.uint16(subscribe.packetId)
  if (version === 5) writer.properties('client', SUBSCRIBE, subscribe.properties)
  for (const subscription of subscribe.subscriptions) {
    writer.text(subscription.filter)
    writer.byte(optionsOf(subscription))
  }
  return writer.finish(SUBSCRIBE, 2)
}

function readSubscription(fields: FieldReader, isFive: boolean): SubscriptionRequest {
  const filter = fields.topicFilter()
  const options = fields.byte()
  const qos = options & 3
  const retainHandling = (options >>> retainHandlingShift) & 3
  // [MQTT-3.8.3-4] of 3.1.1, [MQTT-3.8.3-5] of 5
  const reserved = isFive ? 0xc0 : 0xfc
  if (qos === 3 || (options & reserved) !== 0 || retainHandling === 3) {
    throw malformed(`subscription options ${options}`, fields.position - 1)
  }
  const isNoLocal = (options & noLocalBit) !== 0
  // [MQTT-3.8.3-4]
  if (isNoLocal && filter.startsWith('$share/')) {
    throw protocolError('No Local of a shared subscription', fields.position - 1)
  }
  const isRetainAsPublished = (options & retainAsPublishedBit) !== 0
  return { filter, qos, isNoLocal, isRetainAsPublished, retainHandling }
}

function optionsOf(subscription: SubscriptionRequest): number {
  const { qos, isNoLocal, isRetainAsPublished, retainHandling } = subscription
  return (
    qos |
    (isNoLocal ? noLocalBit : 0) |
    (isRetainAsPublished ? retainAsPublishedBit : 0) |
    (retainHandling << retainHandlingShift)
  )
}
