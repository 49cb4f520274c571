// Publishes one message for a client that has no channel, such as a request by HTTP: it passes an intake as any
// message does, and waits for what publishers wait for, but not for ever.
import type { Principal } from '../../auth/principal.ts'
import type { Rights } from '../../auth/rights.ts'
import type { RecordSource } from '../../record/message/record-source.ts'
import type { Broker } from '../broker.ts'
import type { ClientCounters } from '../counters/client-counters.ts'
import type { Destination } from '../destination.ts'
import type { PublishLimit } from '../rate/publish-limit.ts'
import type { PublishMeter } from '../rate/publish-meter.ts'
import type { VHost } from '../vhost.ts'
import type { Intake, IntakeClient } from './intake.ts'

export interface PublishOnceAsked {
  /** In memory of its own, address and header validated. */
  readonly source: RecordSource
  readonly principal: Principal
  readonly rights: Rights
  /** Where it is counted. */
  readonly counters: ClientCounters
  /** How long it may take, in milliseconds. */
  readonly msMax: number
}

/**
 * Where the message went: into queues, to none, to one that was full, or that is not known in time: then it
 * is dropped unless it was in its queues already, and only not yet durable.
 */
export type PublishedOnce = 'routed' | 'unroutable' | 'refused' | 'late'

/** Settled when the message is durable. Rejects with what `Intake.offer` throws. */
export async function publishOnce(
  broker: Broker,
  vhost: VHost<Destination>,
  asked: PublishOnceAsked,
): Promise<PublishedOnce> {
  using publishing = new OncePublishing(broker, vhost, asked)
  const timer = broker.clock.after(asked.msMax, publishing.onLate)
  try {
    publishing.begin()
    return await publishing.outcome
  } finally {
    timer.stop()
  }
}

const note = 0

class OncePublishing implements IntakeClient, Disposable {
  readonly replyAddress = undefined
  readonly outcome: Promise<PublishedOnce>
  readonly onLate: () => void
  readonly #asked: PublishOnceAsked
  readonly #intake: Intake
  readonly #meter: PublishMeter
  readonly #settle: {
    readonly resolve: (outcome: PublishedOnce) => void
    readonly reject: (error: unknown) => void
  }
  #isPaused = false
  #isBegun = false

  constructor(broker: Broker, vhost: VHost<Destination>, asked: PublishOnceAsked) {
    this.#asked = asked
    const { promise, resolve, reject } = Promise.withResolvers<PublishedOnce>()
    this.outcome = promise
    this.#settle = { resolve, reject }
    this.onLate = () => resolve('late')
    this.#intake = broker.createIntake(vhost, this)
    const { user } = asked.principal
    this.#meter = broker.rates.open({ user, vhost: vhost.name }, this)
  }

  get user(): string {
    return this.#asked.principal.user
  }

  get tags(): readonly string[] {
    return this.#asked.principal.tags
  }

  get rights(): Rights {
    return this.#asked.rights
  }

  /** Offers the message, once no limit is in debt. */
  begin(): void {
    this.#meter.look()
    this.#offerUnlessPaused()
  }

  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    this.#isPaused = false
    this.#offerUnlessPaused()
  }

  onPublished({ bodyStart, bodyEnd }: RecordSource): void {
    const { ticket, isRouted, isRefused, exchange } = this.#intake
    const { counters } = this.#asked
    this.#meter.onPublished(1, bodyEnd - bodyStart)
    counters.published++
    if (!isRouted) {
      counters.returned++
      if (exchange !== undefined) exchange.returned++
    }
    const onDurable = (): void => {
      if (!isRefused) counters.confirmed++
      this.#settle.resolve(isRefused ? 'refused' : isRouted ? 'routed' : 'unroutable')
    }
    if (ticket === undefined || ticket.isDurable) onDurable()
    else ticket.whenDurable(onDurable)
  }

  onRefused(error: unknown): void {
    this.#settle.reject(error)
  }

  onLimited(limit: PublishLimit, size: number): void {
    this.#meter.onQueued(limit, 1, size)
  }

  /** Whoever asks knows what it holds. */
  onHeldSize(): void {}

  onGoOn(): void {}

  [Symbol.dispose](): void {
    this.#intake.release()
    this.#meter.close()
  }

  #offerUnlessPaused(): void {
    if (this.#isPaused || this.#isBegun) return
    this.#isBegun = true
    try {
      this.#intake.offer(this.#asked.source, note)
    } catch (error) {
      this.#settle.reject(error)
    }
  }
}
