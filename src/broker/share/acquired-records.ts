// The records that members of a share group have, by offset, and when their locks end.
import type { Clock, Timer } from '../../lib/clock.ts'

/** Records that one member got or renewed at the same time. */
export interface RecordLock {
  readonly memberId: string
  /** On the monotonic clock. */
  readonly until: number
}

/** A record that a member has. */
export interface AcquiredRecord {
  readonly lock: RecordLock
  /** The how-manieth delivery it is, from 1. */
  readonly deliveryCount: number
  /** Its priority, where the group takes records by priority; else 0. */
  readonly level: number
}

export class AcquiredRecords {
  readonly #records = new Map<number, AcquiredRecord>()
  readonly #clock: Clock
  /** Called with the offsets whose locks have ended; they are still here. */
  readonly #onExpired: (offsets: readonly number[]) => void
  #timer: Timer | undefined
  #timerAt = Infinity

  constructor(clock: Clock, onExpired: (offsets: readonly number[]) => void) {
    this.#clock = clock
    this.#onExpired = onExpired
  }

  get size(): number {
    return this.#records.size
  }

  get(offset: number): AcquiredRecord | undefined {
    return this.#records.get(offset)
  }

  /** The offsets that a member has, or all. */
  offsets(memberId?: string): number[] {
    const offsets: number[] = []
    for (const [offset, { lock }] of this.#records) {
      if (memberId === undefined || lock.memberId === memberId) offsets.push(offset)
    }
    return offsets
  }

  /** A lock of a member from now on. */
  lock(memberId: string, ms: number): RecordLock {
    return { memberId, until: this.#clock.monotonic() + ms }
  }

  set(offset: number, record: AcquiredRecord): void {
    this.#records.set(offset, record)
    if (record.lock.until < this.#timerAt) this.#setTimer(record.lock.until)
  }

  /** Nobody has it any more; false when nobody had it. */
  delete(offset: number): boolean {
    return this.#records.delete(offset)
  }

  deleteBelow(end: number): void {
    for (const offset of this.#records.keys()) if (offset < end) this.#records.delete(offset)
  }

  close(): void {
    this.#records.clear()
    this.#timer?.stop()
    this.#timer = undefined
  }

  #setTimer(until: number): void {
    this.#timer?.stop()
    this.#timerAt = until
    const ms = Math.max(0, until - this.#clock.monotonic())
    this.#timer = this.#clock.after(ms, () => this.#expire())
  }

  #expire(): void {
    this.#timerAt = Infinity
    const now = this.#clock.monotonic()
    const expired: number[] = []
    let next = Infinity
    for (const [offset, { lock }] of this.#records) {
      if (lock.until <= now) expired.push(offset)
      else if (lock.until < next) next = lock.until
    }
    if (expired.length > 0) this.#onExpired(expired)
    if (next < this.#timerAt) this.#setTimer(next)
  }
}
