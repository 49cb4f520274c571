import type { Clock } from './clock.ts'

/** Lets one of many equal events through every `ms`: what a flood would write must not be one, too. */
export class Brake {
  readonly #clock: Clock
  readonly #ms: number
  #openAt = -Infinity
  #heldBackCount = 0

  constructor(clock: Clock, ms: number) {
    this.#clock = clock
    this.#ms = ms
  }

  /** How many were held back before this one; undefined when this one is held back. */
  pass(): number | undefined {
    const now = this.#clock.monotonic()
    if (now < this.#openAt) {
      this.#heldBackCount++
      return undefined
    }
    const heldBackCount = this.#heldBackCount
    this.#openAt = now + this.#ms
    this.#heldBackCount = 0
    return heldBackCount
  }
}
