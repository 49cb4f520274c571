// How late the event loop is: by how much a timer comes later than it was to. Whatever a client waits for
// comes that much later, too.
import type { Clock, Timer } from '../lib/clock.ts'
import { Histogram } from '../lib/histogram.ts'
import { metricsLimits } from '../limits/metrics.ts'

export class LoopLag implements Disposable {
  /** In seconds. */
  readonly seconds: Histogram = new Histogram(metricsLimits.lagSecondsBounds)
  readonly #clock: Clock
  #timer: Timer | undefined
  #dueAt = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Looks from now on. Until somebody asks for it, there is nothing to be looked at. */
  start(): void {
    if (this.#timer === undefined) this.#arm()
  }

  [Symbol.dispose](): void {
    this.#timer?.stop()
  }

  #arm(): void {
    const { lagCheckMs } = metricsLimits
    this.#dueAt = this.#clock.monotonic() + lagCheckMs
    this.#timer = this.#clock.after(lagCheckMs, () => {
      this.seconds.observe(Math.max(0, this.#clock.monotonic() - this.#dueAt) / 1000)
      this.#arm()
    })
  }
}
