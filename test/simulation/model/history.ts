// The order of what clients asked for and learned, as numbers that rise with each event, and the place
// where a broken promise is reported.

/** The broker has broken a promise. */
export class Violation extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'Violation'
  }
}

export class History {
  /** The first one counts: what follows may only be a consequence of it. */
  violation: Violation | undefined
  /** When the lives of the broker began that came after the first. */
  readonly #lives: number[] = []
  /** Gets what clients do and learn, one line each. */
  onNote: (who: string, what: string) => void = () => undefined
  #now = 0

  /** Lives of the broker that have ended. */
  get epoch(): number {
    return this.#lives.length
  }

  /** The life that a moment was in. */
  epochOf(moment: number): number {
    return this.#lives.filter((beginning) => beginning <= moment).length
  }

  /** The broker has ended: another life begins. */
  beginLife(): void {
    this.#lives.push(this.next())
  }

  /** The moment: two calls never give the same. */
  next(): number {
    return ++this.#now
  }

  /** The moment that was given last. */
  get now(): number {
    return this.#now
  }

  /** Notes a broken promise; whoever has found it throws it. */
  fail(message: string): Violation {
    const violation = new Violation(message)
    this.violation ??= violation
    return violation
  }
}
