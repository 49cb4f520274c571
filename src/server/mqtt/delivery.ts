// What a client is sent by its session: messages as PUBLISH packets, and PUBREL. What does not fit its Maximum Packet
// Size is dropped as if it were delivered [MQTT-3.1.2-25].
import type { ConsumedCounts } from '../../broker/counters/consumed-counts.ts'
import type { DirectMessage } from '../../broker/exchange/topic-subscriber.ts'
import type { QueueType } from '../../broker/queue-arguments.ts'
import type {
  DeliveryFacts,
  SessionClient,
  SessionDelivery,
  SessionEnd,
} from '../../broker/session/session-client.ts'
import type { Party } from '../../broker/trace/party.ts'
import { type MqttVersion, mqttVersionNames, PUBREL } from '../../codec/mqtt/packet-type.ts'
import { publishAnswerSizeMax, writePublishAnswer } from '../../codec/mqtt/publish-answer.ts'
import {
  OutgoingPublish,
  publishSize,
  writePublish,
  writePublishHead,
} from '../../codec/mqtt/publish.ts'
import { reasonCode } from '../../codec/mqtt/reason-code.ts'
import { pagePool } from '../../lib/page-pool.ts'
import { clientLimits } from '../../limits/clients.ts'
import { mqttLimits } from '../../limits/mqtt.ts'
import type { RecordView } from '../../record/message/record-view.ts'
import {
  bytesOfSource,
  bytesOfView,
  contentOf,
  type MessageBytes,
  type PublishContent,
} from './message/record-to-publish.ts'
import type { MqttPeer } from './mqtt-peer.ts'
import type { OutgoingAliases } from './topic-aliases.ts'

export interface DeliveryParts {
  /** Largest packet that the client takes. */
  readonly packetSizeMax: number
  readonly aliases: OutgoingAliases
}

/** What is made of a message once for all clients that it goes to at the same time. */
interface SharedPublish {
  /** Undefined for one that no client of the version can be sent. */
  readonly contents: Map<boolean, PublishContent | undefined>
  /** A large payload, in memory that stays. */
  body: Buffer | undefined
}

/** One is enough: a packet is written within the call. */
const outgoing = new OutgoingPublish()
const noIds: readonly number[] = []
const emptyBuffer = Buffer.alloc(0)

export class MqttDelivery implements SessionClient {
  readonly #peer: MqttPeer
  readonly #parts: DeliveryParts

  constructor(peer: MqttPeer, parts: DeliveryParts) {
    this.#peer = peer
    this.#parts = parts
  }

  get party(): Party {
    return this.#peer.party
  }

  countsOf(type: QueueType): ConsumedCounts {
    const { context, version } = this.#peer
    return context.broker.counters.consumedBy(`MQTT ${mqttVersionNames[version]}`, type)
  }

  canTake(): boolean {
    return this.#peer.outputRoom.hasDeliveryRoom
  }

