// One client at a time changes what a name stands for: what two of them did at once would be anybody's
// guess, and the model could tell nothing from it.

export class NameLocks {
  readonly #taken = new Map<string, Promise<void>>()

  /** Resolves with what frees the name when it is free. */
  async take(name: string): Promise<() => void> {
    for (let other = this.#taken.get(name); other !== undefined; other = this.#taken.get(name)) {
      await other
    }
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#taken.set(name, promise)
    return () => {
      if (this.#taken.get(name) === promise) this.#taken.delete(name)
      resolve()
    }
  }
}
