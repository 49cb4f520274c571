// Any packet as one value, for tests that do not care which it is.
import { readConnack } from '../../../src/codec/mqtt/connack.ts'
import { readConnect } from '../../../src/codec/mqtt/connect.ts'
import { readReasonPacket } from '../../../src/codec/mqtt/disconnect.ts'
import type { PacketReader } from '../../../src/codec/mqtt/packet-reader.ts'
import {
  AUTH,
  CONNACK,
  CONNECT,
  DISCONNECT,
  packetNames,
  PINGREQ,
  PINGRESP,
  PUBLISH,
  type Sender,
  SUBACK,
  SUBSCRIBE,
  UNSUBACK,
  UNSUBSCRIBE,
} from '../../../src/codec/mqtt/packet-type.ts'
import { readPing } from '../../../src/codec/mqtt/ping.ts'
import { PublishAnswer, readPublishAnswer } from '../../../src/codec/mqtt/publish-answer.ts'
import { PublishPacket, readPublish } from '../../../src/codec/mqtt/publish.ts'
import { readSubscribe } from '../../../src/codec/mqtt/subscribe.ts'
import { readSubscriptionAnswer } from '../../../src/codec/mqtt/subscription-answer.ts'
import { readUnsubscribe } from '../../../src/codec/mqtt/unsubscribe.ts'

/** Its name and what is in it, in memory of its own. */
export interface ReadPacket {
  readonly name: string
  readonly [field: string]: unknown
}

export function readPacket(reader: PacketReader, sender: Sender): ReadPacket {
  const name = packetNames[reader.type] as string
  return { name, ...(ownCopy(readFields(reader, sender)) as object) }
}

function ownCopy(value: unknown): unknown {
  if (Buffer.isBuffer(value)) return Buffer.from(value)
  if (Array.isArray(value)) return value.map(ownCopy)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, ownCopy(field)]))
}

/** All packets of the chunks. */
export function readPackets(
  reader: PacketReader,
  chunks: readonly Buffer[],
  sender: Sender = 'client',
): ReadPacket[] {
  const packets: ReadPacket[] = []
  for (const chunk of chunks) {
    reader.push(chunk)
    while (reader.next()) packets.push(readPacket(reader, sender))
  }
  return packets
}

function readFields(reader: PacketReader, sender: Sender): object {
  switch (reader.type) {
    case CONNECT:
      return readConnect(reader)
    case CONNACK:
      return readConnack(reader)
    case PUBLISH:
      return readWholePublish(reader, sender)
    case SUBSCRIBE:
      return readSubscribe(reader)
    case UNSUBSCRIBE:
      return readUnsubscribe(reader)
    case SUBACK:
    case UNSUBACK:
      return readSubscriptionAnswer(reader)
    case PINGREQ:
    case PINGRESP:
      readPing(reader)
      return {}
    case DISCONNECT:
    case AUTH:
      return readReasonPacket(reader, sender)
    default:
      return readAnswer(reader, sender)
  }
}

function readAnswer(reader: PacketReader, sender: Sender): object {
  const answer = new PublishAnswer()
  readPublishAnswer(reader, answer, sender)
  const { type, packetId, code, properties } = answer
  return { type, packetId, code, properties }
}

function readWholePublish(reader: PacketReader, sender: Sender): object {
  const publish = new PublishPacket()
  readPublish(reader, publish, sender)
  const { buffer, qos, isDuplicate, isRetained, packetId, properties } = publish
  return {
    qos,
    isDuplicate,
    isRetained,
    packetId,
    properties,
    topic: buffer.toString('utf8', publish.topicStart, publish.topicEnd),
    payload: buffer.toString('latin1', publish.payloadStart, publish.payloadEnd),
  }
}
