// Whoever reads all of a log gets it in the order in which it was published.
import type { Entry } from './entry.ts'
import type { History } from './history.ts'

export class OrderCheck {
  readonly taken: Entry[] = []
  readonly #history: History
  readonly #lastPlaces = new Map<string, number>()
  /** The latest moment at which anything taken so far was published. */
  #latestSentAt = 0

  constructor(history: History) {
    this.#history = history
  }

  /** To be called in the order of the log. */
  onTaken(entry: Entry): void {
    const { message } = entry
    const last = this.#lastPlaces.get(message.publisher) ?? -1
    if (message.place <= last) {
      throw this.#history.fail(`${String(entry)} comes after place ${last}`)
    }
    this.#lastPlaces.set(message.publisher, message.place)
    // Something that was confirmed before another was published is in front of it.
    if (message.deed.confirmedAt < this.#latestSentAt) {
      throw this.#history.fail(
        `${String(entry)} comes after what was published when it had been confirmed`,
      )
    }
    this.#latestSentAt = Math.max(this.#latestSentAt, message.deed.sentAt)
    this.taken.push(entry)
  }
}
