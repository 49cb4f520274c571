// How much happened in each of the last seconds.
import type { Clock } from '../lib/clock.ts'
import { demoLimits } from '../limits/demo.ts'

export class Rate {
  readonly #clock: Clock
  readonly #times: number[] = []
  readonly #since: number
  #total = 0

  constructor(clock: Clock) {
    this.#clock = clock
    this.#since = clock.monotonic()
  }

  get total(): number {
    return this.#total
  }

  /** One more. */
  add(): void {
    this.#total++
    this.#times.push(this.#clock.monotonic())
  }

  /** Of the last seconds, as many as there are by now. */
  get perSecond(): number {
    const now = this.#clock.monotonic()
    const from = now - demoLimits.rateSeconds * 1000
    const fresh = this.#times.findIndex((time) => time >= from)
    this.#times.splice(0, fresh < 0 ? this.#times.length : fresh)
    const seconds = Math.min(demoLimits.rateSeconds, Math.max(1, (now - this.#since) / 1000))
    return Math.round((this.#times.length / seconds) * 10) / 10
  }
}
