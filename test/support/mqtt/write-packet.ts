// The opposite of `read-packet.ts`: the bytes of a packet that is given as one value.
import { type ConnackPacket, encodeConnack } from '../../../src/codec/mqtt/connack.ts'
import { type ConnectPacket, encodeConnect } from '../../../src/codec/mqtt/connect.ts'
import { encodeReasonPacket, type ReasonPacket } from '../../../src/codec/mqtt/disconnect.ts'
import {
  type MqttVersion,
  packetNames,
  PUBLISH,
  type Sender,
} from '../../../src/codec/mqtt/packet-type.ts'
import { encodeProperties } from '../../../src/codec/mqtt/packet-writer.ts'
import { pingRequest, pingResponse } from '../../../src/codec/mqtt/ping.ts'
import type { Properties } from '../../../src/codec/mqtt/properties.ts'
import {
  encodePublishAnswer,
  type PublishAnswer,
  publishAnswerSizeMax,
  writePublishAnswer,
} from '../../../src/codec/mqtt/publish-answer.ts'
import { OutgoingPublish, publishSize, writePublish } from '../../../src/codec/mqtt/publish.ts'
import { encodeSubscribe, type SubscribePacket } from '../../../src/codec/mqtt/subscribe.ts'
import {
  encodeSubscriptionAnswer,
  type SubscriptionAnswer,
} from '../../../src/codec/mqtt/subscription-answer.ts'
import { encodeUnsubscribe, type UnsubscribePacket } from '../../../src/codec/mqtt/unsubscribe.ts'
import type { ReadPacket } from './read-packet.ts'

export function writePacket(packet: ReadPacket, version: MqttVersion, sender: Sender): Buffer {
  const { name, ...fields } = packet
  switch (name) {
    case 'CONNECT':
      return encodeConnect(fields as unknown as ConnectPacket)
    case 'CONNACK':
      return encodeConnack(fields as unknown as ConnackPacket, version)
    case 'PUBLISH':
      return publish(packet, version, sender)
    case 'SUBSCRIBE':
      return encodeSubscribe(fields as unknown as SubscribePacket, version)
    case 'UNSUBSCRIBE':
      return encodeUnsubscribe(fields as unknown as UnsubscribePacket, version)
    case 'SUBACK':
    case 'UNSUBACK':
      return encodeSubscriptionAnswer(fields as unknown as SubscriptionAnswer, version)
    case 'PINGREQ':
      return pingRequest
    case 'PINGRESP':
      return pingResponse
    case 'DISCONNECT':
    case 'AUTH':
      return encodeReasonPacket(fields as unknown as ReasonPacket, version, sender)
    default:
      return answer(
        { ...fields, type: packetNames.indexOf(name) } as PublishAnswer,
        version,
        sender,
      )
  }
}

function answer(packet: PublishAnswer, version: MqttVersion, sender: Sender): Buffer {
  if (Object.keys(packet.properties).length > 0) return encodePublishAnswer(packet, sender)
  const target = Buffer.alloc(publishAnswerSizeMax)
  return target.subarray(0, writePublishAnswer(target, 0, packet, version))
}

function publish(packet: ReadPacket, version: MqttVersion, sender: Sender): Buffer {
  const { topic, payload, properties, ...flags } = packet as unknown as {
    topic: string
    payload: string
    properties: Properties
    qos: number
  }
  const { topicAlias = 0, subscriptionIds = [], ...others } = properties
  const outgoing = Object.assign(new OutgoingPublish(), flags, {
    topic: Buffer.from(topic),
    payload: Buffer.from(payload, 'latin1'),
    payloadEnd: payload.length,
    topicAlias,
    subscriptionIds,
    properties: encodeProperties(sender, PUBLISH, others),
  })
  const target = Buffer.alloc(publishSize(outgoing, version))
  const end = writePublish(target, 0, outgoing, version)
  if (end !== target.length) throw new Error('publishSize and writePublish differ')
  return target
}
