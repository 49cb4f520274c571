// When messages expire: after the queue's time to live or their own, whichever is shorter, counted from
// when they came into the queue. Messages go only at the head, so one timer for the head is enough.
import type { Clock } from '../../lib/clock.ts'
import { WakeTimer } from '../../lib/wake-timer.ts'
import { readExpiration, readPropertyFlags } from '../../record/message/content-header.ts'
import { readDeliverAt } from '../../record/message/deliver-at.ts'
import { PROPERTY_EXPIRATION } from '../../record/message/properties.gen.ts'
import type { RecordSource } from '../../record/message/record-source.ts'
import type { RecordView } from '../../record/message/record-view.ts'
import { logIndexIn, offsetIn } from './message-place.ts'

export class Expiry {
  /** Infinity for none. */
  ttlMs: number
  readonly #clock: Clock
  readonly #timer: WakeTimer
  /** Whether any message of the queue may have a time to live of its own. */
  hasOwn: boolean
  /** In each log, messages from here on have come since the head was looked at last. */
  #newFrom: readonly number[]
  /** For messages that came before the queue was rewound, their time counts from then. */
  #rewoundAt: number

  /**
   * `isRestored`: the queue may hold messages that nobody has looked at, up to `ends`. `onDue`
   * looks at the head.
   */
  constructor(
    ttlMs: number | undefined,
    options: {
      readonly clock: Clock
      readonly isRestored: boolean
      readonly ends: readonly number[]
      /** In milliseconds since the Unix epoch; 0 for never. */
      readonly rewoundAt: number
      readonly onDue: () => void
    },
  ) {
    this.ttlMs = ttlMs ?? Infinity
    this.#clock = options.clock
    this.hasOwn = options.isRestored
    this.#newFrom = options.isRestored ? options.ends : []
    this.#rewoundAt = options.rewoundAt
    this.#timer = new WakeTimer(options.clock, options.onDue)
  }

  /** Whether anything in the queue may expire. */
  get isOn(): boolean {
    return this.hasOwn || this.ttlMs !== Infinity
  }

  /** No message at the head expires earlier; Infinity: none does, as far as is known. */
  get nextAt(): number {
    return this.#timer.at
  }

  /** Whether `onDue` will be called at some time. */
  get isAwake(): boolean {
    return this.#timer.at !== Infinity
  }

  /** A message came in. */
  onAppended(source: RecordSource): void {
    const { header, headerStart, headerEnd } = source
    const hasOwn = hasExpiration(source)
    if (!hasOwn && this.ttlMs === Infinity) return
    if (hasOwn) this.hasOwn = true
    const ownMs = hasOwn ? Number(readExpiration(header, headerStart, headerEnd)) : Infinity
    this.wakeAt(this.#clock.now() + Math.min(ownMs, this.ttlMs))
  }

  /** Consumers have had what they have room for of the messages below `ends`, one for each log. */
  onOffered(ends: readonly number[]): void {
    this.#newFrom = ends
  }

  /** Milliseconds since the Unix epoch; Infinity for a message that stays. */
  dueAt(record: RecordView): number {
    return this.#countsFrom(record) + this.#ttlOf(record)
  }

  /**
   * Whether a message that is about to be delivered is too old. One with no time at all is for those
   * who have room for it when it comes; where another message is in front of it, it does not wait.
   */
  isTooOld(record: RecordView, isRedelivered: boolean): boolean {
    const ttlMs = this.#ttlOf(record)
    if (ttlMs === 0 && !isRedelivered && this.#isNew(record.offset)) return false
    return this.#countsFrom(record) + ttlMs <= this.#clock.now()
  }

  /** The queue was rewound, and messages that nobody has looked at may be in it. */
  onRewound(rewoundAt: number): void {
    this.#rewoundAt = rewoundAt
    this.hasOwn = true
  }

  /** A message that its producer delays lives from when it may be delivered. */
  #countsFrom(record: RecordView): number {
    return Math.max(record.timestamp, this.#rewoundAt, readDeliverAt(record))
  }

  #isNew(place: number): boolean {
    return offsetIn(place) >= (this.#newFrom[logIndexIn(place)] ?? 0)
  }

  /** Calls `onDue` at that time, or earlier. */
  wakeAt(time: number): void {
    this.#timer.wakeAt(time)
  }

  stop(): void {
    this.#timer.stop()
  }

  #ttlOf({ buffer, headerStart, headerEnd }: RecordView): number {
    if ((readPropertyFlags(buffer, headerStart) & PROPERTY_EXPIRATION) === 0) return this.ttlMs
    const ownMs = Number(readExpiration(buffer, headerStart, headerEnd))
    // A Kafka producer may write anything.
    return ownMs >= 0 ? Math.min(ownMs, this.ttlMs) : this.ttlMs
  }
}

/** Whether a message has a time to live of its own. */
export function hasExpiration({ header, headerStart }: RecordSource): boolean {
  return (readPropertyFlags(header, headerStart) & PROPERTY_EXPIRATION) !== 0
}
