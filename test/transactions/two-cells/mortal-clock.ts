// The time of one process in a world that goes on without it: nothing of it happens after its death.
import type { Clock, Timer } from '../../../src/lib/clock.ts'

export class MortalClock implements Clock {
  readonly #clock: Clock
  isDead = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  now(): number {
    return this.#clock.now()
  }

  monotonic(): number {
    return this.#clock.monotonic()
  }

  after(ms: number, callback: () => void): Timer {
    return this.#clock.after(ms, this.#alive(callback))
  }

  every(ms: number, callback: () => void): Timer {
    const timer = this.#clock.every(ms, () => (this.isDead ? timer.stop() : callback()))
    return timer
  }

  atEndOfTurn(callback: () => void): void {
    this.#clock.atEndOfTurn(this.#alive(callback))
  }

  #alive(callback: () => void): () => void {
    return () => {
      if (!this.isDead) callback()
    }
  }
}
