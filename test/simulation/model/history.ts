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
  /** Lives of the broker that have ended. */
  epoch = 0
  /** Gets what clients do and learn, one line each. */
  onNote: (who: string, what: string) => void = () => undefined
  #now = 0

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
