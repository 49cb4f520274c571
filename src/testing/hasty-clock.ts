// A clock for tests that do much in little time.
import { systemClock } from '../lib/clock.ts'
import type { Clock, Timer } from '../lib/clock.ts'

/** Real turns, but nobody waits for a timer, and files fill slowly enough for spare ones. */
export class HastyClock implements Clock {
  now = (): number => systemClock.now()
  monotonic = (): number => (this.#elapsed += 500)
  atEndOfTurn = (callback: () => void): void => systemClock.atEndOfTurn(callback)
  #elapsed = 0
  readonly #repeated: (() => void)[] = []
  #isStopped = false

  after(_ms: number, callback: () => void): Timer {
    let isStopped = false
    setImmediate(() => {
      if (!isStopped && !this.#isStopped) callback()
    })
    return { stop: () => (isStopped = true) }
  }

  every(_ms: number, callback: () => void): Timer {
    this.#repeated.push(callback)
    return { stop: () => {} }
  }

  /** Whoever had the clock is dead: no timer ends any more. */
  stop(): void {
    this.#isStopped = true
  }

  /** A second, or whatever it is, has passed. */
  tick(): void {
    for (const callback of this.#repeated) callback()
  }
}
