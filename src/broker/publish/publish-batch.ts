// Publishes messages in their order for a client that has no channel, such as a request by HTTP: they pass an
// intake as any message does, and wait for what publishers wait for, but not for ever.
import type { Principal } from '../../auth/principal.ts'
import type { Rights } from '../../auth/rights.ts'
import { Fifo } from '../../lib/fifo.ts'
import type { RecordSource } from '../../record/message/record-source.ts'
import type { Broker } from '../broker.ts'
import type { ClientCounters } from '../counters/client-counters.ts'
import type { Destination } from '../destination.ts'
import type { PublishLimit } from '../rate/publish-limit.ts'
import type { PublishMeter } from '../rate/publish-meter.ts'
import type { RetainByHeader } from '../session/retain-by-header.ts'
import type { Party } from '../trace/party.ts'
import type { VHost } from '../vhost.ts'
import type { Intake, IntakeClient } from './intake.ts'

export interface PublishBatchAsked {
  /** One at least; in memory of their own, addresses and headers validated. */
  readonly sources: readonly RecordSource[]
  readonly principal: Principal
  readonly rights: Rights
  /** What messages do besides that ask for it in their headers; left out, nothing. */
  readonly retention?: Pick<RetainByHeader, 'companionOf'> | undefined
  /** Where it is counted. */
  readonly counters: ClientCounters
  /** How long all of it may take, in milliseconds. */
  readonly msMax: number
  /** Whoever asked is gone: what waits is dropped. Left out, nobody goes. */
  readonly signal?: AbortSignal
}

/**
 * Where a message went: into queues, to none, or to one that was full. In time it is known of no others:
 * `blocked` had to wait for too long and was dropped; `late` is in its queues, and may not be durable.
 */
export type PublishedOnce = 'routed' | 'unroutable' | 'refused' | 'blocked' | 'late'

/** What became of one message; `error` is what `Intake.offer` threw. */
export type PublishedOne =
  | { readonly outcome: PublishedOnce }
  | { readonly outcome: 'error'; readonly error: unknown }

/** Settled, in the order of the messages, when what has come into queues is durable. */
export async function publishBatch(
  broker: Broker,
  vhost: VHost<Destination>,
  asked: PublishBatchAsked,
): Promise<readonly PublishedOne[]> {
  using publishing = new BatchPublishing(broker, vhost, asked)
  const timer = broker.clock.after(asked.msMax, publishing.onLate)
  const { signal } = asked
  signal?.addEventListener('abort', publishing.onLate)
  try {
    publishing.begin()
    return await publishing.outcomes
  } finally {
    timer.stop()
    signal?.removeEventListener('abort', publishing.onLate)
  }
}

class BatchPublishing implements IntakeClient, Disposable {
  readonly replyAddress = undefined
  readonly outcomes: Promise<readonly PublishedOne[]>
  readonly onLate: () => void
  readonly #vhost: VHost<Destination>
  readonly #asked: PublishBatchAsked
  readonly #intake: Intake
  readonly #meter: PublishMeter
  readonly #done: (PublishedOne | undefined)[]
  readonly #resolve: (outcomes: readonly PublishedOne[]) => void
  #leftCount: number
  /** The first that was not offered yet. */
  #next = 0
  /** Those that wait in the intake. */
  readonly #untold = new Fifo<number>()
  #isPaused = false

  constructor(broker: Broker, vhost: VHost<Destination>, asked: PublishBatchAsked) {
    this.#vhost = vhost
    this.#asked = asked
    const { promise, resolve } = Promise.withResolvers<readonly PublishedOne[]>()
    this.outcomes = promise
    this.#resolve = resolve
    const { length } = asked.sources
    this.#leftCount = length
    this.#done = Array.from({ length })
    this.onLate = () => {
      // They are told of in their order.
      const first = this.#untold.first ?? this.#next
      resolve(
        this.#done.map((done, note) => done ?? { outcome: note >= first ? 'blocked' : 'late' }),
      )
    }
    this.#intake = broker.createIntake(vhost, this)
    const { user } = asked.principal
    this.#meter = broker.rates.open({ user, vhost: vhost.name }, this)
  }

  get user(): string {
    return this.#asked.principal.user
  }

  get party(): Party {
    return { protocol: 'HTTP', user: this.user }
  }

  get tags(): readonly string[] {
    return this.#asked.principal.tags
  }

  get rights(): Rights {
    return this.#asked.rights
  }

  /** Offers the messages, as long as no limit is in debt. */
  begin(): void {
    this.#meter.look()
    this.#offer()
  }

  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    this.#isPaused = false
    this.#offer()
  }

  onPublished({ bodyStart, bodyEnd }: RecordSource, note: number): void {
    this.#untold.shift()
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
      this.#settle(note, { outcome: isRefused ? 'refused' : isRouted ? 'routed' : 'unroutable' })
    }
    if (ticket === undefined || ticket.isDurable) onDurable()
    else ticket.whenDurable(onDurable)
  }

  /** The intake tells of messages in their order. */
  onRefused(error: unknown): void {
    const note = this.#untold.shift()
    if (note !== undefined) this.#settle(note, { outcome: 'error', error })
  }

  onLimited(limit: PublishLimit, size: number): void {
    this.#meter.onQueued(limit, 1, size)
  }

  /** Whoever asks knows what it holds. */
  onHeldSize(): void {}

  onGoOn(): void {}

  [Symbol.dispose](): void {
    this.#next = this.#asked.sources.length
    this.#intake.release()
    this.#meter.close()
  }

  #offer(): void {
    const { sources, retention } = this.#asked
    while (!this.#isPaused && this.#next < sources.length) {
      const note = this.#next++
      const source = sources[note] as RecordSource
      try {
        source.companion ??= retention?.companionOf(this.#vhost, source)
        const state = this.#intake.offer(source, note)
        if (state === 'waits') this.#untold.push(note)
      } catch (error) {
        this.#settle(note, { outcome: 'error', error })
      }
    }
  }

  #settle(note: number, done: PublishedOne): void {
    this.#done[note] = done
    if (--this.#leftCount === 0) this.#resolve(this.#done as PublishedOne[])
  }
}
