// A set of offsets, kept as ranges. Cheap while they come in order; sorted only when somebody asks.

export interface OffsetRange {
  readonly first: number
  readonly last: number
}

export class OffsetRanges {
  #ranges: { first: number; last: number }[] = []

  /** Adds first … last (inclusive). */
  add(first: number, last: number): void {
    const previous = this.#ranges.at(-1)
    if (previous !== undefined && previous.first <= first && first <= previous.last + 1) {
      previous.last = Math.max(previous.last, last)
    } else {
      this.#ranges.push({ first, last })
    }
  }

  /** One more than the highest offset; 0 when there is none. */
  get end(): number {
    return this.#ranges.reduce((end, { last }) => Math.max(end, last + 1), 0)
  }

  /** What is missing between `start` and `end` (exclusive), ascending. */
  missingIn(start: number, end: number): OffsetRange[] {
    const missing: OffsetRange[] = []
    let at = start
    for (const { first, last } of this.#sorted()) {
      if (first > at && at < end) missing.push({ first: at, last: Math.min(first, end) - 1 })
      at = Math.max(at, last + 1)
    }
    if (at < end) missing.push({ first: at, last: end - 1 })
    return missing
  }

  /** Ascending; no two of them touch. */
  all(): readonly OffsetRange[] {
    return this.#sorted()
  }

  #sorted(): readonly OffsetRange[] {
    const sorted = this.#ranges.toSorted((a, b) => a.first - b.first)
    this.#ranges = []
    for (const { first, last } of sorted) this.add(first, last)
    return this.#ranges
  }
}
