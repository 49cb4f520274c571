// The runs of one log that are in memory: they come at the end and leave from the front, one by
// one. An array's own `splice` would move all the others each time, and there may be 100,000.
import type { Run } from './run.ts'

/** The place of a run is its distance from the first one. */
export class RunDeque {
  /** Those before `#head` left. */
  #runs: (Run | undefined)[] = []
  #head = 0

  get length(): number {
    return this.#runs.length - this.#head
  }

  get first(): Run | undefined {
    return this.#runs[this.#head]
  }

  /** The run at `place`, undefined beyond the end. */
  at(place: number): Run | undefined {
    return this.#runs[this.#head + place]
  }

  push(run: Run): void {
    this.#runs.push(run)
  }

  /** Place of the first run that ends at or after `offset`; `length` when there is none. */
  find(offset: number): number {
    const runs = this.#runs
    let low = this.#head
    let high = runs.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (runs[middle]!.lastOffset < offset) low = middle + 1
      else high = middle
    }
    return low - this.#head
  }

  slice(start: number, end: number): Run[] {
    return this.#runs.slice(this.#head + start, this.#head + end) as Run[]
  }

  /** Takes the first `count` runs out. */
  takeFirst(count: number): Run[] {
    const runs = this.#runs
    if (count === runs.length) {
      this.clear()
      return runs as Run[]
    }
    const taken = this.slice(0, count)
    for (let at = 0; at < count; at++) runs[this.#head++] = undefined
    if (this.#head * 2 > runs.length) {
      this.#runs = runs.slice(this.#head)
      this.#head = 0
    }
    return taken
  }

  /** Puts `runs` in the place of the first `count`, which it returns. */
  replaceFirst(count: number, runs: readonly Run[]): Run[] {
    const taken = this.slice(0, count)
    this.#runs = [...runs, ...this.slice(count, this.length)]
    this.#head = 0
    return taken
  }

  clear(): void {
    this.#runs = []
    this.#head = 0
  }

  *[Symbol.iterator](): Generator<Run, void> {
    for (let at = this.#head; at < this.#runs.length; at++) yield this.#runs[at]!
  }
}
