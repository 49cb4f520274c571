// What one kind of work may take of a turn of the event loop, whoever does it: when that is used up, the
// rest goes on in the next turn, and others get theirs before.
import type { Clock } from './clock.ts'
import { Fifo } from './fifo.ts'

export class TurnShare {
  readonly #clock: Clock
  readonly #ms: number
  readonly #waiting = new Fifo<() => void>()
  /** When this turn's work began; undefined before that. */
  #startedAt: number | undefined

  /** About `ms` of each turn may be used. */
  constructor(clock: Clock, ms: number) {
    this.#clock = clock
    this.#ms = ms
  }

  /** To be asked between two pieces of work: the first question of a turn starts the count. */
  get isSpent(): boolean {
    const now = this.#clock.monotonic()
    if (this.#startedAt !== undefined) return now - this.#startedAt >= this.#ms
    this.#startedAt = now
    this.#clock.atEndOfTurn(this.#onTurn)
    return false
  }

  /** How many wait for a turn that has something left. */
  get waitingCount(): number {
    return this.#waiting.size
  }

  /** Calls back in a turn that has something left, in the order of the calls. Only when it is spent. */
  whenLeft(callback: () => void): void {
    this.#waiting.push(callback)
  }

  readonly #onTurn = (): void => {
    this.#startedAt = undefined
    while (this.#waiting.size > 0 && !this.isSpent) this.#waiting.shift()?.()
  }
}
