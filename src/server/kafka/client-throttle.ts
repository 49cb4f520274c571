// A client that is faster than it may be, by the rate of its publisher or by one of Kafka's quotas: its answer
// says for how long it should wait (KIP-219), and its connection is muted until then, whether it does or not.
import type { Broker } from '../../broker/broker.ts'
import type { QuotaWaiter } from '../../broker/quota/client-quotas.ts'
import type { QuotaKind } from '../../broker/quota/quota-rules.ts'
import type { PublishLimit } from '../../broker/rate/publish-limit.ts'
import type { PublishMeter } from '../../broker/rate/publish-meter.ts'
import type { Publishing } from '../../broker/rate/publish-rates.ts'
import type { TokenBucket } from '../../broker/rate/token-bucket.ts'
import type { Clock, Timer } from '../../lib/clock.ts'
import type { Slices, Steps } from '../../lib/slices.ts'
import { quotaLimits } from '../../limits/quota.ts'

const int32Max = 2 ** 31 - 1
const quotaKinds: readonly QuotaKind[] = ['produce', 'fetch', 'request', 'mutation']

type ThrottleParts = Pick<Broker, 'rates' | 'quotas' | 'clock'>

export class ClientThrottle implements QuotaWaiter {
  readonly #rates: Broker['rates']
  readonly #quotas: Broker['quotas']
  readonly #clock: Clock
  readonly #onUnmuted: () => void
  #meter: PublishMeter | undefined
  #isOverRate = false
  /** Before the login nobody has quotas: all who are nobody would share theirs. */
  #user: string | undefined
  #clientId = ''
  /** What was found for the client is of this version of the quotas. */
  #version = -1
  #buckets: Partial<Record<QuotaKind, TokenBucket>> = {}
  /** Runs while a quota mutes the connection, which is until `#mutedUntil`. */
  #timer: Timer | undefined
  #mutedUntil = 0
  /** What the client's requests have taken of the event loop, while that is counted. */
  #timedMs = 0

  /** `onUnmuted` begins what has come since. */
  constructor({ rates, quotas, clock }: ThrottleParts, onUnmuted: () => void) {
    this.#rates = rates
    this.#quotas = quotas
    this.#clock = clock
    this.#onUnmuted = onUnmuted
  }

  /** Nothing more of the connection is begun. */
  get isMuted(): boolean {
    return this.#isOverRate || this.#timer !== undefined
  }

  /** What is produced from now on counts for this user and virtual host, and for nobody before. */
  open(publishing: Publishing): void {
    this.#meter?.close()
    this.#meter = this.#rates.open(publishing, {
      pause: () => (this.#isOverRate = true),
      resume: () => this.#unmute(),
    })
    this.#user = publishing.user
    this.#version = -1
    if (this.#isOverRate) this.#unmute()
  }

