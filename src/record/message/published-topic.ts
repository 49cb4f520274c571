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

/** The topic of a stored message. */
export function topicOfRecord({
  buffer,
  addressStart,
  headerStart,
  headerEnd,
}: RecordView): string {
  const value = findHeader(buffer, headerStart, headerEnd, topicHeader)
  const text = value && textOf(value)
  return text ?? topicOfKey(decodeAddress(buffer, addressStart).routingKey)
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
