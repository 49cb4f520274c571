// Something of the program that is loaded when somebody needs it first, or a while after the start, whichever
// is earlier (docs/decisions/0040).
import assert from 'node:assert/strict'

export class Late<T> {
  readonly #open: () => Promise<T>
  #value: { readonly it: T } | undefined
  #loading: Promise<void> | undefined

  constructor(open: () => Promise<T>) {
    this.#open = open
  }

  get isLoaded(): boolean {
    return this.#value !== undefined
  }

  /** Only once it is loaded. */
  get value(): T {
    assert(this.#value !== undefined, 'used before it was loaded')
    return this.#value.it
  }

  /** Rejects as what opens it does; the next call tries again. */
  load(): Promise<void> {
    this.#loading ??= this.#load()
    return this.#loading
  }

  async #load(): Promise<void> {
    try {
      this.#value = { it: await this.#open() }
    } catch (error) {
      this.#loading = undefined
      throw error
    }
  }
}
