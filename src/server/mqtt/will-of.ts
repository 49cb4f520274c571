// The will of a CONNECT, checked as a PUBLISH of it would be, and ready to be published.
import type { Principal } from '../../auth/principal.ts'
import { isSystemTopic } from '../../broker/session/topic-filter.ts'
import { permitWill } from '../../broker/session/will-publisher.ts'
import type { Will } from '../../broker/session/will.ts'
import type { WillMessage } from '../../codec/mqtt/connect.ts'
import { noProperties } from '../../codec/mqtt/properties.ts'
import { reasonCode } from '../../codec/mqtt/reason-code.ts'
import { RecordSource } from '../../record/message/record-source.ts'
import type { PublishToRecord } from './message/publish-to-record.ts'
import { MqttError, unauthorized } from './mqtt-error.ts'
import type { MqttPlace } from './mqtt-peer.ts'

interface WillPlace extends Pick<MqttPlace, 'vhost' | 'rights'> {
  readonly principal: Principal
}

/** Throws what a client is refused for. */
export function willOf(
  message: WillMessage,
  { vhost, rights, principal }: WillPlace,
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
  if (isSystemTopic(message.topic)) throw unauthorized(`nobody publishes to '${message.topic}'`)
  const address = Buffer.from(source.address.subarray(source.addressStart, source.addressEnd))
  permitWill(rights, vhost, address)
  return {
    publisher: principal,
    address,
    header: Buffer.from(source.header.subarray(source.headerStart, source.headerEnd)),
    body: payload,
    topic: source.topic,
    retainedAs: isRetained ? message.topic : undefined,
    delayMs: willDelay * 1000,
  }
}
