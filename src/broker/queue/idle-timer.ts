// Ends a queue that nobody has used for the time of its x-expires: without consumers, without a
// declaration and without basic.get.
import type { Clock, Timer } from '../../lib/clock.ts'

export interface IdleTimerOptions {
  readonly expiresMs: number
  readonly clock: Clock
  readonly hasConsumers: () => boolean
  readonly onExpired: () => void
}

export class IdleTimer {
  readonly #options: IdleTimerOptions
  #usedAt: number
  #timer: Timer

  constructor(options: IdleTimerOptions) {
    this.#options = options
    this.#usedAt = options.clock.monotonic()
    this.#timer = this.#wait(options.expiresMs)
  }

  /** None for a queue that may be unused for ever. */
  static open(
    expiresMs: number | undefined,
    options: Omit<IdleTimerOptions, 'expiresMs'>,
  ): IdleTimer | undefined {
    return expiresMs === undefined ? undefined : new IdleTimer({ ...options, expiresMs })
  }

  /** The queue was used just now. */
  touch(): void {
    this.#usedAt = this.#options.clock.monotonic()
  }

  stop(): void {
    this.#timer.stop()
  }

  #wait(ms: number): Timer {
    return this.#options.clock.after(ms, () => this.#look())
  }

  #look(): void {
    const { expiresMs, clock, hasConsumers, onExpired } = this.#options
    if (hasConsumers()) this.touch()
    const left = expiresMs - (clock.monotonic() - this.#usedAt)
    if (left <= 0) onExpired()
    else this.#timer = this.#wait(left)
  }
}
