// The last samples of something, of which the oldest go.
import type { Sample } from './sample.ts'

export class History {
  readonly #samples: Sample[] = []
  readonly #countMax: number

  constructor(countMax: number) {
    this.#countMax = countMax
  }

  add(sample: Sample): void {
    this.#samples.push(sample)
    if (this.#samples.length > this.#countMax) this.#samples.shift()
  }

  /** Oldest first. */
  get samples(): readonly Sample[] {
    return this.#samples
  }
}
