// A token bucket that may go into debt: what is too large for it passes as a whole, and is paid for by
// waiting. So nothing is ever too large for a rate, and the rate holds in the long run to the last token.
import type { Clock } from '../../lib/clock.ts'
import { rateLimits } from '../../limits/rate.ts'

export class TokenBucket {
  readonly #clock: Clock
  readonly #perMs: number
  readonly #countMax: number
  /** As of `#at`; below zero it is a debt. */
  #count: number
  #at: number

  /** `rate` is in tokens per second, and above zero. It begins full. */
  constructor(clock: Clock, rate: number) {
    this.#clock = clock
    this.#perMs = rate / 1000
    this.#countMax = this.#perMs * rateLimits.burstMs
    this.#count = this.#countMax
    this.#at = clock.monotonic()
  }

  /** Takes tokens, whether it has them or not. */
  take(count: number): void {
    this.#refill()
    this.#count -= count
  }

  /** How long until it has no debt any more, in ms; 0 when it has none. */
  get debtMs(): number {
    this.#refill()
    return this.#count < 0 ? -this.#count / this.#perMs : 0
  }

  #refill(): void {
    const now = this.#clock.monotonic()
    this.#count = Math.min(this.#countMax, this.#count + (now - this.#at) * this.#perMs)
    this.#at = now
  }
}
