// A client of sessions without a wire: it notes what it is sent, and answers when a test says so.
import assert from 'node:assert/strict'
import { ConsumedCounts } from '../../src/broker/counters/consumed-counts.ts'
import type { DirectMessage } from '../../src/broker/exchange/topic-subscriber.ts'
import type {
  DeliveryFacts,
  SessionClient,
  SessionDelivery,
  SessionEnd,
} from '../../src/broker/session/session-client.ts'
import type { Session } from '../../src/broker/session/session.ts'
import { parseTopicFilter } from '../../src/broker/session/topic-filter.ts'
import type {
  Connected,
  ConnectAsked,
  VHostSessions,
} from '../../src/broker/session/vhost-sessions.ts'
import { decodeAddress } from '../../src/record/message/address.ts'
import { topicOfKey, topicOfRecord } from '../../src/record/message/published-topic.ts'
import type { RecordView } from '../../src/record/message/record-view.ts'

export interface Received {
  readonly topic: string
  readonly text: string
  readonly qos: number
  /** 0 for one that came past all queues. */
  readonly packetId: number
  readonly isDuplicate: boolean
  readonly isRetained: boolean
  readonly ids: readonly number[]
}

export class SessionActor implements SessionClient {
  readonly received: Received[] = []
  readonly released: number[] = []
  readonly ends: SessionEnd[] = []
  readonly counts: ConsumedCounts = new ConsumedCounts()
  hasRoom = true
  session: Session | undefined
  readonly #sessions: VHostSessions
  readonly #clientId: string

  constructor(sessions: VHostSessions, clientId: string) {
    this.#sessions = sessions
    this.#clientId = clientId
  }

  countsOf(): ConsumedCounts {
    return this.counts
  }

  get texts(): string[] {
    return this.received.map(({ text }) => text)
  }

  connect(asked: Partial<ConnectAsked> = {}): Connected {
    const connected = this.#sessions.connect({
      clientId: this.#clientId,
      user: 'guest',
      isCleanStart: false,
      expiryMs: Infinity,
      will: undefined,
      receiveMax: 20,
      client: this,
      ...asked,
    })
    this.session = connected.session
    connected.session.start()
    return connected
  }

  subscribe(
    text: string,
    options: Partial<Parameters<VHostSessions['subscribe']>[1][0]['options']> = {},
  ): void {
    const filter = parseTopicFilter(text)
    assert.ok(filter && this.session)
    const full = { qos: 1, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const
    const { areNew } = this.#sessions.subscribe(this.session, [
      { filter, options: { ...full, ...options } },
    ])
    this.#sessions.sendRetained(this.session, text, areNew[0] === true)
  }

  leave(how: { sendsWill?: boolean; expiryMs?: number } = {}): void {
    assert.ok(this.session)
    this.#sessions.leave(this.session, this, { sendsWill: false, ...how })
  }

  /** Answers all that it was sent: PUBACK, or PUBREC and PUBCOMP. */
  answerAll(): void {
    for (const { packetId, qos } of this.received) {
      if (qos === 1) this.session?.onPuback(packetId, false)
      if (qos === 2) this.session?.onPubrec(packetId, false)
    }
    for (const packetId of this.released) this.session?.onPubcomp(packetId)
  }

  canTake(): boolean {
    return this.hasRoom
  }

  deliver({ record, ...facts }: SessionDelivery): boolean {
    this.#note(record, facts)
    return true
  }

  deliverDirectly({ source }: DirectMessage, facts: DeliveryFacts): void {
    const { routingKey } = decodeAddress(source.address, source.addressStart)
    this.received.push({
      topic: source.topic ?? topicOfKey(routingKey),
      text: source.body.toString('utf8', source.bodyStart, source.bodyEnd),
      qos: 0,
      packetId: 0,
      isDuplicate: false,
      isRetained: facts.isRetained,
      ids: facts.subscriptionIds,
    })
  }

  deliverRetained(record: RecordView, facts: DeliveryFacts): boolean {
    this.#note(record, { ...facts, packetId: 0, isDuplicate: false })
    return true
  }

  release(packetId: number): void {
    this.released.push(packetId)
  }

  onEnded(reason: SessionEnd): void {
    this.ends.push(reason)
  }

  #note(record: RecordView, facts: Omit<SessionDelivery, 'record'>): void {
    const { qos, packetId, isDuplicate, isRetained, subscriptionIds: ids } = facts
    this.received.push({
      topic: topicOfRecord(record),
      text: record.body.toString('utf8', record.bodyStart, record.bodyEnd),
      qos,
      packetId,
      isDuplicate,
      isRetained,
      ids,
    })
  }
}
