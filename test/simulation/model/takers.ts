// Whoever may be given messages of the queue with a certain name: consumers, and gets that are not answered.
// They know the name, and get what the name stands for when the broker comes to it.

export class Takers {
  readonly #takers = new Set<object>()
  /** Those that need not ack: what they were given is gone before it arrives. */
  readonly #blind = new Set<object>()
  #count = 0

  get areBlind(): boolean {
    return this.#blind.size > 0
  }

  /** Somebody may get something from now on. */
  add(taker: object, isBlind: boolean): void {
    this.#takers.add(taker)
    if (isBlind) this.#blind.add(taker)
    this.#count++
  }

  /** Whatever it was given has arrived, or has been taken back. */
  remove(taker: object): void {
    this.#takers.delete(taker)
    this.#blind.delete(taker)
  }

  clear(): void {
    this.#takers.clear()
    this.#blind.clear()
  }

  /** Returns a check that nobody, or nobody but `except`, has taken anything from now to then. */
  watch(except?: object): () => boolean {
    const others = (): number => this.#takers.size - (except && this.#takers.has(except) ? 1 : 0)
    const before = this.#count
    const wasQuiet = others() === 0
    return () => wasQuiet && others() === 0 && this.#count === before
  }
}
