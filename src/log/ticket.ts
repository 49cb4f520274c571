// What an atom leaves in the hands of whoever made it.

/** Says when an atom is durable. There is none for an atom that changed nothing that lasts. */
export interface Ticket {
  readonly isDurable: boolean
  /**
   * Calls back once when the atom is durable; at once when it is. The callback may only take note and
   * schedule: it runs while others are told.
   */
  whenDurable(callback: () => void): void
}