  /** Before each request: quotas may have changed, or the name that the client has. */
  follow(clientId: string): void {
    if (this.#version === this.#quotas.version && this.#clientId === clientId) return
    this.#clientId = clientId
    this.#findBuckets()
  }

  /** Before something is produced: its connection is muted while others have left a limit in debt. */
  look(): void {
    if (this.#meter?.isLimited === true) this.#meter.look()
  }

  /** Records and the bytes of their batches, as they were sent, that have gone where `queue` is the limit. */
  onProduced(records: number, bytes: number, queue: PublishLimit | undefined): void {
    if (this.#meter?.isLimited === true) this.#meter.onPublished(records, bytes)
    if (queue !== undefined) this.#meter?.onQueued(queue, records, bytes)
  }

  /** Counts what a request has taken of a quota, if there is one: the connection may be muted in the call. */
  take(kind: QuotaKind, amount: number): void {
    const bucket = this.#buckets[kind]
    if (bucket === undefined) return
    bucket.take(amount)
    this.#muteWhileInDebt(kind, bucket)
  }

  /** Whether others, or an earlier request, have used up a quota: the connection is muted then. */
  isInDebt(kind: QuotaKind): boolean {
    const bucket = this.#buckets[kind]
    return bucket !== undefined && this.#muteWhileInDebt(kind, bucket)
  }

  /**
   * Counts partitions that are about to be made or deleted, unless the quota is used up (KIP-599). False: they
   * must not be. The last ones of a quota may be more than is left.
   */
  mayMutate(partitionCount: number): boolean {
    if (this.isInDebt('mutation')) return false
    this.#buckets.mutation?.take(partitionCount)
    return true
  }

  /** A fetch brings no more than this, so that the client is not muted for longer than Kafka would mute it. */
  get fetchSizeMax(): number {
    return this.#buckets.fetch?.capacity ?? Infinity
  }

  /** Whether the time of requests is counted. */
  get isTimed(): boolean {
    return this.#buckets.request !== undefined
  }

  /** Does something for a request, and counts its time if that is counted. */
  time<T>(work: () => T): T {
    if (!this.isTimed) return work()
    const startedAt = this.#clock.monotonic()
    const before = this.#timedMs
    try {
      return work()
    } finally {
      // What was counted within the call already is no more than the call.
      this.#timedMs = before + this.#clock.monotonic() - startedAt
    }
  }

  /** The same for work in steps, which others may come between. */
  timed<T>(steps: Steps<T>): Steps<T> {
    return this.isTimed ? this.#timeSteps(steps) : steps
  }

  /** The same for all such work of a request. */
  timedSlices(slices: Pick<Slices, 'run'>): Pick<Slices, 'run'> {
    return { run: (steps) => slices.run(this.timed(steps)) }
  }

  /** What a request has taken of the event loop counts from now on. */
  takeTime(): void {
    if (this.#timedMs === 0) return
    const ms = this.#timedMs
    this.#timedMs = 0
    this.take('request', ms)
  }

  /** What an answer says now, in ms. */
  get throttleTimeMs(): number {
    if (!this.isMuted) return 0
    const quotaMs = this.#timer === undefined ? 0 : this.#mutedUntil - this.#clock.monotonic()
    const rateMs = this.#isOverRate ? (this.#meter?.debtMs ?? 0) : 0
    return Math.min(Math.ceil(Math.max(quotaMs, rateMs, 0)), int32Max)
  }

  /** The answer with what it has to say now, which is the longest of all reasons to wait. */
  tell<Response extends object>(response: Response): Response {
    const { throttleTimeMs } = this
    if (throttleTimeMs === 0) return response
    const said = 'throttleTimeMs' in response ? Number(response.throttleTimeMs) : 0
    return { ...response, throttleTimeMs: Math.max(said, throttleTimeMs) }
  }

  onQuotasChanged(): void {
    this.#findBuckets()
    const debts = quotaKinds.map((kind) => debtOf(kind, this.#buckets[kind]))
    this.#mutedUntil = this.#clock.monotonic() + Math.max(...debts)
    // In a turn of its own, also when nothing is left to wait for.
    this.#arm()
  }

  /** The connection is gone. */
  close(): void {
    this.#meter?.close()
    this.#timer?.stop()
    this.#timer = undefined
    this.#buckets = {}
    this.#quotas.waiting.delete(this)
  }

  #findBuckets(): void {
    this.#version = this.#quotas.version
    const user = this.#user
    if (user === undefined) return
    const client = { user, clientId: this.#clientId }
    const find = (kind: QuotaKind): TokenBucket | undefined => this.#quotas.find(kind, client)
    this.#buckets = Object.fromEntries(quotaKinds.map((kind) => [kind, find(kind)]))
  }

  /** Returns whether there is a debt. */
  #muteWhileInDebt(kind: QuotaKind, bucket: TokenBucket): boolean {
    const ms = debtOf(kind, bucket)
    if (ms === 0) return false
    this.#quotas.noteThrottled(kind, ms)
    const until = this.#clock.monotonic() + ms
    if (until <= this.#mutedUntil) return true
    this.#mutedUntil = until
    this.#quotas.waiting.add(this)
    this.#arm()
    return true
  }

  #arm(): void {
    this.#timer?.stop()
    const ms = this.#mutedUntil - this.#clock.monotonic()
    this.#timer = this.#clock.after(Math.max(ms, 0), () => {
      // A timer is never longer than some weeks, and may be a little early.
      if (this.#clock.monotonic() < this.#mutedUntil) this.#arm()
      else this.#endMute()
    })
  }

  #endMute(): void {
    this.#timer = undefined
    this.#quotas.waiting.delete(this)
    if (!this.isMuted) this.#onUnmuted()
  }

  #unmute(): void {
    this.#isOverRate = false
    if (!this.isMuted) this.#onUnmuted()
  }

  *#timeSteps<T>(steps: Steps<T>): Steps<T> {
    let failure: { readonly error: unknown } | undefined
    for (;;) {
      const thrown = failure
      failure = undefined
      const state = this.time(() => (thrown ? steps.throw(thrown.error) : steps.next()))
      if (state.done === true) return state.value
      try {
        yield state.value
      } catch (error) {
        failure = { error }
      }
    }
  }
}

/** How long a client has to wait for a bucket, in ms. */
function debtOf(kind: QuotaKind, bucket: TokenBucket | undefined): number {
  const debtMs = Math.min(bucket?.debtMs ?? 0, int32Max)
  return kind === 'request' ? Math.min(debtMs, quotaLimits.requestThrottleMsMax) : debtMs
}
