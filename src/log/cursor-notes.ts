// What the owner of a cursor notes about single offsets that it has not acked. Memory follows the notes,
// never the number of waiting messages.

/** An offset that was given out and came back. */
export interface CursorNote {
  /** How often it came back. */
  readonly count: number
  /** From when on it may be given out again, in milliseconds since the Unix epoch; 0 for now. */
  readonly readyAt: number
}

const nothing: CursorNote = { count: 0, readyAt: 0 }

export class CursorNotes {
  readonly #counts = new Map<number, number>()
  /** Made when something has to wait. */
  #readyAts: Map<number, number> | undefined

  get size(): number {
    return this.#counts.size
  }

  get(offset: number): CursorNote {
    const count = this.#counts.get(offset)
    return count === undefined ? nothing : { count, readyAt: this.#readyAts?.get(offset) ?? 0 }
  }

  countOf(offset: number): number {
    return this.#counts.get(offset) ?? 0
  }

  set(offset: number, { count, readyAt }: CursorNote): void {
    this.#counts.set(offset, count)
    if (readyAt > 0) {
      this.#readyAts ??= new Map()
      this.#readyAts.set(offset, readyAt)
    } else this.#readyAts?.delete(offset)
  }

  delete(offset: number): void {
    this.#counts.delete(offset)
    this.#readyAts?.delete(offset)
  }

  /** Forgets first … last (inclusive). */
  deleteRange(first: number, last: number): void {
    if (last - first < this.size) {
      for (let offset = first; offset <= last; offset++) this.delete(offset)
      return
    }
    for (const offset of this.#counts.keys()) {
      if (offset >= first && offset <= last) this.delete(offset)
    }
  }

  /** Offsets that something is noted of, in the order in which it was first noted. */
  offsets(): IterableIterator<number> {
    return this.#counts.keys()
  }
}
