// Counts what one connection publishes, and says when it has to wait because a limit that holds for it is in
// debt. Nothing is refused and nothing is lost: its protocol stops reading it for so long.
import type { PublishLimit, RateWaiter } from './publish-limit.ts'

/** The connection, which is not read while it waits. */
export interface MeteredConnection {
  pause(): void
  resume(): void
}

export class PublishMeter implements RateWaiter {
  /** Whether anything has to be counted: all that who has no limits looks at. */
  isLimited = false
  readonly #connection: MeteredConnection
  #limits: readonly PublishLimit[] = []
  #waitingFor: PublishLimit | undefined
  /** Of the queues that it has left in debt, the one with the longest. */
  #queue: PublishLimit | undefined

  constructor(connection: MeteredConnection) {
    this.#connection = connection
  }

  /** These limits hold from now on. */
  setLimits(limits: readonly PublishLimit[]): void {
    this.#limits = limits
    this.isLimited = limits.length > 0
    if (this.#waitingFor === undefined) return
    this.#waitingFor.forget(this)
    this.onPaid()
  }

  /** How long until no limit is in debt, in ms. */
  get debtMs(): number {
    const queueMs = this.#queue?.debtMs ?? 0
    return Math.max(queueMs, ...this.#limits.map(({ debtMs }) => debtMs))
  }

  /**
   * To be called before something is published: the connection is paused in the call while others, or a connection
   * that is gone, have left a limit in debt.
   */
  look(): void {
    if (this.#waitingFor === undefined && this.#waitForDebtor()) this.#connection.pause()
  }

  /** Counts messages and the bytes of their bodies; the connection may be paused in the call. */
  onPublished(messages: number, bytes: number): void {
    for (const limit of this.#limits) limit.take(messages, bytes)
    this.look()
  }

  /** The same for what has come into a queue with this limit. */
  onQueued(limit: PublishLimit, messages: number, bytes: number): void {
    limit.take(messages, bytes)
    if (limit.debtMs > (this.#queue?.debtMs ?? 0)) this.#queue = limit
    this.look()
  }

  onPaid(): void {
    this.#waitingFor = undefined
    if (!this.#waitForDebtor()) this.#connection.resume()
  }

  /** The connection is gone. */
  close(): void {
    this.#waitingFor?.forget(this)
    this.#waitingFor = undefined
    this.#limits = []
    this.#queue = undefined
    this.isLimited = false
  }

  #waitForDebtor(): boolean {
    if (this.#queue?.debtMs === 0) this.#queue = undefined
    const debtor = this.#queue ?? this.#limits.find(({ debtMs }) => debtMs > 0)
    this.#waitingFor = debtor
    debtor?.wait(this)
    return debtor !== undefined
  }
}
