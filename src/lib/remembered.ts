// What is dear to find out and asked for by many: it is found once, and good for a while.
import type { Clock } from './clock.ts'

export class Remembered<T> {
  readonly #clock: Pick<Clock, 'monotonic'>
  readonly #goodMs: number
  readonly #find: () => Promise<T>
  #found: Promise<T> | undefined
  #foundAt = -Infinity

  /** What `find` resolves to is good for `goodMs` from its end on. */
  constructor(clock: Pick<Clock, 'monotonic'>, goodMs: number, find: () => Promise<T>) {
    this.#clock = clock
    this.#goodMs = goodMs
    this.#find = find
  }

  /** Rejects as `find` does, which the next caller begins anew. */
  get(): Promise<T> {
    if (this.#found !== undefined && this.#clock.monotonic() - this.#foundAt <= this.#goodMs) {
      return this.#found
    }
    // While it is being found nobody begins again.
    this.#foundAt = Infinity
    this.#found = this.#find().then(
      (value) => {
        this.#foundAt = this.#clock.monotonic()
        return value
      },
      (error: unknown) => {
        this.#foundAt = -Infinity
        throw error
      },
    )
    return this.#found
  }
}
