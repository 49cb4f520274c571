// A token bucket that may go into debt: what is too large for it passes as a whole, and is paid for by
// waiting. So nothing is ever too large for a rate, and the rate holds in the long run to the last token.
import type { Clock } from '../../lib/clock.ts'
import { rateLimits } from '../../limits/rate.ts'

export class TokenBucket {
  /** What it holds when it is full. */
  readonly capacity: number
  readonly #clock: Clock
  readonly #perMs: number
  /** As of `#at`; below zero it is a debt. */
  #count: number
  #at: number

  /**
   * `rate` is in tokens per second, and above zero. It holds what comes in `burstMs`, and begins full.
   */
  constructor(clock: Clock, rate: number, burstMs: number = rateLimits.burstMs) {
    this.#clock = clock
    this.#perMs = rate / 1000
    this.capacity = this.#perMs * burstMs
    this.#count = this.capacity
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

  /** Nothing of it is used: another new one would be the same. */
  get isFull(): boolean {
    this.#refill()
    return this.#count === this.capacity
  }

  #refill(): void {
    const now = this.#clock.monotonic()
    this.#count = Math.min(this.capacity, this.#count + (now - this.#at) * this.#perMs)
    this.#at = now
  }
}
