// The topic of a message, as subscribers by topic filters see it. A topic `a/b` is published with the routing key
// `a.b`; where the key does not lead back to the topic, a header has it.
import { decodeAddress } from './address.ts'
import { findHeader, isPersistent } from './content-header.ts'
import { textOf } from './field-table.ts'
import type { RecordView } from './record-view.ts'

/** The topic as it was published, where its routing key is that of another topic as well. */
export const topicHeader = 'mqtt.topic'
/** 2 for a message that was published with QoS 2; others tell theirs by the delivery mode. */
export const qosHeader = 'x-mqtt-publish-qos'
/** True for a message that was published to be retained. */
export const retainHeader = 'x-mqtt-retain'

export type Qos = 0 | 1 | 2

/** The routing key of a topic: `/` becomes `.`, and `+` `*`, as in RabbitMQ. */
export function keyOfTopic(topic: string): string {
  return topic.replaceAll(/[/+]/g, (char) => (char === '/' ? '.' : '*'))
}

/** The topic that a routing key stands for. */
export function topicOfKey(routingKey: string): string {
  return routingKey.replaceAll(/[.*]/g, (char) => (char === '.' ? '/' : '+'))
}

/** Whether the routing key of a topic leads back to it. */
export function isKeyExact(topic: string): boolean {
  return !/[.*]/.test(topic)
}

/** Where a message says what its topic is. */
export interface TopicPlace {
  readonly address: Buffer
  readonly addressStart: number
  readonly header: Buffer
  readonly headerStart: number
  readonly headerEnd: number
}

/**
 * The topic that a message's header says; undefined where its routing key says it. A header that says another topic than
 * the key is not believed: rights are asked, and filters are matched, for the key.
 */
export function topicInHeader(place: TopicPlace): string | undefined {
  const { address, addressStart, header, headerStart, headerEnd } = place
  const value = findHeader(header, headerStart, headerEnd, topicHeader)
  const text = value && textOf(value)
  if (text === undefined) return undefined
  return keyOfTopic(text) === decodeAddress(address, addressStart).routingKey ? text : undefined
}

/** The topic of a message. */
export function topicOfPlace(place: TopicPlace): string {
  const { address, addressStart } = place
  return topicInHeader(place) ?? topicOfKey(decodeAddress(address, addressStart).routingKey)
}

/** The topic of a stored message. */
export function topicOfRecord(view: RecordView): string {
  const { buffer, addressStart, headerStart, headerEnd } = view
  return topicOfPlace({ address: buffer, header: buffer, addressStart, headerStart, headerEnd })
}

/** What a stored message was published with. */
export function publishQosOf({ buffer, headerStart, headerEnd }: RecordView): Qos {
  if (!isPersistent(buffer, headerStart, headerEnd)) return 0
  const value = findHeader(buffer, headerStart, headerEnd, qosHeader)
  return value?.value === 2 ? 2 : 1
}

/** Whether it was published to be retained. */
export function asksToBeRetained({ buffer, headerStart, headerEnd }: RecordView): boolean {
  return findHeader(buffer, headerStart, headerEnd, retainHeader)?.value === true
}
