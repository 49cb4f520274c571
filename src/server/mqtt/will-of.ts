// The will of a CONNECT, checked as a PUBLISH of it would be, and ready to be published.
import { permit, permitTopic } from '../../broker/permit.ts'
import type { Will } from '../../broker/session/will.ts'
import type { WillMessage } from '../../codec/mqtt/connect.ts'
import { noProperties } from '../../codec/mqtt/properties.ts'
import { reasonCode } from '../../codec/mqtt/reason-code.ts'
import { decodeAddress } from '../../record/message/address.ts'
import { RecordSource } from '../../record/message/record-source.ts'
import type { PublishToRecord } from './message/publish-to-record.ts'
import { MqttError, unauthorized } from './mqtt-error.ts'
import type { MqttPlace } from './mqtt-peer.ts'

/** Throws what a client is refused for. */
export function willOf(
  message: WillMessage,
  { vhost, rights }: Pick<MqttPlace, 'vhost' | 'rights'>,
  toRecord: PublishToRecord,
): Will {
  const topic = Buffer.from(message.topic)
  const { payload, qos, isRetained } = message
  const { willDelay = 0, ...others } = message.properties
  const properties = Object.keys(others).length === 0 ? noProperties : others
  const source = new RecordSource()
  const view = { buffer: payload, payloadStart: 0, payloadEnd: payload.length }
  const isShort = toRecord.convert(
    { qos, isRetained, properties, ...view },
    { buffer: topic, start: 0, end: topic.length },
    source,
  )
  if (!isShort) {
    const text = `topic of ${topic.length} bytes, 255 are allowed`
    throw new MqttError(reasonCode.topicNameInvalid, text)
  }
  if (message.topic.startsWith('$SYS')) throw unauthorized(`nobody publishes to '${message.topic}'`)
  const { exchange, routingKey } = decodeAddress(source.address, source.addressStart)
  permit(rights, 'write', { kind: 'exchange', name: exchange })
  permitTopic(rights, 'write', vhost, { exchange, routingKey })
  return {
    address: Buffer.from(source.address.subarray(source.addressStart, source.addressEnd)),
    header: Buffer.from(source.header.subarray(source.headerStart, source.headerEnd)),
    body: payload,
    topic: source.topic,
    retainedAs: isRetained ? message.topic : undefined,
    delayMs: willDelay * 1000,
  }
}
