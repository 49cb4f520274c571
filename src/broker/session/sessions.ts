// The sessions of a cell, by virtual host.
import type { Steps } from '../../lib/slices.ts'
import type { Broker } from '../broker.ts'
import type { Destination } from '../destination.ts'
import type { VHost } from '../vhost.ts'
import { RetainByHeader } from './retain-by-header.ts'
import { SessionCounters } from './session-counters.ts'
import { keptGroupsOf, keptSessionsOf } from './session-rows.ts'
import { type SessionBudget, VHostSessions } from './vhost-sessions.ts'

export interface SessionsOptions {
  /** That messages by topic are published to, and that subscriptions hang at. */
  readonly exchange: string
  /** Whether messages of QoS 0 wait for clients that are away. */
  readonly keepsQos0: boolean
}

/** The way to them for who only looks and manages. */
export interface SessionsDoor {
  /** Those of an earlier process as well: loaded for the first who asks. */
  openSessions(): Promise<Sessions>
  /** Undefined where nobody has asked for any. */
  readonly sessions: Sessions | undefined
}

export class Sessions implements Disposable {
  readonly budget: SessionBudget = { sessions: 0, subscriptions: 0, expired: 0 }
  readonly counters: SessionCounters = new SessionCounters()
  /** For clients that do not speak MQTT. */
  readonly retention: RetainByHeader = new RetainByHeader(this)
  readonly #broker: Broker
  readonly #options: SessionsOptions
  readonly #byVHost = new Map<VHost<Destination>, VHostSessions>()

  constructor(broker: Broker, options: SessionsOptions) {
    this.#options = options
    this.#broker = broker
    broker.deletionListeners.push((queue) => {
      this.find(queue.vhost)?.onQueueDeleted(queue)
    })
    broker.vhostDeletionListeners.push((vhost) => {
      this.#byVHost.get(vhost)?.onVHostDeleted()
      this.#byVHost.delete(vhost)
    })
  }

  /** That messages by topic are published to. */
  get exchange(): string {
    return this.#options.exchange
  }

  /** Those of a virtual host that is there. */
  of(vhost: VHost<Destination>): VHostSessions {
    const known = this.#byVHost.get(vhost)
    if (known !== undefined) return known
    const { budget } = this
    const parts = { ...this.#options, broker: this.#broker, vhost, budget }
    const sessions = new VHostSessions(parts)
    this.#byVHost.set(vhost, sessions)
    return sessions
  }

  /** Those of a virtual host that somebody has asked for. */
  find(name: string): VHostSessions | undefined {
    const vhost = this.#broker.findVHost(name)
    return vhost && this.#byVHost.get(vhost)
  }

  /** Those that there are sessions of. */
  [Symbol.iterator](): IterableIterator<VHostSessions> {
    return this.#byVHost.values()
  }

  /** Puts back what an earlier process kept, before any client comes; `begin` is to follow. */
  restore(state: ReadonlyMap<string, Buffer>): Promise<void> {
    return this.#broker.slices.run(this.#restore(state))
  }

  /** Users are known by now: what waited for them since `restore` goes on, wills and times of sessions. */
  begin(): void {
    for (const sessions of this) sessions.begin()
  }

  *#restore(state: ReadonlyMap<string, Buffer>): Steps<void> {
    for (const vhost of this.#broker.vhosts) yield* this.of(vhost).retained.restore()
    for (const { vhost: name, queueName } of keptGroupsOf(state)) {
      const vhost = this.#broker.findVHost(name)
      if (vhost !== undefined) this.of(vhost).groups.expect(queueName)
    }
    for (const kept of keptSessionsOf(state)) {
      const vhost = this.#broker.findVHost(kept.vhost)
      if (vhost !== undefined) this.of(vhost).restore(kept)
      yield
    }
    for (const sessions of this) sessions.onRestored()
  }

  [Symbol.dispose](): void {
    for (const sessions of this) sessions[Symbol.dispose]()
  }
}
