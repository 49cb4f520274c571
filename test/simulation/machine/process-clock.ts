// The clock of one process on the shared virtual time. When the process is killed nothing of it is called
// back any more, whatever its objects still wait for.
import type { Clock, Timer } from '../../../src/lib/clock.ts'
import type { VirtualClock } from '../../../src/testing/virtual-clock.ts'

/** As Node's: a rest of a rounding error takes time, too, so that whoever waits for it comes to an end. */
const timerMsMin = 1

export class ProcessClock implements Clock {
  isDead = false
  readonly #clock: VirtualClock
  readonly #lookMs: () => number

  /** `lookMs`: what passes with each look at the monotonic clock, as if the process had worked so long. */
  constructor(clock: VirtualClock, lookMs: () => number) {
    this.#clock = clock
    this.#lookMs = lookMs
  }

  now(): number {
    return Math.floor(this.#clock.now())
  }

  monotonic(): number {
    if (!this.isDead) this.#clock.pass(this.#lookMs())
    return this.#clock.monotonic()
  }

  after(ms: number, callback: () => void): Timer {
    return this.#clock.after(Math.max(ms, timerMsMin), this.#whileAlive(callback))
  }

  every(ms: number, callback: () => void): Timer {
    return this.#clock.every(ms, this.#whileAlive(callback))
  }

  atEndOfTurn(callback: () => void): void {
    this.#clock.atEndOfTurn(this.#whileAlive(callback))
  }

  #whileAlive(callback: () => void): () => void {
    return () => {
      if (!this.isDead) callback()
    }
  }
}
