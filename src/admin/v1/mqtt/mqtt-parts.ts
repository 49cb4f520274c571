// What operations on sessions and retained messages are made of, and who may see and do what.
//
// Sessions are seen as connections are: by their users, and all of them by monitoring. Messages that are retained are
// seen by those who may read the exchange and their topics, as a subscriber may; that they are there, by administrators.
import type { Rights } from '../../../auth/rights.ts'
import type { Destination } from '../../../broker/destination.ts'
import { permit, permitTopic } from '../../../broker/permit.ts'
import type { Session } from '../../../broker/session/session.ts'
import type { VHostSessions } from '../../../broker/session/vhost-sessions.ts'
import type { VHost } from '../../../broker/vhost.ts'
import { keyOfTopic } from '../../../record/message/published-topic.ts'
import type { ManagementParts } from '../../answers.ts'
import type { Caller } from '../../api/caller.ts'
import { visibleVHosts } from '../../api/visible-vhosts.ts'
import { maySee } from '../../rabbitmq/listed-client.ts'

export type MqttAdminParts = Pick<ManagementParts, 'broker' | 'mqtt'>

/** Those of a virtual host. */
export interface MqttPlace {
  readonly vhost: VHost<Destination>
  readonly sessions: VHostSessions
  /** That messages by topic are published to. */
  readonly exchange: string
}

/** Undefined where there is no such virtual host. */
export async function placeOf(
  { broker, mqtt }: MqttAdminParts,
  name: string,
): Promise<MqttPlace | undefined> {
  const vhost = broker.findVHost(name)
  if (vhost === undefined) return undefined
  const all = await mqtt.openSessions()
  return { vhost, sessions: all.of(vhost), exchange: all.exchange }
}

/** Of the virtual hosts that the caller sees, or of one of them. */
export async function placesSeen(
  { broker, mqtt }: MqttAdminParts,
  caller: Caller,
  only: string | undefined,
): Promise<MqttPlace[]> {
  const all = await mqtt.openSessions()
  const vhosts = visibleVHosts(broker, caller).filter(
    ({ name }) => only === undefined || name === only,
  )
  return vhosts.flatMap((vhost) => {
    const sessions = all.find(vhost.name)
    return sessions === undefined ? [] : [{ vhost, sessions, exchange: all.exchange }]
  })
}

export function* sessionsSeen(places: readonly MqttPlace[], caller: Caller): Generator<Session> {
  for (const { sessions } of places) {
    for (const session of sessions.all.values()) if (maySee(caller, session.user)) yield session
  }
}

export function mayChange(caller: Caller, { user }: Pick<Session, 'user'>): boolean {
  return caller.hasTag('administrator') || caller.principal.user === user
}

/** What the caller sees of retained messages of a virtual host. */
export class RetainedView {
  readonly #rights: Rights
  readonly #exchange: string
  readonly #seesNames: boolean
  readonly #mayRead: boolean

  constructor({ vhost, exchange }: MqttPlace, caller: Caller) {
    this.#rights = caller.rightsIn(vhost.name)
    this.#exchange = exchange
    this.#seesNames = caller.hasTag('administrator')
    this.#mayRead = this.#rights.isUnrestricted || this.#rights.may('read', exchange)
  }

  /** Whether there may be something that the caller sees: names of levels are shown to who may read some topics. */
  get seesSome(): boolean {
    return this.#seesNames || this.#mayRead
  }

  seesTopic(topic: string): boolean {
    return this.#seesNames || this.seesValue(topic)
  }

  seesValue(topic: string): boolean {
    const rights = this.#rights
    if (!this.#mayRead) return false
    if (rights.isUnrestricted || !rights.restrictsTopics(this.#exchange)) return true
    return rights.mayTopic('read', this.#exchange, keyOfTopic(topic))
  }

  mayWrite(topic: string): boolean {
    const rights = this.#rights
    if (rights.isUnrestricted) return true
    if (!rights.may('write', this.#exchange)) return false
    if (!rights.restrictsTopics(this.#exchange)) return true
    return rights.mayTopic('write', this.#exchange, keyOfTopic(topic))
  }
}

/** Throws `access_refused` unless the caller may publish to the topic. */
export function permitTopicWrite(
  { vhost, exchange }: MqttPlace,
  caller: Caller,
  topic: string,
): void {
  const rights = caller.rightsIn(vhost.name)
  permit(rights, 'write', { kind: 'exchange', name: exchange })
  permitTopic(rights, 'write', vhost, { exchange, routingKey: keyOfTopic(topic) })
}
