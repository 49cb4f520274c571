// A moment after which something is done, unless it is moved or cleared before. Moving it later (what
// heartbeats do) costs no timer: the one that runs looks again when it fires.
import type { Clock, Timer } from './clock.ts'

/** One deadline, set again and again during its owner's life. */
export class Deadline {
  readonly #clock: Clock
  readonly #onPassed: () => void
  #timer: Timer | undefined
  #timerAt = 0
  #at: number | undefined

  constructor(clock: Clock, onPassed: () => void) {
    this.#clock = clock
    this.#onPassed = onPassed
  }

  get isSet(): boolean {
    return this.#at !== undefined
  }

  /** Calls `onPassed` once, `ms` from now, in place of whatever was set before. */
  set(ms: number): void {
    const at = this.#clock.monotonic() + ms
    this.#at = at
    if (this.#timer !== undefined) {
      if (this.#timerAt <= at) return
      this.#timer.stop()
    }
    this.#arm(ms)
  }

  /** Nothing happens until the next `set`. */
  clear(): void {
    this.#at = undefined
    this.#timer?.stop()
    this.#timer = undefined
  }

  #arm(ms: number): void {
    this.#timerAt = this.#clock.monotonic() + ms
    this.#timer = this.#clock.after(ms, this.#fire)
  }

  readonly #fire = (): void => {
    this.#timer = undefined
    if (this.#at === undefined) return
    const left = this.#at - this.#clock.monotonic()
    if (left > 0) {
      this.#arm(Math.ceil(left))
      return
    }
    this.#at = undefined
    this.#onPassed()
  }
}
