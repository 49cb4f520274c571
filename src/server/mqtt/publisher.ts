// Publishing on a connection: PUBLISH packets become messages for its intake, and what becomes of them becomes PUBACK
// and PUBREC. A message of QoS 2 is published when it comes first; its id is kept in the same atom [MQTT-4.3.3-10].
import type { Rights } from '../../auth/rights.ts'
import { BrokerError, bodyTooLarge } from '../../broker/broker-error.ts'
import type { Intake, IntakeClient } from '../../broker/publish/intake.ts'
import type { PublishLimit } from '../../broker/rate/publish-limit.ts'
import { isSystemTopic, systemStart } from '../../broker/session/topic-filter.ts'
import type { Party } from '../../broker/trace/party.ts'
import { PUBACK, PUBREC } from '../../codec/mqtt/packet-type.ts'
import type { PublishPacket } from '../../codec/mqtt/publish.ts'
import { reasonCode } from '../../codec/mqtt/reason-code.ts'
import { RecordSource } from '../../record/message/record-source.ts'
import type { Answers } from './answers.ts'
import type { BytesView, PublishToRecord } from './message/publish-to-record.ts'
import { type Failure, failureOf, MqttError } from './mqtt-error.ts'
import type { MqttPeer, MqttPlace } from './mqtt-peer.ts'
import type { IncomingAliases } from './topic-aliases.ts'

export interface PublisherParts {
  readonly place: MqttPlace
  readonly answers: Answers
  readonly aliases: IncomingAliases
  readonly toRecord: PublishToRecord
}

/** What the broker says of itself is nobody else's to publish. */
const systemBytes = Buffer.from(systemStart)
/** Where the QoS is in the number that an intake gives back with a message; the packet id is below it. */
const qosShift = 16
/** In a note: the message is retained, so it is kept though nobody has subscribed. */
const retainedBit = 1 << 18

export class MqttPublisher implements IntakeClient {
  readonly intake: Intake
  readonly #peer: MqttPeer
  readonly #parts: PublisherParts
  readonly #source = new RecordSource()

  constructor(peer: MqttPeer, parts: PublisherParts) {
    this.#peer = peer
    this.#parts = parts
    this.intake = peer.context.broker.createIntake(parts.place.vhost, this)
  }

  get user(): string {
    return this.#peer.principal?.user ?? ''
  }

  get tags(): readonly string[] {
    return this.#peer.principal?.tags ?? []
  }

  get rights(): Rights {
    return this.#parts.place.rights
  }

  get party(): Party {
    return this.#peer.party
  }

  /** MQTT has no direct answers. */
  get replyAddress(): undefined {
    return undefined
  }

