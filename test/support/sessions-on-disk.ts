// Sessions of processes one after the other on one disk in memory, with a virtual clock.
import assert from 'node:assert/strict'
import type { Principal } from '../../src/auth/principal.ts'
import { Rights } from '../../src/auth/rights.ts'
import type { Intake } from '../../src/broker/publish/intake.ts'
import { Sessions } from '../../src/broker/session/sessions.ts'
import type { VHostSessions } from '../../src/broker/session/vhost-sessions.ts'
import type { Will } from '../../src/broker/session/will.ts'
import { encodeAddress } from '../../src/record/message/address.ts'
import { encodeContentHeader } from '../../src/record/message/content-header.ts'
import { table } from '../../src/record/message/field-table.ts'
import { sourceFrom } from '../../src/record/message/fill-source.ts'
import {
  isKeyExact,
  keyOfTopic,
  qosHeader,
  topicHeader,
} from '../../src/record/message/published-topic.ts'
import type { RecordSource } from '../../src/record/message/record-source.ts'
import { DelaysOnDisk, type DelaysUnderTest } from './delays-under-test.ts'
import { SessionActor } from './session-actor.ts'

export interface PublishAsked {
  readonly qos?: 0 | 1 | 2
  readonly isRetained?: boolean
  /** Of the session that publishes it, where that matters. */
  readonly by?: SessionActor
  readonly packetId?: number
  /** In milliseconds. */
  readonly expiration?: number
}

/** One process. */
export class SessionsProcess {
  readonly it: DelaysUnderTest
  readonly all: Sessions
  readonly sessions: VHostSessions
  readonly #intake: Intake

  constructor(it: DelaysUnderTest, all: Sessions) {
    this.it = it
    this.all = all
    this.sessions = all.of(it.broker.getVHost('/'))
    this.#intake = it.broker.createIntake(it.broker.getVHost('/'), {
      user: 'guest',
      tags: [],
      replyAddress: undefined,
      rights: new Rights({ user: 'guest', vhost: '/' }, { permission: 'all', topics: [] }),
      onPublished: () => undefined,
      onRefused: (error) => assert.fail(error as Error),
      onHeldSize: () => undefined,
      onGoOn: () => undefined,
      onLimited: () => undefined,
    })
  }

  actor(clientId: string): SessionActor {
    return new SessionActor(this.sessions, clientId)
  }

  /** Says when it is durable; undefined when nothing of it will be. */
  publish(topic: string, text: string, asked: PublishAsked = {}): Intake['ticket'] {
    const { qos = 1, isRetained = false, by, packetId, expiration } = asked
    const source = sourceOf(topic, text, { qos, expiration })
    source.origin = by?.session
    if (by?.session !== undefined || isRetained) {
      source.companion = this.sessions.companionOf({
        session: by?.session as never,
        receivedId: qos === 2 ? packetId : undefined,
        topic,
        isRetained,
        isEmpty: text === '',
      })
    }
    this.#intake.offer(source, 0)
    return this.#intake.ticket
  }

  get isRouted(): boolean {
    return this.#intake.isRouted
  }
}

export class SessionsOnDisk {
  readonly disk: DelaysOnDisk = new DelaysOnDisk()

  /** Guest, to whom wills belong, may do everything. */
  async start(pauseMs = 0): Promise<SessionsProcess> {
    const it = await this.disk.start(pauseMs)
    const named = { name: 'guest', tags: [] }
    it.broker.access.setOwn({
      ...named,
      passwordHash: '',
      hashingAlgorithm: 'rabbit_password_hashing_sha256',
    })
    const sessions = new Sessions(it.broker, { exchange: 'amq.topic', keepsQos0: false })
    await this.disk.pump(sessions.restore(this.disk.state))
    sessions.begin()
    return new SessionsProcess(it, sessions)
  }

  async stop({ it, all }: SessionsProcess): Promise<void> {
    all[Symbol.dispose]()
    await this.disk.stop(it)
  }

  /** Until all that was begun is durable and delivered. */
  async settle(): Promise<void> {
    for (let count = 0; count < 30; count++) await this.disk.turn()
  }
}

/** Whose wills are published. */
export const guest: Principal = { user: 'guest', tags: [], protocol: 'MQTT', address: '127.0.0.1' }

export function sourceOf(
  topic: string,
  text: string,
  { qos, expiration }: { readonly qos: 0 | 1 | 2; readonly expiration?: number | undefined },
): RecordSource {
  const body = Buffer.from(text)
  const headers = {
    ...(qos === 2 && { [qosHeader]: 2 }),
    ...(!isKeyExact(topic) && { [topicHeader]: topic }),
  }
  const header = encodeContentHeader(body.length, {
    ...(qos > 0 && { deliveryMode: 2 }),
    ...(expiration !== undefined && { expiration: String(expiration) }),
    ...(Object.keys(headers).length > 0 && { headers: table(headers) }),
  })
  const source = sourceFrom({
    address: encodeAddress('amq.topic', keyOfTopic(topic)),
    header,
    body,
  })
  if (!isKeyExact(topic)) source.topic = topic
  return source
}

/** A will for a topic. */
export function willOf(topic: string, text: string, rest: Partial<Will> = {}): Will {
  const { header } = sourceOf(topic, text, { qos: 1 })
  const address = encodeAddress('amq.topic', topic.replaceAll('/', '.'))
  const body = Buffer.from(text)
  const message = { address, header, body, topic: undefined, retainedAs: undefined }
  return { publisher: guest, ...message, delayMs: 0, ...rest }
}
