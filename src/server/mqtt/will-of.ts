// The will of a CONNECT, checked as a PUBLISH of it would be, and ready to be published.
import { BrokerError } from '../../broker/broker-error.ts'
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

type WillPlace = Pick<MqttPlace, 'vhost' | 'rights'>

/** Throws what a client is refused for. */
export function willOf(
  message: WillMessage,
  { vhost, rights }: WillPlace,
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
  const address = Buffer.from(source.address.subarray(source.addressStart, source.addressEnd))
  permitWill(address, { vhost, rights })
  return {
    address,
    header: Buffer.from(source.header.subarray(source.headerStart, source.headerEnd)),
    body: payload,
    topic: source.topic,
    retainedAs: isRetained ? message.topic : undefined,
    delayMs: willDelay * 1000,
  }
}

/** Whether a client that was let in with the will may still publish it. */
export function mayPublishWill({ address }: Will, place: WillPlace): boolean {
  try {
    permitWill(address, place)
    return true
  } catch (error) {
    if (error instanceof BrokerError) return false
    throw error
  }
}

function permitWill(address: Buffer, { vhost, rights }: WillPlace): void {
  const { exchange, routingKey } = decodeAddress(address, 0)
  permit(rights, 'write', { kind: 'exchange', name: exchange })
  permitTopic(rights, 'write', vhost, { exchange, routingKey })
}