  /** `isOwn`: the packet has a page of its own. Throws what ends the connection. */
  publish(publish: PublishPacket, isOwn: boolean): void {
    const { context } = this.#peer
    const topic = this.#parts.aliases.topicOf(publish)
    const { qos, packetId } = publish
    const size = publish.payloadEnd - publish.payloadStart
    context.counts.publishesReceived++
    context.counts.publishBytesReceived += size
    if (qos > 0 && !this.#admit(qos, packetId)) return
    if (size > context.settings.messageSizeMax) {
      const { message } = bodyTooLarge(size, context.settings.messageSizeMax)
      throw new MqttError(reasonCode.packetTooLarge, message)
    }
    if (startsWith(topic, systemBytes) && isSystemTopic(textOf(topic))) {
      this.#refuse(publish, { code: reasonCode.notAuthorized, text: 'nobody publishes to $SYS' })
      return
    }
    this.#offer(publish, topic, isOwn)
  }

  onPublished(source: RecordSource, note: number): void {
    const { intake } = this
    const { ticket, isRouted, isRefused, exchange } = intake
    const peer = this.#peer
    const { counters } = peer
    counters.published++
    counters.routed += intake.routedCount
    peer.context.broker.counters.messageSizes.observe(source.bodyEnd - source.bodyStart)
    if (!isRouted && (note & retainedBit) === 0) {
      counters.dropped++
      if (exchange !== undefined) exchange.dropped++
    }
    if (ticket !== undefined) peer.lastTicket = ticket
    if (qosOf(note) === 0) return
    counters.confirmable++
    if (isRefused) this.#onQueueFull(note)
    else this.#answer(note, isRouted ? reasonCode.success : reasonCode.noMatchingSubscribers)
  }

  onRefused(error: unknown): void {
    this.#peer.onError(error)
  }

  onLimited(limit: PublishLimit, size: number): void {
    this.#peer.rate?.onQueued(limit, 1, size)
  }

  onHeldSize(kind: 'parked' | 'input', size: number): void {
    const { held } = this.#peer
    held.change(kind, size)
    if (kind === 'parked' && size < 0) held.resumeIfFew()
  }

  onGoOn(): void {}

  /** The connection has ended. */
  release(): void {
    this.intake.release()
  }

  /** False: the client has sent this message of QoS 2 before, and is told once more. Throws MqttError. */
  #admit(qos: number, packetId: number): boolean {
    const { answers, place } = this.#parts
    if (qos === 2 && place.session.hasReceived(packetId)) {
      answers.add(PUBREC, packetId, reasonCode.success, this.#peer.lastTicket)
      return false
    }
    answers.unfinishedCount++
    const { receiveMax } = this.#peer.context.settings
    if (this.#peer.version !== 5 || answers.unfinishedCount <= receiveMax) return true
    const text = `more than ${receiveMax} messages without an answer`
    throw new MqttError(reasonCode.receiveMaximumExceeded, text)
  }

  #offer(publish: PublishPacket, topic: BytesView, isOwn: boolean): void {
    const source = this.#source
    if (!this.#parts.toRecord.convert(publish, topic, source)) {
      this.#onTopicTooLong(publish, topic)
      return
    }
    source.isBodyOwn = isOwn
    source.asideId = 0
    source.origin = this.#parts.place.session
    const { rate } = this.#peer
    this.#peer.onPublished()
    if (rate?.isLimited === true) {
      rate.look()
      rate.onPublished(1, source.bodyEnd - source.bodyStart)
    }
    const retained = publish.isRetained ? retainedBit : 0
    const note = retained | (publish.qos << qosShift) | publish.packetId
    try {
      source.companion = this.#companionOf(publish, topic)
      this.intake.offer(source, note)
    } catch (error) {
      this.#onOfferFailed(publish, error)
    }
  }

  #companionOf(
    { qos, packetId, isRetained, payloadStart, payloadEnd }: PublishPacket,
    { buffer, start, end }: BytesView,
  ): RecordSource['companion'] {
    if (!isRetained && qos !== 2) return undefined
    const { sessions, session } = this.#parts.place
    return sessions.companionOf({
      session,
      receivedId: qos === 2 ? packetId : undefined,
      topic: isRetained ? buffer.toString('utf8', start, end) : '',
      isRetained,
      isEmpty: payloadStart === payloadEnd,
    })
  }

  /** Throws what ends the connection. */
  #onOfferFailed(publish: PublishPacket, error: unknown): void {
    const failure = failureOf(error)
    if (failure === undefined || !(error instanceof BrokerError)) throw error
    const { disconnectsUnauthorized } = this.#peer.context.settings
    const isUnauthorized = failure.code === reasonCode.notAuthorized
    // Without a word for it an answer would be taken for success: so the client keeps the message.
    const isTold = publish.qos > 0 && this.#peer.version === 5
    if (isUnauthorized ? disconnectsUnauthorized : !isTold) throw error
    this.#refuse(publish, failure)
  }

  /** A topic is a routing key, of which AMQP has 255 bytes. */
  #onTopicTooLong(publish: PublishPacket, topic: BytesView): void {
    const text = `topic of ${topic.end - topic.start} bytes, 255 are allowed`
    const code = reasonCode.topicNameInvalid
    if (publish.qos === 0 || this.#peer.version !== 5) throw new MqttError(code, text)
    this.#refuse(publish, { code, text })
  }

  /** The message is dropped, which only MQTT 5 can say, and only of QoS 1 and 2. */
  #refuse({ qos, packetId }: PublishPacket, failure: Failure): void {
    if (qos === 0) return
    const { answers } = this.#parts
    const type = qos === 1 ? PUBACK : PUBREC
    if (this.#peer.version === 5) answers.refuse(type, packetId, failure)
    else answers.add(type, packetId, reasonCode.success, undefined)
  }

  #answer(note: number, code: number): void {
    const { version } = this.#peer
    const told = version === 5 ? code : reasonCode.success
    this.#parts.answers.add(
      qosOf(note) === 1 ? PUBACK : PUBREC,
      note & 0xffff,
      told,
      this.intake.ticket,
    )
  }

  /** A queue has no room. MQTT 3 cannot be told, and keeps the message for its next connection. */
  #onQueueFull(note: number): void {
    const packetId = note & 0xffff
    const { session } = this.#parts.place
    if (qosOf(note) === 2) session.forgetReceived(packetId)
    if (this.#peer.version === 5) this.#answer(note, reasonCode.quotaExceeded)
  }
}

function qosOf(note: number): number {
  return (note >>> qosShift) & 3
}

function textOf({ buffer, start, end }: BytesView): string {
  return buffer.toString('utf8', start, end)
}

function startsWith({ buffer, start, end }: BytesView, beginning: Buffer): boolean {
  if (end - start < beginning.length || buffer[start] !== beginning[0]) return false
  return buffer.compare(beginning, 0, beginning.length, start, start + beginning.length) === 0
}