  deliver(delivery: SessionDelivery): boolean {
    const { record, packetId, isDuplicate } = delivery
    if (!this.#fill(record, delivery)) return false
    outgoing.packetId = packetId
    outgoing.isDuplicate = isDuplicate
    if (!this.#send(record.body)) return false
    const { counters } = this.#peer
    // Of QoS 0 as well: it is from a queue, and its session acks it.
    counters.delivered++
    if (isDuplicate) counters.redelivered++
    return true
  }

  deliverDirectly(message: DirectMessage, facts: DeliveryFacts): void {
    const { outputRoom, context, counters, version } = this.#peer
    if (!outputRoom.hasRoom) {
      context.counts.publishesDropped++
      context.sessions.counters.droppedQos0++
      return
    }
    const { source } = message
    const now = context.clock.now()
    const shared = sharedOf(message)
    const content = sharedContent(shared, version === 5, () => bytesOfSource(source, now))
    if (content === undefined) return
    fillOutgoing(content, facts)
    outgoing.payload = source.body
    outgoing.payloadStart = source.bodyStart
    outgoing.payloadEnd = source.bodyEnd
    const size = source.bodyEnd - source.bodyStart
    if (size > clientLimits.copiedBodySizeMax) {
      shared.body ??= Buffer.from(source.body.subarray(source.bodyStart, source.bodyEnd))
      outgoing.payload = shared.body
      outgoing.payloadStart = 0
      outgoing.payloadEnd = size
    }
    if (this.#send(outgoing.payload)) counters.deliveredNoAck++
  }

  deliverRetained(record: RecordView, facts: DeliveryFacts): boolean {
    if (!this.#peer.outputRoom.hasDeliveryRoom) return false
    if (this.#fill(record, facts) && this.#send(record.body)) this.#peer.counters.deliveredNoAck++
    return true
  }

  release(packetId: number): void {
    const { output, version, context } = this.#peer
    const start = output.reserve(publishAnswerSizeMax)
    const answer = { type: PUBREL, packetId, code: reasonCode.success }
    const end = writePublishAnswer(output.buffer, start, answer, version)
    output.advance(end)
    // It answers PUBREC, which may come as often as the client likes.
    output.answeredSize += end - start
    context.counts.packetsSent++
    this.#peer.scheduleFlush()
  }

  onEnded(reason: SessionEnd): void {
    this.#peer.endFor(...endings[reason])
  }

  /** Sends a value that is in no queue and no exchange: it is gone when there is no room. */
  sendValue(topic: Buffer, value: Buffer, isRetained: boolean): void {
    if (!this.#peer.outputRoom.hasRoom) return
    const facts = { qos: 0, isRetained, subscriptionIds: noIds } as const
    fillOutgoing({ topic, properties: emptyBuffer }, facts)
    outgoing.payload = value
    outgoing.payloadStart = 0
    outgoing.payloadEnd = value.length
    this.#send(value)
  }

  /** False for what no client can be sent. */
  #fill(record: RecordView, facts: DeliveryFacts): boolean {
    const { context, version } = this.#peer
    const hasProperties = version === 5
    const content = contentOf(bytesOfView(record), context.clock.now(), { hasProperties })
    if (content === undefined) return false
    fillOutgoing(content, facts)
    outgoing.payload = record.body
    outgoing.payloadStart = record.bodyStart
    outgoing.payloadEnd = record.bodyEnd
    return true
  }

  /** Writes the packet; `body` is what its payload is in. False when it is too large for the client. */
  #send(body: Buffer): boolean {
    const peer = this.#peer
    const { version, output } = peer
    const { counts } = peer.context
    const payloadSize = outgoing.payloadEnd - outgoing.payloadStart
    const isSendable = payloadSize <= mqttLimits.payloadSizeMax
    let size = isSendable ? publishSize(outgoing, version) : Infinity
    if (!isSendable || size > this.#parts.packetSizeMax) {
      counts.publishesDropped++
      return false
    }
    if (version === 5 && this.#parts.aliases.isUsed) size = this.#useAlias(size, version)
    if (payloadSize > clientLimits.copiedBodySizeMax) this.#writeParts(size - payloadSize, body)
    else {
      const start = output.reserve(size)
      output.advance(writePublish(output.buffer, start, outgoing, version))
    }
    counts.packetsSent++
    counts.publishesSent++
    counts.publishBytesSent += payloadSize
    peer.scheduleFlush()
    return true
  }

  /** A large payload is sent from where it is. */
  #writeParts(headSize: number, body: Buffer): void {
    const { output, version } = this.#peer
    const start = output.reserve(headSize)
    output.advance(writePublishHead(output.buffer, start, outgoing, version))
    if (pagePool.retain(body)) output.releaseOnceSent(body)
    output.appendView(outgoing.payload.subarray(outgoing.payloadStart, outgoing.payloadEnd))
  }

  #useAlias(size: number, version: MqttVersion): number {
    const { aliases, packetSizeMax } = this.#parts
    const topic = outgoing.topic.toString('latin1')
    const known = aliases.find(topic)
    if (known > 0) {
      outgoing.topic = emptyBuffer
      outgoing.topicAlias = known
      return publishSize(outgoing, version)
    }
    // The size of the properties may take one more byte as well.
    const aliasSizeMax = 4
    if (size + aliasSizeMax > packetSizeMax) return size
    outgoing.topicAlias = aliases.give(topic)
    return publishSize(outgoing, version)
  }
}

/** What the client is told. */
const endings: Readonly<Record<SessionEnd, readonly [code: number, text: string]>> = {
  'taken-over': [reasonCode.sessionTakenOver, 'another connection has the client id'],
  deleted: [reasonCode.administrativeAction, 'the session was deleted'],
  disconnected: [reasonCode.administrativeAction, 'an operator ended the connection'],
}

function fillOutgoing({ topic, properties }: PublishContent, facts: DeliveryFacts): void {
  outgoing.topic = topic
  outgoing.properties = properties
  outgoing.qos = facts.qos
  outgoing.isRetained = facts.isRetained
  outgoing.subscriptionIds = facts.subscriptionIds
  outgoing.isDuplicate = false
  outgoing.packetId = 0
  outgoing.topicAlias = 0
}

function sharedOf(message: DirectMessage): SharedPublish {
  const known = message.shared as SharedPublish | undefined
  if (known !== undefined) return known
  const shared: SharedPublish = { contents: new Map(), body: undefined }
  message.shared = shared
  return shared
}

function sharedContent(
  { contents }: SharedPublish,
  hasProperties: boolean,
  bytes: () => MessageBytes,
): PublishContent | undefined {
  if (!contents.has(hasProperties)) {
    const message = bytes()
    contents.set(hasProperties, contentOf(message, message.timestamp, { hasProperties }))
  }
  return contents.get(hasProperties)
}
