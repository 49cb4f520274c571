/** Callbacks that work of several steps waits for. */
export class Outstanding {
  /** One for `whenAll`. */
  #count = 1
  readonly #all = Promise.withResolvers<void>()

  /** One more: the function that it returns is to be called once. */
  expect(): () => void {
    this.#count++
    return this.#settle
  }

  /** Resolves when all that were expected have come. To be called once, after the last `expect`. */
  whenAll(): Promise<void> {
    this.#settle()
    return this.#all.promise
  }

  readonly #settle = (): void => {
    this.#count--
    if (this.#count === 0) this.#all.resolve()
  }
}
