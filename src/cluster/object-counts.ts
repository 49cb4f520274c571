// Counts what is asked of the store of objects: for metrics, and for whoever looks whether it works.
import type { Clock } from '../lib/clock.ts'
import type { ObjectStore } from '../log/cluster/objects/object-store.ts'
import type { ObjectFacts } from './node-facts.ts'

export class ObjectCounts {
  readonly #clock: Clock
  #requests = 0
  #failures = 0
  #bytesRead = 0
  #bytesWritten = 0
  #lastMs: number | undefined
  #isFailing = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get facts(): ObjectFacts {
    return {
      requests: this.#requests,
      failures: this.#failures,
      bytesRead: this.#bytesRead,
      bytesWritten: this.#bytesWritten,
      lastMs: this.#lastMs,
      isFailing: this.#isFailing,
    }
  }

  /** A try has failed. */
  onTrouble(): void {
    this.#failures++
    this.#isFailing = true
  }

  /** The same store, counted. */
  of(store: ObjectStore): ObjectStore {
    return {
      put: async (key, source, limits) => {
        const put = await this.#time(() => store.put(key, source, limits))
        this.#bytesWritten += put.size
        return put
      },
      getRange: async (key, from, size, limits) => {
        const bytes = await this.#time(() => store.getRange(key, from, size, limits))
        this.#bytesRead += bytes.length
        return bytes
      },
      head: (key, limits) => this.#time(() => store.head(key, limits)),
      list: (prefix, range) => this.#time(() => store.list(prefix, range)),
      delete: (keys, limits) => this.#time(() => store.delete(keys, limits)),
      close: () => store.close(),
    }
  }

  async #time<T>(request: () => Promise<T>): Promise<T> {
    const beganAt = this.#clock.monotonic()
    this.#requests++
    const result = await request()
    this.#lastMs = this.#clock.monotonic() - beganAt
    this.#isFailing = false
    return result
  }
}
